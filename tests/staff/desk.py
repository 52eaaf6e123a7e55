"""Somebody of the staff at the desk, in one of its groups, signed in with a password as people do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from tests import people

DESK = "/admin/audit/"
PASSWORD = "a long and unusual one"


def at_the_desk(group: str, name: str = "") -> Client:
    """A browser in which a member of this group has just signed in."""
    person = people.member(name or f"Sam {group.title()}", f"{group}@staff.example")
    person.is_staff = True
    person.set_password(PASSWORD)
    person.save()
    if group != "nobody":
        person.groups.add(Group.objects.get(name=group))
    browser = Client()
    answer = browser.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return browser


def long_ago(browser: Client) -> None:
    """An hour passes after signing in."""
    session: Any = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()

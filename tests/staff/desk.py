"""Somebody of the staff at the desk, in one of its groups, signed in with a password as people do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from tests import people

DESK = "/admin/audit/"
PASSWORD = "a long and unusual one"


def sign_in(person: User) -> Client:
    """A browser in which this person has just signed in, with a password."""
    person.set_password(PASSWORD)
    person.save()
    browser = Client()
    answer = browser.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return browser


def at_the_desk(group: str) -> Client:
    """The same for somebody of the staff in this group; "nobody" is in none."""
    person = people.member(f"Sam {group.title()}", f"{group}@staff.example")
    person.is_staff = True
    person.save()
    if group != "nobody":
        person.groups.add(Group.objects.get(name=group))
    return sign_in(person)


def long_ago(browser: Client) -> None:
    """An hour passes after signing in."""
    session: Any = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()

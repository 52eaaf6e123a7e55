"""Somebody of the staff at the desk, in one of its groups, signed in with a password as people do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import F
from django.test import Client

from invites.actions import reopening
from invites.models import Hold
from invites.staff_models import Reopening
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


def of_the_staff(group: str, name: str = "Sam") -> User:
    """Somebody of the staff in this group; "nobody" is in none."""
    known_as = group if name == "Sam" else name.lower()
    person = people.member(f"{name} {group.title()}", f"{known_as}@staff.example")
    person.is_staff = True
    person.save()
    if group != "nobody":
        person.groups.add(Group.objects.get(name=group))
    return person


def at_the_desk(group: str, name: str = "Sam") -> Client:
    """A browser in which somebody of this group has just signed in."""
    return sign_in(of_the_staff(group, name))


def proposed(hold: Hold, by: User | None = None, reason: str = "It was a mistake.") -> Reopening:
    """An agent proposes to lift this hold."""
    return reopening.propose(hold=hold, reason=reason, staff=by or of_the_staff("agent", "Una"))


def lifted_by_two(scope: str) -> None:
    """An agent proposes to lift the hold on this sender, and a lead agrees."""
    proposal = proposed(Hold.objects.get(scope=scope, lifted_at=None))
    assert reopening.agree(proposal=proposal, staff=of_the_staff("lead", "Nils"))


def long_ago(browser: Client) -> None:
    """An hour passes after signing in; or after signing up, which leaves no record."""
    session: Any = browser.session
    records = session.get("account_authentication_methods", [])
    for record in records:
        record["at"] -= 3600
    session.save()
    if not records:
        User.objects.filter(pk=session["_auth_user_id"]).update(
            date_joined=F("date_joined") - timedelta(hours=1)
        )

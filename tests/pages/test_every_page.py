"""Every page of a member, in the states it can be in, keeps the rules; looking changes nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from invites.actions import drafting
from tests import people
from tests.page_rules import look, text_of

pytestmark = pytest.mark.django_db

PUBLIC = [
    reverse("home"),
    *(
        reverse(name)
        for name in (
            "account_login",
            "account_signup",
            "account_reset_password",
            "account_reset_password_done",
            "account_reset_password_from_key_done",
            "account_inactive",
            "socialaccount_login_cancelled",
        )
    ),
    reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "used-up"}),
]
OF_MEMBERS = [
    reverse(name)
    for name in (
        "home",
        "account_email",
        "account_logout",
        "socialaccount_connections",
        "importer:connect",
        "invites:all",
        "invites:choose",
        "invites:write",
        "invites:check",
        "invites:forget",
        "invites:forgotten",
    )
]


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_keep_the_rules(client: Client, path: str) -> None:
    look(client, path)


@pytest.mark.parametrize("path", OF_MEMBERS)
def test_pages_of_a_new_member_keep_the_rules(browser: Client, path: str) -> None:
    look(browser, path)


@pytest.mark.parametrize("path", OF_MEMBERS)
def test_pages_of_a_member_in_the_middle_keep_the_rules(
    browser: Client, ana: User, path: str
) -> None:
    people.reviewed(ana, "Kim <script>", "kim@norte.example")
    people.chosen(ana, "محمد علی‌رضا", "m@norte.example")
    people.contact(ana, "Not Chosen", "not@norte.example")
    people.confirmed(people.member("Other Member"))
    page = look(browser, path)
    assert "not@other" not in text_of(page)


def test_cards_in_every_state_keep_the_rules(browser: Client, ana: User) -> None:
    reviewed = people.reviewed(ana)
    undecided = people.chosen(ana, "Kim Lee", "kim@norte.example")
    aside = people.chosen(ana, "Lou May", "lou@norte.example")
    drafting.set_aside(member=ana, uid=aside.uid, decision=drafting.SetAside.NEVER)
    for invitation in (reviewed, undecided, aside):
        look(browser, reverse("invites:card", args=[invitation.uid]))


def test_the_pages_after_confirming_keep_the_rules(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana, 2)
    for path in (
        reverse("invites:sent", args=[batch.uid]),
        reverse("invites:not_me", args=[batch.uid]),
        reverse("invites:all"),
    ):
        look(browser, path)


def test_a_missing_page_says_so(client: Client) -> None:
    page = look(client, "/nowhere/", status=404)
    assert "There is no such page" in text_of(page)


@pytest.mark.parametrize(
    "path",
    [p for p in OF_MEMBERS if p != "/"] + ["/invitations/review/", "/accounts/reauthenticate/"],
)
def test_a_stranger_is_asked_to_sign_in_first(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(("/accounts/login/", "/"))

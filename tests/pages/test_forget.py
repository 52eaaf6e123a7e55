"""Forgetting: asked first, complete, and honest about what stays (promise 7)."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from importer.models import Contact
from invites.models import Draft, Invitation
from tests import people
from tests.page_rules import look, text_of

pytestmark = pytest.mark.django_db
PAGE = "/invitations/forget/"


def test_the_page_says_what_goes_and_changes_nothing(browser: Client, ana: User) -> None:
    people.reviewed(ana)
    people.contact(ana, "Kim Lee", "kim@norte.example")
    said = text_of(look(browser, PAGE))
    assert "2 people from your address books" in said
    assert "your choice of 1 person" in said
    assert "Nothing was ever sent" in said


def test_one_press_forgets_everything_but_what_was_confirmed(browser: Client, ana: User) -> None:
    people.confirmed(ana)
    people.contact(ana, "Kim Lee", "kim@norte.example")
    people.chosen(ana, "Lou May", "lou@norte.example")
    assert "What you confirmed stays" in text_of(look(browser, PAGE))
    answer = browser.post(PAGE, follow=True)
    assert "Forgotten: 2 people" in text_of(answer)
    assert Contact.objects.count() == Draft.objects.count() == 0
    assert Invitation.objects.get().state == "confirmed"


def test_the_way_out_stands_on_every_step(browser: Client, ana: User) -> None:
    card = people.reviewed(ana)
    for step in ("choose/", "write/", f"review/{card.uid}/", "check/"):
        html = look(browser, f"/invitations/{step}").content.decode()
        assert f'action="{PAGE}"' in html
        assert "Nothing sent" in html

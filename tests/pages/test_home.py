"""The front page: what this is, and for a member the one next step."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites.actions import drafting
from tests import people
from tests.page_rules import look, text_of

pytestmark = pytest.mark.django_db


def test_a_stranger_reads_what_this_is(client: Client) -> None:
    said = text_of(look(client, "/"))
    assert "Invite the people you would vouch for" in said
    assert "Reading sends nothing" in said


def test_a_member_finds_the_one_next_step(browser: Client, ana: User) -> None:
    assert "Connect or skip" in text_of(look(browser, "/"))
    people.contact(ana, "Kim Lee", "kim@norte.example")
    assert "Choose people Everything you sent" in text_of(look(browser, "/"))
    bea = people.chosen(ana)
    assert "Write Everything you sent" in text_of(look(browser, "/"))
    drafting.write(member=ana, note=people.NOTE)
    assert "Go on with the cards" in text_of(look(browser, "/"))
    people.decided(ana, bea)
    said = text_of(look(browser, "/"))
    assert "Check the list" in said
    assert "1 of 1 reviewed" in said
    assert look(browser, "/").content.decode().count('class="button"') == 1

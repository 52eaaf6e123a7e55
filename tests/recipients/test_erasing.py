"""A year after the confirmation the recipient's name, address and mail are gone, as the page said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from invites.actions import forgetting
from invites.models import Invitation, PreparedMail, Suppression
from tests.page_rules import look, text_of

pytestmark = pytest.mark.django_db


def test_before_the_day_everything_is_there(bea: Client, link: str) -> None:
    assert forgetting.forget_what_is_over() == 0

    look(bea, link)
    assert PreparedMail.objects.count() == 1


def test_after_the_day_nothing_of_her_is_left_but_the_keyed_hash(
    invitation: Invitation, settings: Any
) -> None:
    settings.RECIPIENT_DAYS = 0

    assert forgetting.forget_what_is_over() == 1
    assert forgetting.forget_what_is_over() == 0

    before = invitation.recipient_hash
    invitation.refresh_from_db()
    assert (invitation.recipient_name, invitation.recipient_address) == ("", "")
    assert invitation.server_reply == ""
    assert invitation.recipient_hash == before
    assert not PreparedMail.objects.exists()


def test_her_link_still_stops_then(bea: Client, link: str, settings: Any) -> None:
    settings.RECIPIENT_DAYS = 0
    forgetting.forget_what_is_over()
    settings.RECIPIENT_DAYS = 365
    look(bea, link, status=404)

    answer = bea.post(f"{link}stop/", {"stop": "everyone"}, follow=True)

    assert text_of(answer).startswith("Done. No member of this site")
    assert Suppression.objects.count() == 1


def test_the_page_names_the_day_on_which_it_happens(
    bea: Client, link: str, invitation: Invitation
) -> None:
    assert invitation.batch is not None
    day = invitation.batch.confirmed_at + timedelta(days=365)

    assert f"Until {day.day} {day:%B} {day.year}." in text_of(look(bea, link))

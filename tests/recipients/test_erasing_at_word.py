"""Bea has everything erased: nothing of her is left, so somebody may invite her again."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites import outbox, tokens
from invites.addresses import address_hash
from invites.models import Claim, Invitation, Reservation, Suppression
from invites.recipients.models import Case
from ledger.models import Entry, Subject
from tests import people
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db

ERASE = {"erase": "everything"}


def traces(address: str, name: str) -> list[tuple[str, Any]]:
    """Every row of every table in which this person still can be found."""
    secrets = [address, name, address_hash(address)]
    return [
        (table, row)
        for table, rows in every_row().items()
        for row in rows
        if any(secret in repr([bytes(x) if isinstance(x, memoryview) else x for x in row])
               for secret in secrets)
    ]  # fmt: skip


def test_the_page_says_what_stop_keeps_and_erase_does_not(bea: Client, link: str) -> None:
    said = text_of(look(bea, f"{link}erase/"))

    assert "Stop keeps a code made from your address, so that nobody can invite you." in said
    assert "Erase keeps nothing, so somebody may." in said
    assert "There is no way back." in said


def test_nothing_of_her_is_left_in_any_table(bea: Client, link: str) -> None:
    bea.post(f"{link}dont-know/", {"answer": "dont_know"})
    bea.post(f"{link}report/", {"report": "yes", "words": "Bea Sousa was never asked."})
    assert len(traces("bea@norte.example", "Bea Sousa")) > 3
    entries = list(Entry.objects.values())

    answer = bea.post(f"{link}erase/", ERASE, follow=True)

    assert text_of(answer).startswith("Erased. Your name, your address and the mails")
    assert traces("bea@norte.example", "Bea Sousa") == []
    assert list(Entry.objects.values())[: len(entries)] == entries
    assert not Subject.objects.filter(keyed_hash=address_hash("bea@norte.example")).exists()
    assert not Reservation.objects.exists()


def test_twice_is_once_and_the_link_leads_nowhere_but_to_the_receipts(
    bea: Client, link: str
) -> None:
    bea.post(f"{link}report/", {"report": "yes", "words": "Hm."})
    bea.post(f"{link}erase/", ERASE)
    once = every_row()

    bea.post(f"{link}erase/", ERASE)
    bea.post(f"{link}decline/", {"answer": "declined"})
    bea.post(f"{link}stop/", {"List-Unsubscribe": "One-Click"})

    assert every_row() == once
    look(bea, link, status=404)
    assert text_of(look(bea, f"{link}erase/")).startswith("Erased.")
    assert text_of(look(bea, f"{link}report/")).startswith("Your report")
    assert Case.objects.get().words == ""


def test_afterwards_somebody_may_invite_her(bea: Client, link: str, ana: User, post: Sink) -> None:
    bea.post(f"{link}erase/", ERASE)

    people.reviewed(ana)
    people.confirm(ana)
    outbox.send_due()

    assert post.recipients == ["bea@norte.example", "bea@norte.example"]


def test_who_had_stopped_stays_stopped(bea: Client, link: str, post: Sink) -> None:
    bea.post(f"{link}stop/", {"stop": "everyone"})
    assert "That stays, and so does the code" in text_of(look(bea, f"{link}erase/"))

    bea.post(f"{link}erase/", ERASE)

    tom = people.member("Tom Berg")
    people.reviewed(tom)
    people.confirm(tom)
    outbox.send_due()
    assert post.recipients == ["bea@norte.example"]
    assert Suppression.objects.filter(lifted_at=None).count() == 1


def test_what_another_member_is_about_to_send_is_not_touched(bea: Client, link: str) -> None:
    tom = people.member("Tom Berg")
    waiting = people.reviewed(tom)
    people.confirm(tom)
    before = Invitation.objects.filter(pk=waiting.pk).values().get()

    bea.post(f"{link}erase/", ERASE)

    assert Invitation.objects.filter(pk=waiting.pk).values().get() == before


def test_what_is_just_leaving_is_not_touched_either(bea: Client, ana: User, post: Sink) -> None:
    people.reviewed(ana)
    people.confirm(ana)
    claim = Claim.objects.create(lease_until="2099-01-01T00:00:00Z")
    for state in ("claimed", "sending"):
        Invitation.objects.update(state=state, claim=claim.uid)
    token = tokens.token(Invitation.objects.get().uid)
    before = every_row()

    assert text_of(bea.post(f"/i/{token}/erase/", ERASE)).startswith("Erase what we keep")

    assert every_row() == before


def test_it_works_after_the_invitation_is_over(
    bea: Client, link: str, settings: Any, invitation: Invitation
) -> None:
    Invitation.objects.update(withdrawn_at=invitation.chosen_at)
    assert f"{link}erase/" in look(bea, link, status=404).content.decode()
    look(bea, f"{link}erase/")

    bea.post(f"{link}erase/", ERASE)

    assert traces("bea@norte.example", "Bea Sousa") == []


@pytest.mark.parametrize("body", [{}, {"erase": "yes"}, {"stop": "everyone"}])
def test_any_other_body_only_shows_the_page(bea: Client, link: str, body: dict[str, str]) -> None:
    before = every_row()

    assert text_of(bea.post(f"{link}erase/", body)).startswith("Erase what we keep about you?")

    assert every_row() == before

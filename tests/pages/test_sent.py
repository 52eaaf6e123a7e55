"""After confirming: the time that is left, taking back, and what became of each (promise 5)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from invites.actions import outcomes
from invites.models import Batch, Hold, Invitation
from ledger import clock, guards
from tests import people
from tests.page_rules import every_row, look, text_of

pytestmark = pytest.mark.django_db


def path(batch: Batch, more: str = "") -> str:
    return f"/invitations/sent/{batch.uid}/{more}"


def test_nothing_has_left_yet_and_each_leaving_time_is_shown(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana, 3)
    said = text_of(look(browser, path(batch)))
    assert "Nothing has left yet" in said
    assert f"Leaves in 30 minutes, at {batch.not_before:%H:%M} (UTC)" in said
    assert "Take back all 3" in said
    assert f"Fingerprint {batch.short_fingerprint}" in said


def test_every_moment_is_marked_up_so_that_a_script_can_say_it_in_local_time(
    browser: Client, ana: User
) -> None:
    batch = people.confirmed(ana)
    leaves = batch.invitations.get().send_after
    assert leaves
    page = look(browser, path(batch)).content.decode()
    moment = (
        f'<time datetime="{leaves:%Y-%m-%dT%H:%M:%SZ}" data-form="H:i">{leaves:%H:%M} (UTC)</time>'
    )
    assert moment in page
    assert "times.js" in page
    assert page.count("(UTC)") == page.count("</time>")


def test_while_something_waits_the_page_asks_for_itself_and_is_answered_when_it_has_changed(
    browser: Client, ana: User
) -> None:
    batch = people.confirmed(ana, 2)
    page = look(browser, path(batch)).content.decode()
    assert '<meta http-equiv="refresh"' in page
    assert 'hx-trigger="every 5s"' in page
    seen = re.findall(r'hx-get="([^"]+)"', page)
    assert len(seen) == 1
    as_htmx = {"HX-Request": "true"}
    before = every_row()
    assert browser.get(seen[0], headers=as_htmx).status_code == 204
    assert every_row() == before, "asking changed a table"

    _force(batch.invitations.order_by("id")[0], "sent")
    before = every_row()
    part = browser.get(seen[0], headers=as_htmx).content.decode()
    assert every_row() == before, "looking changed a table"
    assert "<title>What was sent" in part
    assert "<html" not in part
    assert part.count("Take back <span") == 1
    assert "every 5s" in part

    _force(batch.invitations.order_by("id")[1], "sent")
    part = browser.get(seen[0], headers=as_htmx).content.decode()
    assert "Take" not in part
    assert "every 5s" not in part


def test_a_page_that_asks_for_a_part_of_itself_after_signing_out_is_told_to_load_anew(
    browser: Client, ana: User
) -> None:
    batch = people.confirmed(ana)
    browser.logout()
    answer = browser.get(path(batch), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (200, "true")
    assert answer.content == b""


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0.5, 1), (60, 1), (60.5, 2), (1800, 30), (-1, 0)]
)
def test_the_minutes_that_are_left_are_rounded_up(seconds: float, minutes: int) -> None:
    now = clock.now()
    waits = Invitation(state="confirmed", send_after=now + timedelta(seconds=seconds))
    assert outcomes.row(waits, now, held=False).minutes == minutes


def test_one_can_be_taken_back(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana, 2)
    first = batch.invitations.order_by("id")[0]
    answer = browser.post(path(batch, "take-back/"), {"invitation": str(first.uid)}, follow=True)
    said = text_of(answer)
    assert "1 mail won’t leave." in said
    assert "Take it back" in said
    assert Invitation.objects.filter(state="confirmed").count() == 1


def test_all_can_be_taken_back(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana, 2)
    answer = browser.post(path(batch, "take-back/"), follow=True)
    assert "All taken back" in text_of(answer)
    assert not Invitation.objects.exclude(state="cancelled").exists()
    again = browser.post(path(batch, "take-back/"), follow=True)
    assert "There was nothing left to take back." in text_of(again)


def test_this_was_not_me_asks_first_and_then_stops_everything(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana, 2)
    asked = text_of(look(browser, path(batch, "not-me/")))
    assert "Stop everything" in asked
    assert f"You can’t undo this yourself: you write to {settings.INVITATIONS_ADDRESS}" in asked
    answer = browser.post(path(batch, "not-me/"))
    assert "2 invitations were taken back" in text_of(answer)
    assert f"Pressed by mistake? Write to {settings.INVITATIONS_ADDRESS}" in text_of(answer)
    assert Hold.objects.get().scope == f"sender:{ana.pk}"
    said = text_of(look(browser, path(batch)))
    assert "A person is looking at it" in said
    assert f"Pressed by mistake? Write to {settings.INVITATIONS_ADDRESS}" in said


@pytest.mark.parametrize("scope", ["site", "sender", "batch", "source"])
def test_what_is_on_hold_is_given_no_time(browser: Client, ana: User, scope: str) -> None:
    batch = people.confirmed(ana, 1)
    named = {"sender": ana.pk, "batch": batch.pk, "source": batch.invitations.get().source}
    full = f"{scope}:{named[scope]}" if scope in named else scope
    Hold.objects.create(scope=full, reason="Complaints", placed_at=clock.now())
    said = text_of(look(browser, path(batch)))
    assert "Nothing has left yet" in said
    assert "On hold: a person is looking at it." in said
    assert "Leaves at" not in said
    assert "Take it back" in said
    warned = "On hold" in text_of(look(browser, "/invitations/check/"))
    assert warned == (scope in ("site", "sender"))


def test_other_members_batches_are_not_here(browser: Client) -> None:
    batch = people.confirmed(people.member("Other Member"))
    for address in (path(batch), path(batch, "not-me/")):
        look(browser, address, status=404)
    assert browser.post(path(batch, "take-back/")).status_code == 404
    assert browser.post(path(batch, "not-me/")).status_code == 404
    invitation = batch.invitations.get()
    look(browser, f"/invitations/withdraw/{invitation.uid}/", status=404)
    assert Invitation.objects.filter(state="confirmed").count() == 1


def test_nonsense_is_not_taken_for_all(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana, 1)
    assert browser.post(path(batch, "take-back/"), {"invitation": "x"}).status_code == 404
    assert Invitation.objects.filter(state="confirmed").count() == 1


def test_looking_takes_nothing_back(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana, 1)
    assert browser.get(path(batch, "take-back/")).status_code == 405
    look(browser, path(batch, "not-me/"))
    assert Invitation.objects.filter(state="confirmed").count() == 1


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("sending", "leaving"),
        ("sent", "delivered"),
        ("unknown", "unknown"),
        ("failed", "failed"),
        ("cancelled", "taken_back"),
        ("expired", "expired"),
    ],
)
def test_every_state_has_its_words(state: str, kind: str) -> None:
    now = clock.now()
    ended = Invitation(state=state, finished_at=now)
    assert outcomes.row(ended, now, held=False).kind == kind


def test_who_asked_not_to_be_invited_looks_like_who_has_not_answered(
    browser: Client, ana: User
) -> None:
    batch = people.confirmed(ana, 2)
    sent, blocked = batch.invitations.order_by("id")
    _force(sent, "sent")
    _force(blocked, "blocked")
    page = look(browser, path(batch)).content.decode()
    rows = page.split('<div class="row">')[1:3]
    same = [
        row.replace(str(i.uid), "").replace(i.recipient_name, "")
        for row, i in zip(rows, (sent, blocked), strict=True)
    ]
    assert same[0].split("</li>")[0] == same[1].split("</li>")[0]
    assert "No answer" in same[0]


def test_what_left_can_be_withdrawn_after_a_question(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana)
    invitation = batch.invitations.get()
    address = f"/invitations/withdraw/{invitation.uid}/"
    look(browser, address, status=404)
    _force(invitation, "sent")
    assert "Its page closes" in text_of(look(browser, address))
    answer = browser.post(address, follow=True)
    assert "is withdrawn. Nothing follows it." in text_of(answer)
    assert "Withdrawn by you" in text_of(answer)


def test_everything_is_listed_newest_first(browser: Client, ana: User) -> None:
    assert "No mail has left in your name" in text_of(look(browser, "/invitations/"))
    batch = people.confirmed(ana, 2)
    said = text_of(look(browser, "/invitations/"))
    assert "2 invitations" in said
    assert "2 not left yet" in said
    assert batch.short_fingerprint in said


def _force(invitation: Invitation, state: str) -> None:
    """Puts a row where only a worker may put it, for looking at its page."""
    guards.remove(connection)
    try:
        Invitation.objects.filter(pk=invitation.pk).update(state=state, finished_at=timezone.now())
    finally:
        guards.install(connection)

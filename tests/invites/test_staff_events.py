"""The staff's webhook is told at once, signed, under one id; a receiver that takes nothing shows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from config.celery import app
from invites import scopes, tokens
from invites.actions import (
    cases,
    forgetting,
    health,
    holding,
    posting,
    restored,
    staff_events,
    taking_back,
    watching,
    weighing,
)
from invites.models import Batch
from invites.recipients.models import Case
from invites.staff_models import StaffEvent
from ledger import clock, heartbeat, restoring, sealing
from ledger.models import Heartbeat
from tests import people
from tests.arrivals import arrived, mail_server
from tests.ledger.tampering import appended
from tests.receiver import HANG, Receiver, receiver

pytestmark = pytest.mark.django_db

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def staff(settings: Any) -> Iterator[Receiver]:
    settings.STAFF_WEBHOOK_SECRETS = [NEW, OLD]
    with receiver(204) as here:
        settings.STAFF_WEBHOOK_URL = here.url
        yield here


def told(staff: Receiver) -> list[dict[str, Any]]:
    """What the receiver has taken, each of which it has checked as Standard Webhooks wants it."""
    found = []
    for headers, body in staff.posts:
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        expected = [
            "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
            for key in (NEW, OLD)
        ]
        assert headers["webhook-signature"].split() == expected
        assert headers["Content-Type"] == "application/json"
        found.append(json.loads(body))
    return found


def later(**ago: float) -> None:
    """So much time goes by for all that waits to be tried again."""
    for event in StaffEvent.objects.exclude(next_try=None):
        StaffEvent.objects.filter(pk=event.pk).update(next_try=event.next_try - timedelta(**ago))


def long_ago(**ago: float) -> None:
    """All of it happened so long before."""
    for event in StaffEvent.objects.all():
        StaffEvent.objects.filter(pk=event.pk).update(at=event.at - timedelta(**ago))


def beat_asks(name: str, settings: Any) -> None:
    """What beat asks for, as a worker does it."""
    app.loader.import_default_modules()
    app.tasks[settings.CELERY_BEAT_SCHEDULE[name]["task"]].apply().get()


def test_a_complaint_is_told_by_number_and_link_and_names_nobody(
    staff: Receiver, settings: Any
) -> None:
    with mail_server(settings):
        invitation = arrived(people.member("Ana Diaz"))
        cases.report(token=tokens.token(invitation.uid), words="I am Bea Sousa.")
        assert staff.posts == [], "a request waits for no webhook"
        beat_asks("tell the webhook", settings)
        beat_asks("tell the webhook", settings)

    (one,) = told(staff)
    case = Case.objects.get().pk
    link = f"http://localhost:8000/admin/audit/case/{case}/"
    assert one["type"] == "complaint.opened"
    assert one["data"] == {"case": case, "open": 1, "link": link}
    assert one["timestamp"].endswith("Z")
    assert not [word for word in ("Bea", "Ana", "norte") if word in str(staff.posts)]


def test_an_event_stands_and_falls_with_what_it_is_about(staff: Receiver) -> None:
    with transaction.atomic():
        holding.brake(scopes.SITE, reason="A test of the brakes.")
        transaction.set_rollback(True)
    assert staff_events.send_pending() == 0
    assert staff.posts == []


def test_brakes_are_told_and_holds_by_staff_are_not(
    staff: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(settings):
        batch = people.confirmed(people.member("Ana Diaz"))
    taking_back.disown(member=batch.sender, batch=batch)
    holding.hold(scopes.of_batch(Batch.objects.get().pk), reason="Looked bought.")
    monkeypatch.setattr(restoring, "noticed", lambda: "This database was restored.")
    restored.pause_if_restored()
    restored.pause_if_restored()
    weighing._apply(people.member("Tom Berg"), weighing.Verdict.HELD)

    assert staff_events.send_pending() == 3
    assert [(one["type"], one["data"]["kind"]) for one in told(staff)] == [
        ("hold.placed", "sender"), ("hold.placed", "site"), ("hold.placed", "sender"),
    ]  # fmt: skip


def test_what_is_not_taken_is_tried_again_ever_more_rarely_under_the_same_id(
    staff: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    staff.answers = [500, 302, 404, 204]
    staff_events.tell("site.not_well", "/", kind="ledger")
    for minutes in (1, 5, 30):
        assert [staff_events.send_pending(), staff_events.send_pending()] == [0, 0]
        later(minutes=minutes - 0.1)
        assert staff_events.send_pending() == 0, "not before the pause is over"
        later(minutes=0.2)
    assert staff_events.send_pending() == 1

    told(staff)
    assert len(staff.posts) == 4, "no redirect was followed"
    assert len({headers["webhook-id"] for headers, _ in staff.posts}) == 1
    assert len(set(staff.bodies)) == 1
    assert "was not taken by the webhook: it answered 302" in caplog.text
    later(days=1)
    assert staff_events.send_pending() == 0, "what was taken is not posted again"


def test_a_receiver_that_hangs_holds_nobody_up_for_long(
    staff: Receiver, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(posting, "SECONDS", 0.4)
    staff.answers = [HANG, 204]
    for kind in ("ledger", "heads"):
        staff_events.tell("site.not_well", "/", kind=kind)
    began = time.monotonic()
    assert staff_events.send_pending() == 0
    assert time.monotonic() - began < 3
    assert StaffEvent.objects.get(answer="it had not answered after 0.4 seconds")
    assert len(staff.posts) == 1, "the others wait, too"
    later(minutes=2)
    monkeypatch.setattr(posting, "SECONDS", 5)

    assert staff_events.send_pending() == 2

    ids = [headers["webhook-id"] for headers, _ in staff.posts]
    assert len(set(ids)) == 2
    settings.STAFF_WEBHOOK_URL = "http://127.0.0.1:1/"
    staff_events.tell("site.not_well", "/", kind="beat")
    assert staff_events.send_pending() == 0
    assert "127.0.0.1" not in StaffEvent.objects.get(answer__gt="").answer


def test_a_storm_of_events_does_not_keep_workers_at_a_receiver_that_takes_nothing(
    staff: Receiver,
) -> None:
    staff.answers = [500]
    for kind in ("ledger", "heads", "key"):
        staff_events.tell("site.not_well", "/", kind=kind)
    for kind in ("one", "two"):  # as beat asks again, and more happens
        staff_events.send_pending()
        staff_events.tell("site.not_well", "/", kind=kind)
    assert len(staff.posts) == 1, "the receiver is given a minute"
    later(minutes=1.1)
    staff_events.send_pending()
    staff_events.send_pending()
    assert len(staff.posts) == 2
    staff.answers = [204]
    later(minutes=10)
    assert staff_events.send_pending() == 5


def test_what_a_slow_receiver_is_still_reading_is_no_other_workers(
    staff: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("ledger", "heads", "key", "beat"):
        staff_events.tell("site.not_well", "/", kind=kind)
    moment, left = [clock.now()], []
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def slowly(event: StaffEvent) -> None:
        moment[0] += timedelta(seconds=29)
        mine = StaffEvent.objects.get(pk=event.pk)
        left.append((mine.next_try or moment[0]) - moment[0])

    monkeypatch.setattr(staff_events, "_post", slowly)
    assert staff_events.send_pending() == 4
    assert min(left) > timedelta(seconds=30)


def test_what_nobody_takes_is_given_up_and_not_well_until_something_is_taken(
    staff: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    staff.answers = [500]
    staff_events.tell("site.not_well", "/", kind="ledger")
    staff_events.send_pending()
    assert staff_events.what_is_wrong() == "", "not for ten minutes yet"
    long_ago(minutes=11)
    assert "it answered 500. It is tried again" in staff_events.what_is_wrong()
    with caplog.at_level(logging.CRITICAL):
        for _ in range(20):
            staff_events.send_pending()
            later(days=1)
    assert len(staff.posts) == 1 + len(staff_events.WAITS)
    (found,) = [one for one in health.vital() if one.name == "webhook"]
    assert not found.well
    assert "it answered 500. It is given up; look at STAFF_WEBHOOK_URL." in found.words

    staff.answers = [204]
    staff_events.tell("site.not_well", "/", kind="heads")
    assert staff_events.send_pending() == 1
    assert staff_events.what_is_wrong() == ""
    long_ago(days=31)
    forgetting.forget_what_is_over()
    assert not StaffEvent.objects.exists()


def test_the_site_tells_once_that_it_is_not_well_and_once_that_it_is_again(
    staff: Receiver, settings: Any
) -> None:
    heartbeat.beat()
    appended(3)
    sealing.seal()
    assert watching.look() == 0
    key, settings.LEDGER_KEY = settings.LEDGER_KEY, b""
    beat_asks("watch", settings)
    beat_asks("watch", settings)
    settings.LEDGER_KEY = key
    beat_asks("watch", settings)

    staff_events.send_pending()

    assert [(one["type"], one["data"]["kind"]) for one in told(staff)] == [
        ("site.not_well", "key"), ("site.well_again", "key"),
    ]  # fmt: skip


def test_that_beat_is_dead_is_told_by_the_next_worker_that_a_page_wakes(
    staff: Receiver, settings: Any
) -> None:
    heartbeat.beat()
    app.loader.import_default_modules()
    app.tasks["invites.tasks.send_receipts"].apply().get()
    assert staff.posts == []
    Heartbeat.objects.update(at=clock.now() - timedelta(minutes=6))

    for _ in range(2):
        app.tasks["invites.tasks.send_receipts"].apply().get()

    (one,) = told(staff)
    assert (one["type"], one["data"]["kind"]) == ("site.not_well", "beat")


def test_without_a_webhook_nothing_is_written_down(settings: Any) -> None:
    assert settings.STAFF_WEBHOOK_URL == ""
    holding.brake(scopes.SITE, reason="A test of the brakes.")
    watching.look()
    assert not StaffEvent.objects.exists()
    assert staff_events.what_is_wrong() == ""

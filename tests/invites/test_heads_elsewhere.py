"""The ledger's head gets to every place that is set, once a day, and a place that has none is told."""

from __future__ import annotations

import email
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from invites.actions import heads_elsewhere
from ledger import clock, continues, guards, heads, sealing
from ledger.models import Publication, Seal
from tests.ledger.tampering import appended
from tests.receiver import receiver
from tests.smtp_sink import smtp_sink

pytestmark = pytest.mark.django_db


def sealed() -> str:
    appended(3)
    sealing.seal()
    return Seal.objects.order_by("-number")[0].note


def test_each_place_gets_the_head_once_a_day(settings: Any, tmp_path: Path) -> None:
    assert heads_elsewhere.publish() == 0
    note = sealed()
    kept = tmp_path / "heads.txt"
    settings.LEDGER_PUBLISH_FILE, settings.LEDGER_PUBLISH_MAIL = str(kept), "auditor@example.org"
    with smtp_sink() as sink, receiver(204) as place:
        settings.EMAIL_PORT, settings.LEDGER_PUBLISH_WEBHOOK = sink.port, place.url
        assert [heads_elsewhere.publish(), heads_elsewhere.publish()] == [3, 0]
        Publication.objects.update(at=clock.now() - timedelta(hours=24))
        second = sealed()
        assert heads_elsewhere.publish() == 3
    later = place.bodies[1].decode()
    assert place.bodies[0].decode() == note
    assert later.startswith(second + "\nsince 3\n")
    assert continues.check(note, later).startswith(
        "The 6 entries of the later head begin with the 3"
    )
    assert kept.read_text() == f"{note}\n{later}\n"
    (to, raw), _ = sink.taken
    assert to == "auditor@example.org"
    text = email.message_from_bytes(raw).get_payload(decode=True).decode().replace("\r\n", "\n")
    start = text.index(heads.origin())
    head = heads.read(text[start : start + len(note)], heads.verifiers())
    assert head.size == 3


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_place_that_does_not_take_it_is_tried_again_and_told(
    status: int, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sealed()
    with receiver(status) as place, caplog.at_level(logging.ERROR):
        settings.LEDGER_PUBLISH_WEBHOOK = place.url
        settings.LEDGER_PUBLISH_MAIL = "auditor@example.org"  # and there is no mail server
        assert [heads_elsewhere.publish(), heads_elsewhere.publish()] == [0, 0]
    assert len(place.posts) == 2
    assert f"was not taken by the webhook: it answered {status}" in caplog.text
    assert "was not taken by the mail: ServerUnavailable" in caplog.text
    assert heads_elsewhere.what_is_wrong() == ""  # not for two days yet
    guards.remove(connection)
    Seal.objects.update(at=clock.now() - timedelta(hours=50))
    assert (
        "has not reached the mail and the webhook for two days" in heads_elsewhere.what_is_wrong()
    )


def test_everybody_can_read_the_head_of_the_month_before_and_nobody_how_the_ledger_grows(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = client.get("/about-invitations/").content
    note = sealed()
    assert client.get("/about-invitations/").content == before
    assert b"For whoever keeps watch" not in before
    next_month = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: next_month)
    page = client.get("/about-invitations/").content.decode()
    assert note.replace("+", "&#x2B;") in page.replace("+", "&#x2B;")

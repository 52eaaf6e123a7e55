"""The rule itself: each condition alone is enough to keep a mail from leaving."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from invites import consent
from invites.consent import Facts, Missing, State, missing_before_sending

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MAY_LEAVE = Facts(
    state=State.CONFIRMED,
    relationship="worked",
    digest="a" * 64,
    reviewed_digest="a" * 64,
    confirmed_digest="a" * 64,
    recorded_digest="a" * 64,
    not_before=NOON,
    now=NOON,
    stopped=False,
    held=False,
)
OTHER = "b" * 64


def test_a_mail_that_was_seen_confirmed_and_not_taken_back_may_leave() -> None:
    assert missing_before_sending(MAY_LEAVE) == []


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"state": State.CHOSEN}, {Missing.NOT_REVIEWED, Missing.NOT_CONFIRMED}),
        ({"state": State.REVIEWED}, {Missing.NOT_CONFIRMED}),
        ({"state": State.CANCELLED}, {Missing.TAKEN_BACK}),
        ({"relationship": ""}, {Missing.NO_RELATIONSHIP}),
        ({"reviewed_digest": None}, {Missing.NOT_REVIEWED}),
        ({"reviewed_digest": OTHER}, {Missing.CHANGED_SINCE_REVIEW}),
        ({"confirmed_digest": None}, {Missing.NOT_CONFIRMED, Missing.NO_CONSENT_RECORD}),
        (
            {"confirmed_digest": OTHER},
            {Missing.CHANGED_SINCE_CONFIRMATION, Missing.NO_CONSENT_RECORD},
        ),
        ({"digest": OTHER}, {Missing.CHANGED_SINCE_REVIEW, Missing.CHANGED_SINCE_CONFIRMATION}),
        ({"digest": None}, {Missing.CHANGED_SINCE_REVIEW, Missing.CHANGED_SINCE_CONFIRMATION}),
        ({"recorded_digest": None}, {Missing.NO_CONSENT_RECORD}),
        ({"recorded_digest": OTHER}, {Missing.NO_CONSENT_RECORD}),
        ({"not_before": None}, {Missing.UNDO_WINDOW_OPEN}),
        ({"not_before": NOON + timedelta(microseconds=1)}, {Missing.UNDO_WINDOW_OPEN}),
        ({"stopped": True}, {Missing.CANNOT_BE_INVITED}),
        ({"held": True}, {Missing.HELD}),
    ],
)
def test_each_condition_alone_keeps_it_here(
    change: dict[str, object], reasons: set[Missing]
) -> None:
    facts = dataclasses.replace(MAY_LEAVE, **change)  # type: ignore[arg-type]
    assert set(missing_before_sending(facts)) == reasons


def test_every_reason_has_a_sentence_for_people() -> None:
    assert all(reason.value.endswith(".") for reason in Missing)
    assert len({reason.value for reason in Missing}) == len(Missing)


def test_the_digest_covers_the_envelope_and_every_byte() -> None:
    base = consent.digest("bea@norte.example", b"Subject: x\r\n\r\nHello\r\n")
    assert consent.digest("bea@norte.example", b"Subject: x\r\n\r\nhello\r\n") != base
    assert consent.digest("bob@norte.example", b"Subject: x\r\n\r\nHello\r\n") != base


def test_the_fingerprint_ignores_the_order_and_notices_one_more() -> None:
    assert consent.fingerprint(["a", "b"]) == consent.fingerprint(["b", "a"])
    assert consent.fingerprint(["a", "b"]) != consent.fingerprint(["a", "b", "b"])
    assert consent.fingerprint(["a", "b"]) != consent.fingerprint(["ab"])


def test_nothing_comes_back_from_a_final_state() -> None:
    before = {state for state, _ in consent.TRANSITIONS}
    assert before.isdisjoint(
        {State.SENT, State.FAILED, State.CANCELLED, State.BLOCKED, State.EXPIRED}
    )
    assert (State.UNKNOWN, State.CONFIRMED) not in consent.TRANSITIONS

"""Sending: each mail once, or an honest "unknown"; and whatever was stopped in time never leaves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from invites import consent, outbox, tokens
from invites.actions import responding, taking_back
from invites.consent import State
from invites.delivery import Connection
from invites.models import Claim, Hold, Invitation, Reservation
from ledger import clock
from ledger.models import Entry
from tests import people
from tests.smtp_sink import HANG_UP, Sink, smtp_sink

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def sink(request: pytest.FixtureRequest, settings: Any) -> Iterator[Sink]:
    settings.UNDO_SECONDS = 0
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_TIMEOUT = 5
    with smtp_sink(pipelining=request.param) as server:
        settings.EMAIL_PORT = server.port
        yield server


def states() -> list[str]:
    return list(Invitation.objects.order_by("id").values_list("state", flat=True))


def actions_of(invitation: Invitation) -> list[str]:
    return list(
        Entry.objects.filter(subject=invitation.uid).order_by("id").values_list("action", flat=True)
    )


def test_what_was_confirmed_arrives_byte_for_byte_and_once(sink: Sink) -> None:
    batch = people.confirmed(people.member(), 3)
    outbox.send_due()
    outbox.send_due()
    assert states() == ["sent"] * 3
    assert sorted(sink.recipients) == [f"bea{number}@norte.example" for number in range(3)]
    for invitation in batch.invitations.all():
        (arrived,) = [raw for to, raw in sink.taken if to == invitation.recipient_address]
        date, rest = arrived.split(b"\r\n", 1)
        assert date.startswith(b"Date: ")
        secret = tokens.token(invitation.uid)
        seen = rest.replace(secret.encode(), invitation.token_hash.encode())
        assert seen == bytes(invitation.mail.raw)
        assert consent.digest(invitation.recipient_address, seen) == invitation.confirmed_digest
        assert actions_of(invitation) == [
            "invitation.chosen", "invitation.reviewed", "invitation.confirmed", "invitation.sent",
        ]  # fmt: skip


def test_nothing_leaves_while_the_undo_window_is_open(sink: Sink, settings: Any) -> None:
    settings.UNDO_SECONDS = 1800
    people.confirmed(people.member(), 2)
    outbox.send_due()
    assert sink.taken == []
    assert states() == ["confirmed"] * 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_temporary_refusal_is_tried_again_later(sink: Sink, verb: str) -> None:
    people.confirmed(people.member())
    sink.answer = lambda asked, to: "451 come back" if asked == verb else None
    outbox.send_due()
    invitation = Invitation.objects.get()
    assert invitation.state == "confirmed"
    assert invitation.attempts == 1
    assert invitation.send_after is not None
    assert timedelta(seconds=50) < invitation.send_after - clock.now() <= timedelta(seconds=61)
    assert "451" in invitation.server_reply


def test_after_the_last_attempt_it_has_failed(sink: Sink, settings: Any) -> None:
    settings.ATTEMPT_MINUTES = [0, 0]
    people.confirmed(people.member())
    sink.answer = lambda asked, to: "451 come back" if asked == "RCPT" else None
    for _ in range(3):
        outbox.send_due()
    assert states() == ["failed"]
    assert Invitation.objects.get().attempts == 3


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_permanent_refusal_ends_it_and_frees_the_recipients_year(sink: Sink, verb: str) -> None:
    people.confirmed(people.member())
    sink.answer = lambda asked, to: "550 no such person" if asked == verb else None
    outbox.send_due()
    assert states() == ["failed"]
    assert not Reservation.objects.exists()


def test_one_refused_mail_does_not_hold_up_the_others(sink: Sink) -> None:
    people.confirmed(people.member(), 3)
    sink.answer = lambda asked, to: (
        "550 no" if asked == "RCPT" and to == "bea1@norte.example" else None
    )
    outbox.send_due()
    assert states() == ["sent", "failed", "sent"]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
def test_a_connection_lost_before_the_dot_is_proof_that_nothing_was_taken(
    sink: Sink, verb: str
) -> None:
    people.confirmed(people.member(), 2)
    hung_up = []

    def once(asked: str, to: str) -> str | None:
        if asked == verb and not hung_up:
            hung_up.append(to)
            return HANG_UP
        return None

    sink.answer = once
    outbox.send_due()
    if verb == "BODY":
        # The server was gone, but the dot may have been under way: then nobody can know.
        assert states()[0] in {"confirmed", "unknown"}
    else:
        assert states()[0] == "confirmed"
    assert states()[1] == "sent"
    assert sink.recipients == ["bea1@norte.example"]


@pytest.mark.parametrize("verb", ["DOT", "TAKEN"])
def test_silence_after_the_dot_is_unknown_and_never_sent_again(sink: Sink, verb: str) -> None:
    people.confirmed(people.member())
    sink.answer = lambda asked, to: HANG_UP if asked == verb else None
    outbox.send_due()
    assert states() == ["unknown"]
    sink.answer = lambda asked, to: None
    outbox.recover()
    outbox.send_due()
    assert states() == ["unknown"]
    assert len(sink.taken) == (1 if verb == "TAKEN" else 0)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("251 taken, and passed on", "sent"),
        ("200 OK", "sent"),
        ("354 go on", "unknown"),
        ("OK queued as 4711", "unknown"),
    ],
)
def test_an_unusual_answer_to_the_dot_never_sends_a_second_mail(
    sink: Sink, settings: Any, answer: str, state: str
) -> None:
    settings.ATTEMPT_MINUTES = [0, 0]
    people.confirmed(people.member())
    sink.answer = lambda asked, to: answer if asked == "TAKEN" else None
    for _ in range(3):
        outbox.send_due()
    assert len(sink.taken) == 1
    assert states() == [state]


def test_a_server_out_of_reach_costs_nobody_an_attempt(settings: Any) -> None:
    settings.UNDO_SECONDS, settings.EMAIL_HOST, settings.EMAIL_PORT = 0, "127.0.0.1", 1
    people.confirmed(people.member(), 2)
    outbox.send_due()
    assert states() == ["confirmed"] * 2
    assert set(Invitation.objects.values_list("attempts", flat=True)) == {0}
    assert not Claim.objects.exists()


# --- stopped in time ------------------------------------------------------------------------------


def test_a_mail_taken_back_while_a_worker_holds_it_does_not_leave(sink: Sink) -> None:
    owner = people.member()
    batch = people.confirmed(owner, 2)
    claim, mails = outbox.take_due(10)
    assert claim is not None
    done = taking_back.take_back(member=owner, batch=batch, uid=mails[0].uid)
    assert (done.taken_back, done.too_late) == (1, 0)
    assert outbox.depart(claim, mails[0], None) is False
    assert outbox.depart(claim, mails[1], None) is True


def test_a_mail_on_its_way_can_not_be_taken_back_and_the_page_knows(sink: Sink) -> None:
    owner = people.member()
    batch = people.confirmed(owner)
    claim, (mail,) = outbox.take_due(10)
    assert claim is not None
    assert outbox.depart(claim, mail, None)
    done = taking_back.take_back(member=owner, batch=batch)
    assert (done.taken_back, done.too_late) == (0, 1)


def test_a_recipient_who_stops_while_a_worker_holds_the_mail_gets_nothing(sink: Sink) -> None:
    people.confirmed(people.member())
    claim, (mail,) = outbox.take_due(10)
    assert claim is not None
    assert responding.stop_everyone(token=tokens.token(mail.uid))
    assert outbox.depart(claim, mail, None) is False
    outbox.release(claim)
    outbox.send_due()
    assert states() == ["blocked"]
    assert sink.taken == []


def test_a_suppressed_person_is_confirmed_like_anyone_and_gets_nothing(sink: Sink) -> None:
    first = people.member("Ana Diaz")
    people.confirmed(first)
    outbox.send_due()
    responding.stop_everyone(token=tokens.token(Invitation.objects.get().uid))
    second = people.member("Bruno Costa")
    batch = people.confirmed(second)
    outbox.send_due()
    assert batch.invitations.get().state == "blocked"
    assert len(sink.taken) == 1


def test_one_person_gets_one_invitation_a_year_whoever_sends_it(sink: Sink) -> None:
    people.confirmed(people.member("Ana Diaz"))
    people.confirmed(people.member("Bruno Costa"))
    outbox.send_due()
    assert sorted(states()) == ["blocked", "sent"]
    Reservation.objects.update(at=clock.now() - timedelta(days=366))
    people.confirmed(people.member("Carla Lima"))
    outbox.send_due()
    assert len(sink.taken) == 2


def test_a_closed_accounts_mails_do_not_leave(sink: Sink) -> None:
    owner = people.member()
    people.confirmed(owner)
    owner.is_active = False
    owner.save()
    outbox.send_due()
    assert sink.taken == []
    assert states() == ["blocked"]


def test_a_mail_whose_links_would_be_dead_does_not_leave(sink: Sink, settings: Any) -> None:
    people.confirmed(people.member())
    settings.TOKEN_KEY = b"another key, put in place while mails were waiting"
    outbox.send_due()
    assert sink.taken == []
    assert states() == ["cancelled"]


@pytest.mark.parametrize("address", ["bea@outlook.example", "bea+1@outlook.example"])
def test_who_stopped_everything_is_not_reached_by_another_spelling(
    sink: Sink, address: str
) -> None:
    first = people.member("Ana Diaz")
    people.reviewed(first, "Bea", "bea+2@outlook.example")
    people.confirm(first)
    outbox.send_due()
    responding.stop_everyone(token=tokens.token(Invitation.objects.get().uid))
    second = people.member("Bruno Costa")
    people.reviewed(second, "Bea", address)
    people.confirm(second)
    outbox.send_due()
    assert len(sink.taken) == 1


@pytest.mark.parametrize("scope", ["site", "sender:{sender}", "batch:{batch}", "source:google"])
def test_a_hold_keeps_mails_waiting_until_it_is_lifted(sink: Sink, scope: str) -> None:
    owner = people.member()
    batch = people.confirmed(owner, 2)
    claim, mails = outbox.take_due(1)
    assert claim is not None
    hold = Hold.objects.create(
        scope=scope.format(sender=owner.pk, batch=batch.pk), reason="x", placed_at=clock.now()
    )
    assert outbox.depart(claim, mails[0], None) is False
    outbox.release(claim)
    outbox.send_due()
    assert states() == ["confirmed"] * 2
    hold.lifted_at = clock.now()
    hold.save()
    outbox.send_due()
    assert states() == ["sent"] * 2


def test_a_confirmation_a_week_late_expires(sink: Sink) -> None:
    people.confirmed(people.member())
    Invitation.objects.update(send_after=clock.now() - timedelta(days=8))
    assert outbox.expire() == 1
    outbox.send_due()
    assert states() == ["expired"]
    assert sink.taken == []


# --- workers that die or sleep --------------------------------------------------------------------


def test_a_worker_that_slept_through_its_lease_sends_nothing(sink: Sink) -> None:
    people.confirmed(people.member())
    claim, (mail,) = outbox.take_due(10)
    assert claim is not None
    Claim.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    with pytest.raises(outbox.ClaimLost):
        outbox.depart(claim, mail, None)
    assert states() == ["claimed"]
    outbox.recover()
    outbox.send_due()
    assert states() == ["sent"]
    assert len(sink.taken) == 1


def test_a_dead_workers_mails_wait_again_and_the_one_on_its_way_is_unknown(sink: Sink) -> None:
    people.confirmed(people.member(), 3)
    claim, mails = outbox.take_due(10)
    assert claim is not None
    assert outbox.depart(claim, mails[0], None)
    assert outbox.recover() == 0, "its lease is not over yet"
    Claim.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert outbox.recover() == 1
    outbox.send_due()
    assert sorted(states()) == ["sent", "sent", "unknown"]
    assert mails[0].recipient not in sink.recipients


def test_the_owner_of_a_lost_claim_may_still_say_that_it_was_sent(sink: Sink) -> None:
    people.confirmed(people.member())
    claim, (mail,) = outbox.take_due(10)
    assert claim is not None
    assert outbox.depart(claim, mail, None)
    Claim.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    outbox.recover()
    assert states() == ["unknown"]
    outbox._record(claim, outbox.Outcome(mail, State.SENT, "250 taken"))
    assert states() == ["sent"]


def test_the_owner_of_a_lost_claim_can_not_queue_the_mail_again(sink: Sink) -> None:
    people.confirmed(people.member())
    claim, (mail,) = outbox.take_due(10)
    assert claim is not None
    assert outbox.depart(claim, mail, None)
    Claim.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    outbox.recover()
    later = outbox.Outcome(mail, State.CONFIRMED, "451", retry_in=timedelta(minutes=1))
    outbox._record(claim, later)
    assert states() == ["unknown"]


def test_a_stranger_can_not_write_an_outcome(sink: Sink) -> None:
    people.confirmed(people.member())
    claim, (mail,) = outbox.take_due(10)
    assert claim is not None
    assert outbox.depart(claim, mail, None)
    outbox._record(uuid.uuid4(), outbox.Outcome(mail, State.SENT, "250 taken"))
    assert states() == ["sending"]


def test_the_connection_survives_many_mails(sink: Sink) -> None:
    with Connection() as smtp:
        for number in range(20):
            smtp.hand_over("a@b.example", f"c{number}@d.example", b"Subject: x\r\n\r\n.\r\n..\r\n")
    assert [raw for _, raw in sink.taken] == [b"Subject: x\r\n\r\n.\r\n..\r\n"] * 20

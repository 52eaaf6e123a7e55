"""Who can't be invited, or is a member, goes as far as everybody else: the sender sees no difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from invites import outbox, scopes
from invites.actions import outcomes, responding, taking_back
from invites.actions.holding import hold
from invites.actions.suppressing import Reason, suppress
from invites.consent import State
from invites.models import Batch, Invitation, MemberAddress, Reservation
from ledger import clock, guards
from ledger.models import Entry
from tests import people
from tests.smtp_sink import HANG_UP, Sink, smtp_sink

pytestmark = pytest.mark.django_db

FREE, ON_THE_LIST, MEMBER = "free@norte.example", "listed@norte.example", "member@norte.example"


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def sink(request: pytest.FixtureRequest, settings: Any) -> Iterator[Sink]:
    settings.UNDO_SECONDS = 0
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_TIMEOUT = 2
    with smtp_sink(pipelining=request.param) as server:
        settings.EMAIL_PORT = server.port
        yield server


@pytest.fixture
def ana() -> User:
    return people.member()


@pytest.fixture
def batch(ana: User, settings: Any) -> Batch:
    """A stranger, somebody who asked not to be invited, and a member, confirmed at once."""
    settings.UNDO_SECONDS = 0
    suppress(ON_THE_LIST, reason=Reason.OWNER)
    people.member("Mem Ber", MEMBER)
    for address in (ON_THE_LIST, FREE, MEMBER):
        people.reviewed(ana, "Bea", address)
    return people.confirm(ana)


def seen(batch: Batch) -> dict[str, tuple[object, ...]]:
    """All that the sender can see of each row, and do to it."""
    return {
        row.invitation.recipient_address: (
            row.kind,
            row.minutes,
            row.can_take_back,
            row.can_withdraw,
            row.invitation.attempts,
            row.invitation.server_reply if row.kind == "failed" else "",
        )
        for row in outcomes.rows_of(batch)
    }


def all_alike(batch: Batch) -> str:
    """The kind that every row has. Fails when anything about them differs."""
    rows = set(seen(batch).values())
    assert len(rows) == 1, rows
    return str(rows.pop()[0])


def test_one_gets_a_mail_and_one_a_request_and_one_nothing(sink: Sink, batch: Batch) -> None:
    outbox.send_due()

    assert sink.recipients == [FREE]
    states = dict(Invitation.objects.values_list("recipient_address", "state"))
    assert states == {FREE: "sent", ON_THE_LIST: "blocked", MEMBER: "requested"}
    assert all_alike(batch) == "delivered"


def test_all_three_are_announced_to_the_server_but_only_one_has_data(
    sink: Sink, batch: Batch
) -> None:
    heard: list[str] = []
    sink.heard = heard.append

    outbox.send_due()

    assert [line for line in heard if line.startswith("RCPT")] == [
        f"RCPT TO:<{address}>" for address in (FREE, ON_THE_LIST, MEMBER)
    ]
    assert heard.count("DATA") == 1
    assert heard.count("rset") == 2


def down(verb: str, to: str) -> str | None:
    return HANG_UP if verb == "EHLO" else None


def refusing(reply: str, when: str) -> Callable[[str, str], str | None]:
    return lambda verb, to: reply if verb == when else None


@pytest.mark.parametrize("when", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("reply", ["451 come back", "550 no"])
def test_while_the_server_refuses_all_wait_or_fail_alike(
    sink: Sink, batch: Batch, reply: str, when: str
) -> None:
    sink.answer = refusing(reply, when)

    outbox.send_due()

    assert all_alike(batch) == ("due" if reply.startswith("4") else "failed") or (
        all_alike(batch) == "waiting"
    )
    assert sink.taken == []


def test_while_the_server_is_down_all_wait_and_all_can_be_taken_back(
    sink: Sink, batch: Batch, ana: User
) -> None:
    sink.answer = down

    outbox.send_due()

    assert all_alike(batch) == "due"
    assert taking_back.take_back(member=ana, batch=batch).taken_back == 3
    assert all_alike(batch) == "taken_back"


def test_disowning_counts_what_went_out_and_what_only_looks_so(
    sink: Sink, batch: Batch, ana: User
) -> None:
    outbox.send_due()

    assert taking_back.disown(member=ana, batch=batch).too_late == 3


def test_an_outcome_shows_at_a_full_minute_so_that_no_mail_is_no_faster(
    ana: User, settings: Any
) -> None:
    settings.OUTCOME_SECONDS = 60
    at = clock.now().replace(second=20, microsecond=0)

    def kind(state: State, seconds: int) -> str:
        row = Invitation(state=state, finished_at=at)
        return outcomes.row(row, at + timedelta(seconds=seconds), held=False).kind

    for state in (State.SENT, State.BLOCKED, State.REQUESTED):
        assert [kind(state, seconds) for seconds in (0, 39, 40)] == [
            "leaving", "leaving", "delivered",
        ]  # fmt: skip


def test_whoever_stops_while_a_worker_holds_the_request_is_not_asked(
    sink: Sink, batch: Batch
) -> None:
    claim, mails = outbox.take_due(10)
    assert claim is not None
    (request,) = [mail for mail in mails if mail.goal is State.REQUESTED]
    suppress(MEMBER, reason=Reason.RECIPIENT)

    with transaction.atomic():
        outbox.settle(claim, outbox.Outcome(request, State.REQUESTED, ""))
    outbox.release(claim)
    outbox.send_due()

    assert Invitation.objects.get(recipient_address=MEMBER).state == "blocked"
    assert sink.recipients == [FREE]


@pytest.mark.parametrize("why", ["stopped", "held", "without consent"])
def test_with_worker_and_action_disabled_the_database_refuses_a_request(
    batch: Batch, why: str
) -> None:
    assert outbox.take_due(10)[0] is not None
    if why == "stopped":
        suppress(MEMBER, reason=Reason.RECIPIENT)
    elif why == "held":
        hold(scopes.SITE, reason="test")
    else:
        guards.remove(connection)
        Invitation.objects.filter(recipient_address=MEMBER).update(
            confirmed_digest="b" * 64, reviewed_digest="b" * 64
        )
        guards.install(connection)

    with pytest.raises(DatabaseError), transaction.atomic():
        Invitation.objects.filter(recipient_address=MEMBER).update(state="requested")


def test_a_member_is_found_by_any_spelling_and_only_while_verified(ana: User) -> None:
    from allauth.account.models import EmailAddress

    address = EmailAddress.objects.create(user=ana, email="a.na+x@gmail.com", verified=False)
    assert MemberAddress.objects.filter(member=ana).count() == 1
    address.verified = True
    address.save()
    people.reviewed(people.member("Tom Berg"), "Ana", "ana@googlemail.com")
    assert MemberAddress.objects.filter(
        address_hash=Invitation.objects.get().recipient_hash
    ).exists()
    address.delete()
    assert MemberAddress.objects.filter(member=ana).count() == 1


def test_a_request_is_the_members_one_invitation_of_the_year(sink: Sink, batch: Batch) -> None:
    outbox.send_due()
    people.reviewed(people.member("Tom Berg"), "Bea", MEMBER)
    second = people.confirm(User.objects.get(first_name="Tom"))
    outbox.send_due()

    assert second.invitations.get().state == "blocked"
    assert all_alike(second) == "delivered"


# --- the list, at each of its three looks ---------------------------------------------------------


def with_another_address(owner: User, other: str) -> Invitation:
    """Somebody with two addresses in the member's book, chosen and confirmed at the first."""
    from importer.models import ContactAddress

    person = people.contact(owner, "Bea Sousa", "bea@work.example")
    for address in ("bea@work.example", other):
        ContactAddress.objects.create(
            contact=person, member=owner, address=address, envelope=address, normalised=address,
            kind="work",
        )  # fmt: skip
    from invites.actions import drafting

    assert drafting.choose(member=owner, ticked={person.pk}, shown={person.pk}).added == 1
    drafting.write(member=owner, note=people.NOTE)
    invitation = people.decided(owner, Invitation.objects.get(sender=owner))
    people.confirm(owner)
    return invitation


@pytest.mark.parametrize("how", ["on the list", "invited this year"])
def test_a_persons_other_addresses_are_looked_at_when_they_are_chosen(
    sink: Sink, ana: User, how: str
) -> None:
    if how == "on the list":
        suppress("bea@home.example", reason=Reason.OWNER)
    else:
        Reservation.objects.create(
            recipient_hash=people.reviewed(
                people.member("Tom Berg"), address="bea@home.example"
            ).recipient_hash,
            invitation_uid="0" * 32, at=clock.now(),
        )  # fmt: skip

    invitation = with_another_address(ana, "bea@home.example")
    outbox.send_due()

    invitation.refresh_from_db()
    assert invitation.state == "blocked"
    assert sink.taken == []


def test_a_stop_does_not_spread_to_addresses_that_a_sender_has_linked(
    sink: Sink, ana: User
) -> None:
    invitation = with_another_address(ana, "stranger@else.example")
    outbox.send_due()
    invitation.refresh_from_db()
    assert invitation.state == "sent"
    suppress(invitation, reason=Reason.RECIPIENT)

    people.reviewed(people.member("Tom Berg"), address="stranger@else.example")
    people.confirm(User.objects.get(first_name="Tom"))
    outbox.send_due()

    assert sink.recipients == ["bea@work.example", "stranger@else.example"]


def test_an_address_on_the_list_under_an_older_key_gets_nothing(
    sink: Sink, ana: User, settings: Any
) -> None:
    """Found by the last look too, as when the key changed while the invitation waited."""
    suppress("bea@norte.example", reason=Reason.OWNER)
    settings.OLD_ADDRESS_KEYS, settings.ADDRESS_KEY = [settings.ADDRESS_KEY], b"n" * 40
    batch = people.confirm(people.reviewed(ana).sender)
    Invitation.objects.update(stopped_at=None)  # what choosing had found

    outbox.send_due()

    assert batch.invitations.get().state == "blocked"
    assert sink.taken == []


def test_the_ledger_says_that_no_mail_began(sink: Sink, batch: Batch) -> None:
    outbox.send_due()

    said = {entry.action: entry.facts for entry in Entry.objects.order_by("id")}
    assert said["invitation.requested"] == {"reply": "", "mail": False}
    assert said["invitation.blocked"] == {"reply": "", "mail": False}
    assert said["invitation.sent"] == {"reply": "250"}
    # Verifying the address once more is no answer to it.
    assert responding.accept(member=User.objects.get(email=MEMBER), address=MEMBER) == 0

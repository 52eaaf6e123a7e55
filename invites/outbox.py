"""claimed → sending → sent | failed | unknown. The outbox is the truth; Celery only wakes it.

Raw SQL where every mail passes; the intent to send is on the disk before SMTP's DATA begins.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from invites import rendering, return_path
from invites.claiming import Mail, take_due
from invites.consent import State
from invites.delivery import Connection, NotAccepted, OutcomeUnknown, ServerUnavailable
from invites.guards import HELD, STOPPED
from invites.models import Claim, Invitation, Reservation
from ledger import clock
from ledger.entries import Event, append

log = logging.getLogger(__name__)


class Transport(Protocol):
    """Whatever takes one mail; `delivery.Connection` outside tests."""

    def open(self) -> object:
        """Makes sure that a server listens. Raises ServerUnavailable."""

    def hand_over(self, sender: str, recipient: str, raw: bytes) -> str:
        """The server's words. Raises NotAccepted or OutcomeUnknown."""

    def knock(self, sender: str, recipient: str) -> None:
        """As far as `hand_over` goes before a mail begins. Raises NotAccepted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail, to be written down with the next mail's intent."""

    mail: Mail
    state: State
    reply: str
    retry_in: timedelta | None = None
    late: bool = False  # refused after the server had accepted the recipient


@dataclass(slots=True)
class Tally:
    """How many mails of a run ended in which state."""

    counts: dict[State, int] = field(default_factory=dict)

    def add(self, state: State) -> None:
        """Counts one more."""
        self.counts[state] = self.counts.get(state, 0) + 1


class ClaimLost(Exception):
    """The lease is over: another worker may have this claim's mails by now. Hands off."""


def send_due(transport: Transport | None = None, *, seconds: float = 20.0) -> Tally:
    """Sends what is due until nothing is, or for about `seconds`, so that a shutdown need not wait."""
    tally = Tally()
    deadline = time.monotonic() + seconds
    with Connection() as smtp:
        while time.monotonic() < deadline:
            claim, mails = take_due(settings.CLAIM_SIZE)
            if claim is None:
                break
            try:
                _send(claim, mails, transport or smtp, tally)
            except ServerUnavailable as error:
                log.warning("outbox: the mail server is out of reach (%s); all mails wait", error)
                break
            except ClaimLost:
                log.warning("outbox: claim %s ran out; its mails are somebody else's now", claim)
            finally:
                release(claim)
    return tally


# --- sending --------------------------------------------------------------------------------------


def _send(claim: uuid.UUID, mails: list[Mail], transport: Transport, tally: Tally) -> None:
    """Mails that really leave come first; the others then meet the server in the same mood."""
    previous: Outcome | None = None
    mood = _Mood()
    renew_at = time.monotonic() + settings.LEASE_SECONDS / 3
    try:
        for mail in mails:
            transport.open()
            if time.monotonic() > renew_at:
                renew(claim)
                renew_at = time.monotonic() + settings.LEASE_SECONDS / 3
            if mail.goal is not State.SENDING:
                outcome = mood.of(mail) or _knock(transport, mail)
                with transaction.atomic():
                    if previous is not None:
                        _record(claim, previous)
                    settle(claim, outcome)
                previous = None
                continue
            may_leave = depart(claim, mail, previous)
            previous = None
            if may_leave:
                previous = _hand_over(transport, mail)
                mood.after(previous)
                tally.add(previous.state)
    finally:
        if previous is not None:
            with transaction.atomic():
                _record(claim, previous)


class _Mood:
    """What the server last said of whole mails, which who gets none would never hear.

    A refusal of a batch's words goes for the whole batch, one for now for everybody.
    """

    def __init__(self) -> None:
        self._by_batch: dict[int | None, Outcome] = {}

    def after(self, outcome: Outcome) -> None:
        """Takes note of a mail that was handed over."""
        everybody = None if outcome.retry_in else outcome.mail.batch
        self._by_batch.pop(None, None)
        self._by_batch.pop(outcome.mail.batch, None)
        if outcome.late:
            self._by_batch[everybody] = outcome

    def of(self, mail: Mail) -> Outcome | None:
        """What the server would say of this one; None when there is nothing to go by."""
        said = self._by_batch.get(mail.batch) or self._by_batch.get(None)
        return _refused(mail, said.reply, permanent=not said.retry_in) if said else None


def renew(claim: uuid.UUID) -> None:
    """Prolongs a lease that is not over yet. Raises ClaimLost when it is."""
    now = clock.now()
    mine = Claim.objects.filter(uid=claim, lease_until__gt=now)
    if not mine.update(lease_until=now + timedelta(seconds=settings.LEASE_SECONDS)):
        raise ClaimLost


def depart(claim: uuid.UUID, mail: Mail, previous: Outcome | None) -> bool:
    """One durable commit: the outcome of the mail before, and this mail's intent.

    True: this mail is `sending`, its DATA may begin. False: somebody stopped it in time.
    Raises ClaimLost, with nothing written, when the lease is over: that fences a worker that slept.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if previous is not None:
            _record(claim, previous)
        cursor.execute(
            "UPDATE invites_invitation AS i SET state = 'sending' "
            f"WHERE id = %s AND state = 'claimed' AND claim = %s AND EXISTS (SELECT 1 "
            f"FROM invites_claim c WHERE c.uid = i.claim AND c.lease_until > {clock.sql_now()}) "
            f"AND NOT {STOPPED.format(row='i')} AND NOT {HELD.format(row='i')}",
            [mail.id, _uuid(claim)],
        )
        if cursor.rowcount == 1:
            return True
        if not Claim.objects.filter(uid=claim, lease_until__gt=clock.now()).exists():
            raise ClaimLost
        return False


def _hand_over(transport: Transport, mail: Mail) -> Outcome:
    raw = rendering.departing(mail.raw, mail.uid, datetime.now(UTC))
    try:
        reply = transport.hand_over(return_path.address(mail.uid), mail.recipient, raw)
    except NotAccepted as error:
        return _refused(mail, str(error), permanent=error.permanent, late=error.late)
    except OutcomeUnknown as error:
        return Outcome(mail, State.UNKNOWN, str(error))
    return Outcome(mail, State.SENT, reply)


def _knock(transport: Transport, mail: Mail) -> Outcome:
    """Goes as far as any mail goes before its DATA; an erased address can't."""
    try:
        if mail.recipient:
            transport.knock(return_path.address(mail.uid), mail.recipient)
    except NotAccepted as error:
        return _refused(mail, str(error), permanent=error.permanent)
    return Outcome(mail, mail.goal, "")


def _refused(mail: Mail, reply: str, *, permanent: bool, late: bool = False) -> Outcome:
    if permanent or mail.attempts >= len(settings.ATTEMPT_MINUTES):
        return Outcome(mail, State.FAILED, reply, late=late)
    pause = timedelta(minutes=settings.ATTEMPT_MINUTES[mail.attempts])
    return Outcome(mail, State.CONFIRMED, reply, retry_in=pause, late=late)


def settle(claim: uuid.UUID, outcome: Outcome) -> None:
    """Ends what gets no mail where its like would be after sending; if it is still this claim's.

    Under the row's lock: who has stopped or is on hold by now gets no request either.
    """
    wanted = f" AND NOT {STOPPED.format(row='i')}" if outcome.state is State.REQUESTED else ""
    _write(
        claim,
        outcome,
        f"i.state = 'claimed' AND EXISTS (SELECT 1 FROM invites_claim c WHERE c.uid = i.claim "
        f"AND c.lease_until > {clock.sql_now()}) AND NOT {HELD.format(row='i')}{wanted}",
    )


def _record(claim: uuid.UUID, outcome: Outcome) -> None:
    """Writes one outcome, if the mail is still this claim's: `sending`, or given up as `unknown`."""
    # A mail that recovery has given up is never queued again, whatever we know by now.
    once = "i.state = 'sending'" if outcome.retry_in else "i.state IN ('sending', 'unknown')"
    _write(claim, outcome, once)


def _write(claim: uuid.UUID, outcome: Outcome, condition: str) -> None:
    mail = outcome.mail
    keep_claim = outcome.state is State.UNKNOWN  # so that its owner can still come back
    retry = outcome.retry_in
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invites_invitation AS i SET state = %s, claim = CASE WHEN %s THEN claim END, "
            f"finished_at = {clock.sql_now()}, server_reply = %s, attempts = attempts + 1"
            + (f", send_after = {clock.sql_in(int(retry.total_seconds()))}" if retry else "")
            + f" WHERE i.id = %s AND i.claim = %s AND i.state <> %s AND {condition}",
            [outcome.state, keep_claim, outcome.reply, mail.id, _uuid(claim), outcome.state],
        )
        if cursor.rowcount == 0:
            return
    if outcome.state is State.FAILED:
        Reservation.objects.filter(invitation_uid=mail.uid).delete()
    name = "postponed" if retry else outcome.state.value
    facts: dict[str, str | int | bool | None] = {"reply": outcome.reply[:3]}
    if mail.goal is not State.SENDING:
        facts["mail"] = False  # none began
    append([Event(f"invitation.{name}", mail.uid, facts=facts)])


# --- tidying up -----------------------------------------------------------------------------------


def release(claim: uuid.UUID | None) -> None:
    """Gives a claim's untouched mails back. What was `sending` without an outcome becomes `unknown`."""
    if claim is not None:
        with transaction.atomic():
            Claim.objects.filter(uid=claim).delete()
            _give_back_orphans()


def recover() -> int:
    """Ends the claims of workers that died or sleep; returns how many mails are `unknown` for it."""
    with transaction.atomic():
        dead = Claim.objects.filter(lease_until__lte=clock.now())
        if connection.vendor == "postgresql":
            dead = dead.select_for_update(skip_locked=True)
        Claim.objects.filter(uid__in=[claim.uid for claim in dead]).delete()
        return _give_back_orphans()


def _give_back_orphans() -> int:
    """Invitations whose claim is gone: claimed ones wait again, sending ones are unknown."""
    orphans = Invitation.objects.filter(
        ~Exists(Claim.objects.filter(uid=OuterRef("claim"))),
        state__in=[State.CLAIMED, State.SENDING],
    )
    orphans.filter(state=State.CLAIMED).update(state=State.CONFIRMED, claim=None)
    lost = list(orphans.filter(state=State.SENDING).values_list("id", "uid"))
    Invitation.objects.filter(id__in=[row[0] for row in lost], state=State.SENDING).update(
        state=State.UNKNOWN, finished_at=Now(), server_reply="The sending was interrupted."
    )
    append(Event("invitation.unknown", uid, facts={"reply": ""}) for _, uid in lost)
    return len(lost)


def expire() -> int:
    """Ends confirmations that are LATE_DAYS overdue; returns how many."""
    with transaction.atomic():
        late = Invitation.objects.filter(
            state=State.CONFIRMED,
            send_after__lt=clock.now() - timedelta(days=settings.LATE_DAYS),
        )
        uids = list(late.select_for_update(of=("self",)).values_list("uid", flat=True))
        Invitation.objects.filter(uid__in=uids).update(state=State.EXPIRED, finished_at=Now())
        append(Event("invitation.expired", uid) for uid in uids)
    return len(uids)


def _uuid(value: uuid.UUID) -> uuid.UUID | str:
    return value if connection.features.has_native_uuid_field else value.hex

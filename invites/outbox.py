"""due → claimed → sending → sent | failed | unknown. The outbox is the truth; Celery only wakes it.

Raw SQL where every mail passes; the intent to send is on the disk before SMTP's DATA begins.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from invites import consent, rendering, return_path
from invites.consent import Missing, State
from invites.delivery import Connection, NotAccepted, OutcomeUnknown, ServerUnavailable
from invites.guards import HELD, STOPPED
from invites.models import Claim, Invitation, Reservation
from ledger import clock
from ledger.entries import Event, append

log = logging.getLogger(__name__)

WAITS = {Missing.HELD, Missing.UNDO_WINDOW_OPEN}  # reasons that end by themselves or by a person


class Transport(Protocol):
    """Whatever takes one mail; `delivery.Connection` outside tests."""

    def open(self) -> object:
        """Makes sure that a server listens. Raises ServerUnavailable."""

    def hand_over(self, sender: str, recipient: str, raw: bytes) -> str:
        """The server's words. Raises NotAccepted or OutcomeUnknown."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One invitation's mail as it was confirmed."""

    id: int
    uid: uuid.UUID
    recipient: str
    raw: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Due:
    """One due invitation: its mail, and all that the consent rule looks at, read just now."""

    mail: Mail
    recipient_hash: str
    facts: consent.Facts


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail, to be written down with the next mail's intent."""

    mail: Mail
    state: State
    reply: str
    retry_in: timedelta | None = None


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


# --- claiming -------------------------------------------------------------------------------------


def take_due(limit: int) -> tuple[uuid.UUID | None, list[Mail]]:
    """Claims up to `limit` due invitations that the consent rule lets leave.

    Returns the claim and its mails; (None, []) when nothing is due. A claim may come back without
    mails: then all that was due could not be invited, and there may be more.
    """
    with transaction.atomic():
        due = _due(limit)
        if not due:
            return None, []
        claim = Claim.objects.create(
            lease_until=clock.now() + timedelta(seconds=settings.LEASE_SECONDS)
        )
        mails, put_away = _claim(claim.uid, due)
        if not mails:
            claim.delete()
        return (claim.uid, mails) if mails or put_away else (None, [])


def _due(limit: int) -> list[Due]:
    """Locks up to `limit` due invitations that are not on hold, with all that the rule looks at."""
    lock = "FOR UPDATE OF i SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.id, i.uid, i.recipient_address, i.recipient_hash, i.attempts, m.raw, i.state, "
            "i.relationship, i.reviewed_digest, i.confirmed_digest, c.digest, c.not_before, "
            f"{clock.sql_now()}, {STOPPED.format(row='i')} FROM invites_invitation i "
            "LEFT JOIN invites_preparedmail m ON m.invitation_id = i.id "
            "LEFT JOIN invites_consentrecord c ON c.invitation_uid = i.uid "
            f"WHERE i.state = 'confirmed' AND i.send_after <= {clock.sql_now()} "
            f"AND NOT {HELD.format(row='i')} ORDER BY i.send_after LIMIT %s {lock}",
            [limit],
        )
        return [_looked_at(*row) for row in cursor.fetchall()]


def _looked_at(
    id: int, uid: Any, recipient: str, recipient_hash: str | None, attempts: int, raw: Any,
    state: str, relationship: str, reviewed: str | None, confirmed: str | None,
    recorded: str | None, not_before: Any, now: Any, stopped: Any,
) -> Due:  # fmt: skip
    """One row of `_due`. The digest is computed from the very bytes that would leave."""
    uid = uid if isinstance(uid, uuid.UUID) else uuid.UUID(uid)
    mail = Mail(id, uid, recipient, bytes(raw or b""), attempts)
    facts = consent.Facts(
        state=State(state),
        relationship=relationship,
        digest=consent.digest(recipient, mail.raw)
        if rendering.carries_links(mail.raw, uid)
        else None,
        reviewed_digest=reviewed,
        confirmed_digest=confirmed,
        recorded_digest=recorded,
        not_before=clock.moment(not_before) if not_before else None,
        now=clock.moment(now),
        stopped=bool(stopped),
        held=False,
    )
    return Due(mail, str(recipient_hash), facts)


def _claim(claim: uuid.UUID, due: list[Due]) -> tuple[list[Mail], int]:
    """Looks at each invitation a last time: claims what may leave, puts away what never may.

    Returns the claimed mails and how many were put away; what only has to wait stays where it is.
    """
    checked = [(item, consent.missing_before_sending(item.facts)) for item in due]
    reserved = _reserve([item for item, reasons in checked if not reasons])
    mails: list[Mail] = []
    blocked: list[Mail] = []
    refused: list[tuple[Mail, list[Missing]]] = []
    for item, reasons in checked:
        if not reasons and item.mail.uid in reserved:
            mails.append(item.mail)
        elif set(reasons) & WAITS and set(reasons) <= WAITS | {Missing.CANNOT_BE_INVITED}:
            continue
        elif not set(reasons) - {Missing.CANNOT_BE_INVITED}:
            blocked.append(item.mail)
        else:
            refused.append((item.mail, reasons))
    now = clock.now()
    put_away = [mail.id for mail in blocked]
    Invitation.objects.filter(id__in=[mail.id for mail in mails] + put_away).update(
        state=State.CLAIMED, claim=claim
    )
    Invitation.objects.filter(id__in=put_away).update(
        state=State.BLOCKED, claim=None, finished_at=now
    )
    # Confirmed, but the rule does not hold: only a bug or a hand in the database gets here.
    Invitation.objects.filter(id__in=[mail.id for mail, _ in refused]).update(
        state=State.CANCELLED, finished_at=now
    )
    for mail, reasons in refused:
        log.error(
            "outbox: invitation %s refused: %s", mail.uid, [reason.name for reason in reasons]
        )
    append(
        [Event("invitation.blocked", mail.uid) for mail in blocked]
        + [
            Event(
                "invitation.refused", mail.uid, facts={"reasons": ",".join(r.name for r in reasons)}
            )
            for mail, reasons in refused
        ]
    )
    return mails, len(blocked) + len(refused)


def _reserve(due: list[Due]) -> set[uuid.UUID]:
    """Takes each recipient's one invitation of the year; returns the uids of those that have it."""
    year_ago = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    # In one order, so that two workers can't wait for each other.
    wanted = sorted((item.recipient_hash, item.mail.uid) for item in due)
    hashes = [hashed for hashed, _ in wanted]
    Reservation.objects.filter(recipient_hash__in=hashes, at__lt=year_ago).delete()
    Reservation.objects.bulk_create(
        [
            Reservation(recipient_hash=hashed, invitation_uid=uid, at=Now())
            for hashed, uid in wanted
        ],
        ignore_conflicts=True,
    )
    uids = [uid for _, uid in wanted]
    return set(
        Reservation.objects.filter(invitation_uid__in=uids).values_list("invitation_uid", flat=True)
    )


# --- sending --------------------------------------------------------------------------------------


def _send(claim: uuid.UUID, mails: list[Mail], transport: Transport, tally: Tally) -> None:
    previous: Outcome | None = None
    renew_at = time.monotonic() + settings.LEASE_SECONDS / 3
    try:
        for mail in mails:
            transport.open()
            if time.monotonic() > renew_at:
                renew(claim)
                renew_at = time.monotonic() + settings.LEASE_SECONDS / 3
            may_leave = depart(claim, mail, previous)
            previous = None
            if may_leave:
                previous = _hand_over(transport, mail)
                tally.add(previous.state)
    finally:
        if previous is not None:
            with transaction.atomic():
                _record(claim, previous)


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
        if error.permanent or mail.attempts >= len(settings.ATTEMPT_MINUTES):
            return Outcome(mail, State.FAILED, str(error))
        pause = timedelta(minutes=settings.ATTEMPT_MINUTES[mail.attempts])
        return Outcome(mail, State.CONFIRMED, str(error), retry_in=pause)
    except OutcomeUnknown as error:
        return Outcome(mail, State.UNKNOWN, str(error))
    return Outcome(mail, State.SENT, reply)


def _record(claim: uuid.UUID, outcome: Outcome) -> None:
    """Writes one outcome, if the mail is still this claim's: `sending`, or given up as `unknown`."""
    mail = outcome.mail
    keep_claim = outcome.state is State.UNKNOWN  # so that its owner can still come back
    retry = outcome.retry_in
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invites_invitation SET state = %s, claim = CASE WHEN %s THEN claim END, "
            f"finished_at = {clock.sql_now()}, server_reply = %s, attempts = attempts + 1"
            + (f", send_after = {clock.sql_in(int(retry.total_seconds()))}" if retry else "")
            + " WHERE id = %s AND claim = %s AND state IN ('sending', 'unknown') AND state <> %s"
            # A mail that recovery has given up is never queued again, whatever we know by now.
            + (" AND state = 'sending'" if retry else ""),
            [outcome.state, keep_claim, outcome.reply, mail.id, _uuid(claim), outcome.state],
        )
        if cursor.rowcount == 0:
            return
    if outcome.state is State.FAILED:
        Reservation.objects.filter(invitation_uid=mail.uid).delete()
    name = "postponed" if retry else outcome.state.value
    append([Event(f"invitation.{name}", mail.uid, facts={"reply": outcome.reply[:3]})])


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

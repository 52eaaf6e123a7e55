"""The last look: which due invitations a worker takes, and which way each of them will go.

Who can't be invited, or is a member already, goes as far as everybody else: claimed, and on to the
mail server, where the outbox turns back. Their sender must not be able to tell.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from invites import consent, rendering
from invites.addresses import domain_hashes_of, domain_of, hashes_of
from invites.consent import Missing, State
from invites.guards import HELD, STOPPED
from invites.models import Claim, Invitation, MemberAddress, Reservation, Suppression
from ledger import clock
from ledger.entries import Event, append

log = logging.getLogger(__name__)

WAITS = {Missing.HELD, Missing.UNDO_WINDOW_OPEN}  # reasons that end by themselves or by a person


@dataclass(frozen=True, slots=True)
class Mail:
    """One invitation's mail as it was confirmed.

    `goal` is where it is going: SENDING, or, without a mail, REQUESTED or BLOCKED.
    """

    id: int
    uid: uuid.UUID
    batch: int
    recipient: str
    raw: bytes
    attempts: int
    goal: State = State.SENDING


@dataclass(frozen=True, slots=True)
class Due:
    """One due invitation: its mail, and all that the consent rule looks at, read just now."""

    mail: Mail
    sender: int
    recipient_hash: str
    facts: consent.Facts


def take_due(limit: int) -> tuple[uuid.UUID | None, list[Mail]]:
    """Claims up to `limit` due invitations that the consent rule lets leave.

    Returns the claim and its mails, those that really leave first; (None, []) when nothing is due. A
    claim may come back without mails: then all that was due was refused, and there may be more.
    """
    with transaction.atomic():
        due = _due(limit)
        if not due:
            return None, []
        claim = Claim.objects.create(
            lease_until=clock.now() + timedelta(seconds=settings.LEASE_SECONDS)
        )
        mails, refused = _claim(claim.uid, due)
        if not mails:
            claim.delete()
        return (claim.uid, mails) if mails or refused else (None, [])


def _due(limit: int) -> list[Due]:
    """Locks up to `limit` due invitations that are not on hold, with all that the rule looks at."""
    lock = "FOR UPDATE OF i SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.id, i.uid, i.batch_id, i.sender_id, i.recipient_address, i.recipient_hash, "
            "i.attempts, m.raw, i.state, "
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
    id: int, uid: Any, batch: int, sender: int, recipient: str, recipient_hash: str | None,
    attempts: int, raw: Any,
    state: str, relationship: str, reviewed: str | None, confirmed: str | None,
    recorded: str | None, not_before: Any, now: Any, stopped: Any,
) -> Due:  # fmt: skip
    """One row of `_due`. The digest is computed from the very bytes that would leave."""
    uid = uid if isinstance(uid, uuid.UUID) else uuid.UUID(uid)
    mail = Mail(id, uid, batch, recipient, bytes(raw or b""), attempts)
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
    return Due(mail, sender, str(recipient_hash), facts)


def _claim(claim: uuid.UUID, due: list[Due]) -> tuple[list[Mail], int]:
    """Looks at each invitation a last time: claims it with its goal, or refuses it.

    Returns the claimed mails and how many were refused; what only has to wait stays where it is.
    """
    hashes = {item.mail.uid: _hashes(item) for item in due}
    unwanted = _known_by_an_older_hash(due, hashes)
    members = _members(value for values in hashes.values() for value in values)
    checked = [(item, consent.missing_before_sending(item.facts)) for item in due]
    free = [item for item, why in checked if not why and item.mail.uid not in unwanted]
    reserved = _reserve(free)
    mails: list[Mail] = []
    refused: list[tuple[Mail, list[Missing]]] = []
    for item, reasons in checked:
        if set(reasons) & WAITS and set(reasons) <= WAITS | {Missing.CANNOT_BE_INVITED}:
            continue
        if set(reasons) - {Missing.CANNOT_BE_INVITED}:
            refused.append((item.mail, reasons))
        elif item.mail.uid not in reserved:  # nor is anybody with a reason
            mails.append(replace(item.mail, goal=State.BLOCKED))
        elif members & set(hashes[item.mail.uid]):
            mails.append(replace(item.mail, goal=State.REQUESTED))
        else:
            mails.append(item.mail)
    mails.sort(key=lambda mail: mail.goal is not State.SENDING)
    Invitation.objects.filter(id__in=[mail.id for mail in mails]).update(
        state=State.CLAIMED, claim=claim
    )
    _refuse(refused)
    return mails, len(refused)


def _refuse(refused: list[tuple[Mail, list[Missing]]]) -> None:
    """Confirmed, but the rule does not hold: only a bug or a hand in the database gets here."""
    Invitation.objects.filter(id__in=[mail.id for mail, _ in refused]).update(
        state=State.CANCELLED, finished_at=clock.now()
    )
    for mail, reasons in refused:
        log.error(
            "outbox: invitation %s refused: %s", mail.uid, [reason.name for reason in reasons]
        )
    append(
        Event("invitation.refused", mail.uid, facts={"reasons": ",".join(r.name for r in reasons)})
        for mail, reasons in refused
    )


def _hashes(item: Due) -> list[str]:
    """All hashes under which the recipient may be known; the stored one alone once erased."""
    if not item.mail.recipient:
        return [item.recipient_hash]
    known = [hashed.value for hashed in hashes_of(item.mail.recipient)]
    return known if item.recipient_hash in known else [item.recipient_hash, *known]


def _older_domains(item: Due) -> set[str]:
    """All hashes of the address's domain; none while there is one key, for it is the stored one."""
    known = domain_hashes_of(domain_of(item.mail.recipient)) if item.mail.recipient else []
    return {hashed.value for hashed in known} if len(known) > 1 else set()


def _known_by_an_older_hash(due: list[Due], hashes: dict[uuid.UUID, list[str]]) -> set[uuid.UUID]:
    """Whose suppression or whose year's invitation stands under another key than their invitation's.

    The database's own check looks at the invitation's hash alone; while there is one key, so does all.
    """
    others = {
        item.mail.uid: set(hashes[item.mail.uid]) - {item.recipient_hash} | _older_domains(item)
        for item in due
    }
    wanted = set().union(*others.values())
    if not wanted:
        return set()
    everyone: set[str] = set()
    by_sender: set[tuple[str, int]] = set()
    for value, sender in Suppression.objects.filter(
        address_hash__in=wanted, lifted_at=None
    ).values_list("address_hash", "sender_id"):
        by_sender.add((value, sender)) if sender else everyone.add(value)
    year_ago = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    everyone |= set(
        Reservation.objects.filter(recipient_hash__in=wanted, at__gte=year_ago)
        .exclude(invitation_uid__in=others)
        .values_list("recipient_hash", flat=True)
    )
    return {
        item.mail.uid
        for item in due
        if others[item.mail.uid] & everyone
        or any((value, item.sender) in by_sender for value in others[item.mail.uid])
    }


def _members(hashes: Iterable[str]) -> set[str]:
    """Which of these are verified addresses of members who can sign in."""
    found = MemberAddress.objects.filter(address_hash__in=set(hashes), member__is_active=True)
    return set(found.values_list("address_hash", flat=True))


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

"""Never again: the one way to put an address on the list of those who get no invitation."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from invites.actions.leaving import let_pass
from invites.addresses import Hashed, domain_hashes_of, hashes_of
from invites.consent import DRAFT_STATES, WAITING_STATES
from invites.models import Invitation, Suppression
from ledger import clock
from ledger.entries import Event, Fact, append
from ledger.subjects import uids_for


class Reason(StrEnum):
    """Why an address gets no invitation, as it is stored, and as staff read it in `WHY`."""

    RECIPIENT = "recipient"
    OWNER = "owner"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    STAFF = "staff"
    LIST = "list"
    DOMAIN = "domain"


WHY = {
    Reason.RECIPIENT: "The recipient of an invitation stopped them",
    Reason.OWNER: "The owner of the address asked for it on this site",
    Reason.BOUNCE: "A mail to it came back for good",
    Reason.COMPLAINT: "Its owner reported an invitation as spam",
    Reason.STAFF: "Staff entered it",
    Reason.LIST: "It stood on a list that staff brought in",
    Reason.DOMAIN: "The owner of its domain stopped invitations to all of it",
}


class LiftReason(StrEnum):
    """Why an address came off the list; staff choose from `WHY_LIFTED`."""

    TAKEN_BACK = "taken_back"  # by the recipient who had stopped one sender
    ASKED = "asked"
    MISTAKE = "mistake"
    WRONG_REPORT = "wrong_report"


WHY_LIFTED = {
    LiftReason.ASKED: "The owner of the address asked for it, from that address",
    LiftReason.MISTAKE: "Staff had entered a wrong address",
    LiftReason.WRONG_REPORT: "The bounce or complaint was not about this address",
}


@transaction.atomic
def suppress(
    who: str | Invitation,
    *,
    reason: Reason,
    sender: User | None = None,
    actor: UUID | None = None,
) -> bool:
    """No member can invite this address any more; with `sender`, this member can't. False: it was so.

    `who` is an address, or an invitation to it, which serves even after its address is erased. `actor`
    is the ledger's id of the member or the staff who did it; None for the recipient. Raises
    NotAnAddress.

    Touching every open invitation to it takes their row locks, so it happens either before a worker's
    intent to send (then nothing leaves) or after it; never in between. Then the commit waits until
    that one has left, so that none begins afterwards.
    """
    hashes = hashes_of(who) if isinstance(who, str) else hashes_of_recipient(who)
    if not hashes:
        return False
    added = _add(hashes, reason, sender)
    theirs = Q(recipient_hash__in=[hashed.value for hashed in hashes])
    if sender is not None:
        theirs &= Q(sender=sender)
    stopped = Invitation.objects.filter(theirs, stopped_at=None)
    ended = stopped.update(stopped_at=Now())
    let_pass(theirs)
    if added:
        first = hashes[0].value
        facts: dict[str, Fact] = {
            "reason": reason.value,
            "from": "sender" if sender else "everyone",
        }
        append([Event("address.suppressed", uids_for([first])[first], actor, facts)])
    return bool(added or ended)


@transaction.atomic
def suppress_domain(domain: str) -> bool:
    """No member can invite any address of this domain (from `domain_of`). False: it was so.

    Of the domain itself, not of those below it: they may be somebody else's. It takes the row locks
    of what has not left and waits for what is just leaving, as `suppress` does.
    """
    hashes = domain_hashes_of(domain)
    added = _add(hashes, Reason.DOMAIN, None)
    theirs = Q(domain_hash__in=[hashed.value for hashed in hashes])
    waiting = Invitation.objects.filter(theirs, state__in=DRAFT_STATES | WAITING_STATES)
    ended = waiting.filter(stopped_at=None).update(stopped_at=Now())
    let_pass(theirs)
    if added:
        first = hashes[0].value
        facts: dict[str, Fact] = {"reason": Reason.DOMAIN.value, "from": "everyone"}
        append([Event("address.suppressed", uids_for([first])[first], facts=facts)])
    return bool(added or ended)


@transaction.atomic
def lift(suppression: Suppression, *, reason: LiftReason, actor: UUID) -> bool:
    """Staff take an address off the list, for a reason. False: it was off already.

    What was stopped while it was on the list stays stopped: only new invitations can leave.
    """
    lifted = Suppression.objects.filter(pk=suppression.pk, lifted_at=None).update(
        lifted_at=Now(), lift_reason=reason
    )
    if lifted:
        value = suppression.address_hash
        subject = uids_for([value])[value]
        append([Event("address.lifted", subject, actor, {"reason": reason.value})])
    return bool(lifted)


def hashes_of_recipient(invitation: Invitation) -> list[Hashed]:
    """All hashes under which the recipient may be known; the stored one alone once erased."""
    stored = invitation.recipient_hash
    known = hashes_of(invitation.recipient_address) if invitation.recipient_address else []
    if stored is None or stored in {hashed.value for hashed in known}:
        return known
    # Erased, so nobody can tell any more under which of several keys it was made.
    return [Hashed(stored, key_id="", normaliser=0), *known]


def _add(hashes: Sequence[Hashed], reason: Reason, sender: User | None) -> int:
    """One row per hash, so that whoever has any of them finds it; returns how many are new."""
    added = 0
    for hashed in hashes:
        _, created = Suppression.objects.get_or_create(
            address_hash=hashed.value,
            sender=sender,
            reason__in=list(Reason),  # a sender's own "never" is another row
            lifted_at=None,
            defaults={
                "reason": reason,
                "key_id": hashed.key_id,
                "normaliser": hashed.normaliser,
                "created_at": clock.now(),
            },
        )
        added += created
    return added

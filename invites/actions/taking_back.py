"""After a confirmation: taking back what has not left, disowning, withdrawing what has."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from invites import scopes
from invites.actions import holding
from invites.actions.leaving import let_pass
from invites.actions.outcomes import WITHDRAWABLE
from invites.consent import WAITING_STATES, WITHDRAWABLE_STATES, State
from invites.models import Batch, Invitation, Reservation
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How many invitations were taken back, and how many had left (or were leaving) by then."""

    taken_back: int
    too_late: int


@transaction.atomic
def take_back(*, member: User, batch: Batch, uid: uuid.UUID | None = None) -> TakenBack:
    """Takes back one invitation of a batch, or all: whatever has not begun to leave, never leaves."""
    asked = Invitation.objects.select_for_update(of=("self",)).filter(sender=member, batch=batch)
    if uid is not None:
        asked = asked.filter(uid=uid)
    return _cancel(list(asked), of_member(member.pk), "taken back")


def cancel_waiting(which: Q, *, actor: uuid.UUID | None, why: str) -> TakenBack:
    """Takes back all of these that have not begun to leave. Call it inside a transaction."""
    waiting = Invitation.objects.select_for_update(of=("self",)).filter(
        which, state__in=WAITING_STATES
    )
    return _cancel(list(waiting), actor, why)


def _cancel(asked: list[Invitation], actor: uuid.UUID | None, why: str) -> TakenBack:
    """confirmed, claimed → cancelled. The rows are locked by the caller."""
    waiting = [i for i in asked if i.state in WAITING_STATES]
    uids = [invitation.uid for invitation in waiting]
    Invitation.objects.filter(uid__in=uids).update(
        state=State.CANCELLED, claim=None, finished_at=Now()
    )
    Reservation.objects.filter(invitation_uid__in=uids).delete()
    append(Event("invitation.cancelled", uid, actor, {"why": why}) for uid in uids)
    too_late = sum(invitation.state in WITHDRAWABLE_STATES for invitation in asked)
    return TakenBack(taken_back=len(uids), too_late=too_late)


@transaction.atomic
def disown(*, member: User, batch: Batch) -> TakenBack:
    """ "This wasn't me": takes everything of this sender back and holds the sender for a person's look."""
    actor = of_member(member.pk)
    result = cancel_waiting(Q(sender=member), actor=actor, why="not me")
    left = Invitation.objects.filter(batch=batch, state__in=WITHDRAWABLE_STATES).count()
    now = clock.now()
    said = Batch.objects.filter(pk=batch.pk, disowned_at=None).update(disowned_at=now)
    holding.brake(
        scopes.of_sender(member.pk), reason="The member said: this wasn't me.", actor=actor
    )
    if said:
        append([Event("batch.disowned", batch.uid, actor)])
    let_pass(Q(sender=member))
    return TakenBack(taken_back=result.taken_back, too_late=left)


@transaction.atomic
def withdraw(*, member: User, uid: uuid.UUID) -> bool:
    """After it left: the recipient's page goes dark and nothing else follows. False: nothing to do."""
    changed = Invitation.objects.filter(
        WITHDRAWABLE, sender=member, uid=uid, withdrawn_at=None
    ).update(withdrawn_at=Now())
    if changed:
        append([Event("invitation.withdrawn", uid, of_member(member.pk))])
    let_pass(Q(uid=uid))
    return bool(changed)

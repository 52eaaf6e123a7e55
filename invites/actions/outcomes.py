"""What became of confirmed invitations, as far as their sender may know. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from invites import scopes
from invites.consent import WAITING_STATES, WITHDRAWABLE_STATES, State
from invites.models import Batch, Hold, Invitation
from ledger import clock

# What the sent page says in other words, by state; the rest depends on more than the state.
_KINDS = {
    State.SENDING: "leaving",
    State.UNKNOWN: "unknown",
    State.FAILED: "failed",
    State.CANCELLED: "taken_back",
    State.EXPIRED: "expired",
    # Who asked us not to be invited looks like who has not answered: we don't say which.
    State.SENT: "delivered",
    State.BLOCKED: "delivered",
    # Nor whether somebody has an account here.
    State.REQUESTED: "delivered",
}
# Whoever was erased before it left, too: the sender must not tell them apart (docs/adr/0016).
WITHDRAWABLE = Q(state__in=WITHDRAWABLE_STATES) | Q(state=State.CANCELLED, finished_at=None)


@dataclass(frozen=True, slots=True)
class Row:
    """One person of a batch: what the member may know, and may still do.

    `minutes` is how long a `waiting` one still waits, rounded up; 0 for every other kind.
    """

    invitation: Invitation
    kind: str
    minutes: int

    @property
    def can_take_back(self) -> bool:
        """Until it begins to leave."""
        return self.kind in ("waiting", "due", "held")

    @property
    def can_withdraw(self) -> bool:
        """After it left: the recipient's page goes dark."""
        return self.kind in ("delivered", "leaving", "unknown", "accepted")


def rows_of(batch: Batch) -> list[Row]:
    """Everybody of a batch, in the order of choosing."""
    now = clock.now()
    invitations = list(batch.invitations.order_by("id"))
    whole = {scopes.SITE, scopes.of_sender(batch.sender_id), scopes.of_batch(batch.pk)}
    books = {scopes.of_source(invitation.source) for invitation in invitations}
    held = _held(whole | books)
    return [
        row(one, now, held=bool(held & {*whole, scopes.of_source(one.source)}))
        for one in invitations
    ]


def is_held(member: User) -> bool:
    """Whether nothing leaves in this member's name until a person has looked at it."""
    return bool(_held({scopes.SITE, scopes.of_sender(member.pk)}))


def _held(among: set[str]) -> set[str]:
    return set(Hold.objects.filter(lifted_at=None, scope__in=among).values_list("scope", flat=True))


def row(invitation: Invitation, now: datetime, *, held: bool) -> Row:
    """What became of one confirmed invitation; `now` is the database's clock."""
    state = State(invitation.state)
    if invitation.withdrawn_at:
        return Row(invitation, "withdrawn", 0)
    if state in WAITING_STATES and held:
        return Row(invitation, "held", 0)
    if state in WAITING_STATES:
        left = (invitation.send_after - now).total_seconds() if invitation.send_after else 0
        return Row(invitation, "waiting" if left > 0 else "due", max(0, ceil(left / 60)))
    if invitation.bounced_at and not invitation.accepted_at:
        return Row(invitation, "came_back", 0)
    kind = "delivered" if _is_erased_unsent(invitation) else _KINDS[state]
    if kind == "delivered":
        if invitation.accepted_at:
            kind = "accepted"
        elif not _is_told(invitation.finished_at, now):
            kind = "leaving"
    return Row(invitation, kind, 0)


def _is_erased_unsent(invitation: Invitation) -> bool:
    """Whether the recipient was erased before it left: no end that the sender may tell from others."""
    return invitation.state == State.CANCELLED and invitation.finished_at is None


def _is_told(finished_at: datetime | None, now: datetime) -> bool:
    """Only at every OUTCOME_SECONDS: how long a server took over a mail shows that there was one."""
    every = settings.OUTCOME_SECONDS
    if not every or finished_at is None:
        return True
    return finished_at.timestamp() // every < now.timestamp() // every


def withdrawable(*, member: User, uid: UUID) -> Invitation | None:
    """The member's invitation if it is one that can be (or was) withdrawn."""
    return (
        Invitation.objects.select_related("batch")
        .filter(WITHDRAWABLE, sender=member, uid=uid)
        .first()
    )


def batches_of(member: User) -> QuerySet[Batch]:
    """Everything that the member has confirmed, newest first, each batch with its counts."""
    return (
        Batch.objects.filter(sender=member)
        .annotate(
            waiting=Count("invitations", filter=Q(invitations__state__in=WAITING_STATES)),
            taken_back=Count(
                "invitations",
                filter=Q(
                    invitations__state=State.CANCELLED, invitations__finished_at__isnull=False
                ),
            ),
            accepted=Count("invitations", filter=Q(invitations__accepted_at__isnull=False)),
        )
        .order_by("-confirmed_at", "-id")
    )

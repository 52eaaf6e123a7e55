"""Keeping mails where they are until a person has looked, and letting them go again."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from invites.models import Batch, Hold
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member

SITE = "site"


def of_sender(member: User) -> str:
    """The scope of everything that this member sends."""
    return f"sender:{member.pk}"


def of_batch(batch: Batch) -> str:
    """The scope of one batch."""
    return f"batch:{batch.pk}"


def of_source(name: str) -> str:
    """The scope of everybody who came from this address book."""
    return f"source:{name}"


@transaction.atomic
def hold(scope: str, *, reason: str, actor: UUID | None = None) -> bool:
    """Nothing within `scope` leaves until a person lifts it. False: it was on hold already.

    `scope` is SITE or comes from `of_…`. `reason` is for staff and the ledger, so it names nobody.
    `actor` is the ledger's id of who did it; None for the site itself.
    """
    _, created = Hold.objects.get_or_create(
        scope=scope, lifted_at=None, defaults={"reason": reason, "placed_at": clock.now()}
    )
    if created:
        append([_event("hold.placed", scope, reason, actor)])
    return created


@transaction.atomic
def lift(scope: str, *, reason: str, actor: UUID) -> bool:
    """What was kept by the hold on `scope` may leave again. False: it was not on hold."""
    lifted = Hold.objects.filter(scope=scope, lifted_at=None).update(lifted_at=Now())
    if lifted:
        append([_event("hold.lifted", scope, reason, actor)])
    return bool(lifted)


def _event(action: str, scope: str, reason: str, actor: UUID | None) -> Event:
    if "@" in reason:
        raise ValueError("The ledger holds no addresses: give a reason that names nobody.")
    kind, _, name = scope.partition(":")
    return Event(action, _subject(kind, name), actor, {"scope": kind, "reason": reason})


def _subject(kind: str, name: str) -> UUID:
    """The ledger's id for a scope; the site and address books have one that never changes."""
    if kind == "sender":
        return of_member(int(name))
    if kind == "batch":
        return Batch.objects.get(pk=int(name)).uid
    return uuid5(NAMESPACE_URL, f"hold:{kind}:{name}")

"""Keeping mails where they are until a person has looked, and letting them go again."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction
from django.db.models.functions import Now

from invites import scopes
from invites.actions import staff_events
from invites.models import Batch, Hold
from invites.recipients.models import Case
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member


class NeedsASecondPerson(Exception):
    """Somebody complained about this sender: the hold is lifted by two (actions/reopening.py)."""


@transaction.atomic
def hold(scope: str, *, reason: str, actor: UUID | None = None) -> bool:
    """Nothing within `scope` leaves until a person lifts it. False: it was on hold already.

    `scope` is of invites/scopes.py. `reason` is for staff and the ledger, so it names nobody.
    `actor` is the ledger's id of who did it; None for the site itself. Nobody lifts it before the
    caller's transaction is over.
    """
    _, created = Hold.objects.select_for_update().get_or_create(
        scope=scope, lifted_at=None, defaults={"reason": reason, "placed_at": clock.now()}
    )
    if created:
        append([_event("hold.placed", scope, reason, actor)])
    return created


@transaction.atomic
def brake(scope: str, *, reason: str, actor: UUID | None = None) -> bool:
    """As `hold`, by the site itself or at a member's word: staff are told at once."""
    held = hold(scope, reason=reason, actor=actor)
    if held:
        kind, _ = scopes.read(scope)
        staff_events.tell("hold.placed", staff_events.desk(), kind=kind)
    return held


@transaction.atomic
def lift(scope: str, *, reason: str, actor: UUID, agreed: bool = False) -> bool:
    """What was kept by the hold on `scope` may leave again. False: it was not on hold.

    Raises NeedsASecondPerson unless two of the staff have `agreed` where that is asked for; the database
    looks whether they have.
    """
    held = Hold.objects.select_for_update().filter(scope=scope, lifted_at=None).first()
    if held is None:
        return False
    if not agreed and by_two([held.pk]):
        raise NeedsASecondPerson
    Hold.objects.filter(pk=held.pk).update(lifted_at=Now())
    append([_event("hold.lifted", scope, reason, actor)])
    return True


def by_two(holds: Iterable[int]) -> set[int]:
    """Those of these holds that two people have to lift: somebody complained about their sender."""
    found = Case.objects.filter(hold_id__in=list(holds)).values_list("hold_id", flat=True)
    return {hold for hold in found.distinct() if hold}


def _event(action: str, scope: str, reason: str, actor: UUID | None) -> Event:
    if "@" in reason:
        raise ValueError("The ledger holds no addresses: give a reason that names nobody.")
    kind, name = scopes.read(scope)
    return Event(action, _subject(kind, name), actor, {"scope": kind, "reason": reason})


def _subject(kind: str, name: str) -> UUID:
    """The ledger's id for a scope; the site and address books have one that never changes."""
    if kind == scopes.SENDER:
        return of_member(int(name))
    if kind == scopes.BATCH:
        return Batch.objects.get(pk=int(name)).uid
    return uuid5(NAMESPACE_URL, f"hold:{kind}:{name}")

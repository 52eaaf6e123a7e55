"""Lifting the hold on a sender somebody complained about: one of the staff proposes, another agrees.

The two are different accounts, both of the staff at the moment of agreeing. A complaint that comes in
between voids the proposal, for then nobody has weighed it.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from invites import scopes
from invites.actions import holding
from invites.models import Hold
from invites.recipients.models import Case, Outcome
from invites.rights import Act
from invites.staff_models import Reopening, ReopeningState
from ledger import clock
from ledger.entries import Event, Fact, append
from ledger.subjects import of_member


class NotReopened(Exception):
    """Why this can't be proposed, agreed to or refused; str() is the sentence for the page."""


@transaction.atomic
def propose(*, hold: Hold, reason: str, staff: User) -> Reopening:
    """Waits for a second person. `reason` names nobody. Raises NotReopened."""
    locked = Hold.objects.select_for_update().filter(pk=hold.pk, lifted_at=None).first()
    if locked is None:
        raise NotReopened("This hold is lifted already.")
    if not holding.by_two([locked.pk]):
        raise NotReopened("Nobody complained about this sender: one person lifts this hold.")
    if waiting_for(locked):
        raise NotReopened("This is proposed already, and waits for a second person.")
    proposal = Reopening.objects.create(
        hold=locked, reason=reason, proposed_by=staff, proposed_at=clock.now()
    )
    _record("reopening.proposed", proposal, staff, reason=reason)
    return proposal


@transaction.atomic
def agree(*, proposal: Reopening, staff: User) -> bool:
    """The sender's mails may leave again. Raises NotReopened.

    False: who proposed it is not on the staff any more, or somebody complained meanwhile. Then it is
    void, and the sender stays on hold.
    """
    locked = _open(proposal)
    if locked.proposed_by_id == staff.pk:
        raise NotReopened("You proposed this yourself: another person has to agree.")
    if _complained_since(locked) or not _may_propose(locked.proposed_by):
        _end(locked, ReopeningState.VOID, None)
        return False
    _end(locked, ReopeningState.AGREED, staff)
    Case.objects.filter(hold=locked.hold).update(outcome=Outcome.REOPENED)
    actor = of_member(staff.pk)
    holding.lift(locked.hold.scope, reason=locked.reason, actor=actor, agreed=True)
    return True


@transaction.atomic
def refuse(*, proposal: Reopening, staff: User) -> None:
    """The sender stays on hold. Whoever proposed it takes it back so. Raises NotReopened."""
    _end(_open(proposal), ReopeningState.REFUSED, staff)


def void(hold: Hold) -> None:
    """Somebody complained about the sender on hold: what was proposed before does not count.

    In the caller's transaction, which has locked the hold: so nobody proposes or agrees meanwhile.
    """
    waiting = Reopening.objects.filter(hold=hold, state=ReopeningState.PROPOSED)
    for proposal in waiting.select_related("hold"):
        _end(proposal, ReopeningState.VOID, None)


def waiting_for(hold: Hold) -> Reopening | None:
    """The proposal that waits for a second person."""
    return Reopening.objects.filter(hold=hold, state=ReopeningState.PROPOSED).first()


def why_void(proposal: Reopening) -> str:
    """The sentence about a proposal that ended by itself."""
    if _complained_since(proposal):
        return "Somebody complained after this was proposed, so it is void. Look at that first."
    return "Who proposed this is not on the staff any more, so it is void. Propose it anew."


def _open(proposal: Reopening) -> Reopening:
    """The hold is locked first, as a complaint and a proposal do it: they wait, and none for the other."""
    Hold.objects.select_for_update().get(pk=proposal.hold_id)
    found = (
        Reopening.objects.select_for_update(of=("self",))
        .select_related("hold", "proposed_by")
        .get(pk=proposal.pk)
    )
    if found.state == ReopeningState.VOID:
        raise NotReopened(why_void(found))
    if found.state != ReopeningState.PROPOSED:
        raise NotReopened("This was decided already.")
    return found


def _complained_since(proposal: Reopening) -> bool:
    return Case.objects.filter(
        hold_id=proposal.hold_id, opened_at__gte=proposal.proposed_at
    ).exists()


def _may_propose(person: User) -> bool:
    return person.is_active and person.is_staff and person.has_perm(Act.REOPEN)


def _end(proposal: Reopening, state: ReopeningState, staff: User | None) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, staff, clock.now()
    proposal.save(update_fields=["state", "decided_by", "decided_at"])
    _record(f"reopening.{state}", proposal, staff)


def _record(action: str, proposal: Reopening, staff: User | None, **facts: Fact) -> None:
    actor: UUID | None = of_member(staff.pk) if staff else None
    append([Event(action, of_member(_sender(proposal.hold)), actor, facts)])


def _sender(hold: Hold) -> int:
    return int(scopes.read(hold.scope)[1])

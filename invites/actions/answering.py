"""What a recipient says to an invitation beside accepting it, and taking that back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from invites.actions.leaving import let_pass
from invites.actions.responding import alive, invitation_of, stopped_since
from invites.actions.suppressing import LiftReason, Reason, hashes_of_recipient, suppress
from invites.consent import State
from invites.models import Invitation, Suppression
from invites.recipients.models import Answer, AnswerKind
from ledger import clock
from ledger.entries import Event, append
from ledger.models import Entry

MOST_STEPS = 200  # entries about one invitation, with which no more answers are taken


@transaction.atomic
def give(*, token: str, kind: AnswerKind) -> bool:
    """Keeps this answer in the place of any other. False: the link leads to no invitation.

    The sender goes on seeing "No answer". Who has accepted can't decline any more.
    """
    invitation = _locked(token)
    if invitation is None or (kind is AnswerKind.DECLINED and invitation.accepted_at):
        return False
    before = Answer.objects.filter(invitation=invitation).first()
    if before is None or before.kind != kind:
        Answer.objects.update_or_create(
            invitation=invitation, defaults={"kind": kind, "given_at": clock.now()}
        )
        append([Event("invitation.answered", invitation.uid, facts={"answer": kind.value})])
    let_pass(Q(pk=invitation.pk))
    return True


@transaction.atomic
def take_back(*, token: str) -> bool:
    """There is no answer any more. False: the link leads to no invitation, or not at this moment."""
    invitation = _locked(token)
    if invitation is None or invitation.state == State.SENDING:
        return False  # the answer is what keeps a mail in mid-air from a second attempt
    if Answer.objects.filter(invitation=invitation).delete()[0]:
        append([Event("invitation.answer_taken_back", invitation.uid)])
    return True


@transaction.atomic
def stop_sender(*, token: str) -> bool:
    """This sender can't invite this address again. False: the link leads to no invitation."""
    invitation = _locked(token)
    if invitation is None:
        return False
    if suppress(invitation, reason=Reason.RECIPIENT, sender=invitation.sender):
        append([Event("invitation.sender_stopped", invitation.uid)])
    return True


@transaction.atomic
def allow_sender(*, token: str) -> bool:
    """Takes `stop_sender` back; what was stopped for everybody stays. False: as with `take_back`."""
    invitation = _locked(token)
    if invitation is None or invitation.state == State.SENDING:
        return False
    hashes = [hashed.value for hashed in hashes_of_recipient(invitation)]
    lifted = Suppression.objects.filter(
        address_hash__in=hashes, sender=invitation.sender, reason=Reason.RECIPIENT, lifted_at=None
    ).update(lifted_at=Now(), lift_reason=LiftReason.TAKEN_BACK)
    if lifted:
        if stopped_since(hashes) is None:
            Invitation.objects.filter(pk=invitation.pk).update(stopped_at=None)
        append([Event("invitation.sender_allowed", invitation.uid)])
    return True


def _locked(token: str) -> Invitation | None:
    """The live invitation behind a link; two requests about it wait for each other.

    None also for who has changed their mind a hundred times: each time stays on the ledger for good.
    """
    invitation = invitation_of(token)
    if invitation is None or Entry.objects.filter(subject=invitation.uid).count() >= MOST_STEPS:
        return None
    # As it is by now: whoever was waited for may have accepted it.
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("sender", "batch")
    return rows.filter(alive(), pk=invitation.pk).first()

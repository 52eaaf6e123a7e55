"""What recipients do, without an account: the token in the path is the authority."""

from __future__ import annotations

from contextlib import suppress as ignore
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from importer.addresses import NotAnAddress
from importer.sources import typed
from invites import stored_mail, tokens
from invites.actions.suppressing import Reason, hashes_of_recipient, suppress
from invites.addresses import hashes_of, masked
from invites.consent import MAY_HAVE_LEFT, WITHDRAWABLE_STATES, State
from invites.models import Batch, Invitation, PreparedMail, SetAside, Suppression
from invites.recipients.models import Answer, AnswerKind, Case
from invites.rendering import letter_for
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """What the recipient's page says. Sender and words are those of the mail that was sent.

    `source_label` is "" when the sender typed the address. `recipient_address` is masked: a link is
    forwarded easily. `fingerprint` has the eight characters that also stand on the sender's page.
    `stopped_at` None: others may still invite this address; `sender_stopped_at` None: so may the
    sender, as far as the recipient is concerned. `answer` is "" without one. `announced`: the sender
    will see it when this person joins.
    """

    uid: UUID
    sender_name: str
    sender_first_name: str
    sender_address: str
    relationship_sentence: str
    words: str
    source_label: str
    chosen_at: datetime
    recipient_name: str
    recipient_address: str
    fingerprint: str
    kept_until: datetime
    stopped_at: datetime | None
    sender_stopped_at: datetime | None
    accepted_at: datetime | None
    answer: str
    reported_at: datetime | None
    announced: bool


@dataclass(frozen=True, slots=True)
class StopPage:
    """Whom a link can stop invitations to, masked; "" when the link does nothing else any more."""

    address: str
    stopped_at: datetime | None


def alive() -> Q:
    """What a recipient can still do something about: not withdrawn, not erased, not too old."""
    since = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    there = Q(state__in=MAY_HAVE_LEFT, withdrawn_at=None, batch__confirmed_at__gt=since)
    return there & ~Q(recipient_address="")


def invitation_of(token: str) -> Invitation | None:
    """The invitation behind a secret link; None when it is unknown or not `alive`."""
    known = Invitation.objects.select_related("sender", "batch")
    return known.filter(alive(), token_hash=tokens.hash_of(token)).first()


def invitation_page(token: str) -> InvitationPage | None:
    """All that the recipient is told; None where `invitation_of` gives None. Reads only."""
    invitation = invitation_of(token)
    if invitation is None:
        return None
    mail = stored_mail.read(bytes(PreparedMail.objects.get(invitation=invitation).raw))
    letter = letter_for(
        invitation,
        "",
        relationship=invitation.relationship,
        relationship_words=invitation.relationship_words,
    )
    # The account's name may have changed since; then the mail's full name stands for the first.
    first_name = letter.sender_first_name
    if not mail.sender_name.startswith(first_name):
        first_name = mail.sender_name
    batch = invitation.batch
    assert isinstance(batch, Batch), "what was sent was confirmed in a batch"
    answer = Answer.objects.filter(invitation=invitation).first()
    reported = Case.objects.filter(invitation=invitation).first()
    hashes = [hashed.value for hashed in hashes_of_recipient(invitation)]
    return InvitationPage(
        uid=invitation.uid,
        sender_name=mail.sender_name,
        sender_first_name=first_name,
        sender_address=mail.sender_address,
        relationship_sentence=replace(letter, sender_first_name=first_name).relationship_sentence,
        words=mail.words,
        source_label="" if invitation.source == typed.NAME else invitation.source_label,
        chosen_at=invitation.chosen_at,
        # Some address books have an address in a name's place.
        recipient_name="" if "@" in invitation.recipient_name else invitation.recipient_name,
        recipient_address=masked(invitation.recipient_address),
        fingerprint=batch.short_fingerprint,
        kept_until=batch.confirmed_at + timedelta(days=settings.RECIPIENT_DAYS),
        stopped_at=stopped_since(hashes),
        sender_stopped_at=stopped_since(hashes, sender=invitation.sender),
        accepted_at=invitation.accepted_at,
        answer=answer.kind if answer else "",
        reported_at=reported.opened_at if reported else None,
        announced=_announced().filter(pk=invitation.pk).exists(),
    )


def stop_page(token: str) -> StopPage | None:
    """Whom this link can stop; None: nobody. Also after withdrawal and age. Reads only."""
    invitation = _whatever_became_of_it(token)
    if invitation is None:
        return None
    return StopPage(
        address=masked(invitation.recipient_address) if invitation_of(token) else "",
        stopped_at=stopped_since([hashed.value for hashed in hashes_of_recipient(invitation)]),
    )


def stopped_since(hashes: list[str], sender: User | None = None) -> datetime | None:
    """Since when nobody (or not this sender) can invite whoever has these hashes. Reads only."""
    stops = Suppression.objects.filter(address_hash__in=hashes, sender=sender, lifted_at=None)
    first = stops.exclude(reason=SetAside.NEVER).order_by("created_at").first()
    return first.created_at if first else None


def _whatever_became_of_it(token: str) -> Invitation | None:
    """The invitation behind a link as long as it can tell whom it was for."""
    return Invitation.objects.filter(
        token_hash=tokens.hash_of(token), recipient_hash__isnull=False
    ).first()


@dataclass(frozen=True, slots=True)
class Invited:
    """Whose invitation brings somebody to sign up, and where it went."""

    sender_name: str
    invited_address: str  # masked


def other_address(*, uid: UUID, address: str) -> Invited | None:
    """Whom an invitation was for, if not for `address`; None: for it, or there is none. Reads only."""
    invitation = _to_join_by(uid)
    if invitation is None:
        return None
    try:
        if invitation.recipient_hash in _hashes(address):
            return None
    except NotAnAddress:
        return None
    return _whose(invitation)


def invited(uid: UUID) -> Invited | None:
    """What to say to who comes from this invitation; None: there is none. Reads only."""
    invitation = _to_join_by(uid)
    return _whose(invitation) if invitation else None


def _to_join_by(uid: UUID) -> Invitation | None:
    """A blocked one, too: its sender knows the `uid`, and must not learn by it who can't be invited."""
    return (
        Invitation.objects.select_related("sender")
        .filter(uid=uid, state__in=WITHDRAWABLE_STATES, withdrawn_at=None)
        .exclude(recipient_address="")
        .first()
    )


def _whose(invitation: Invitation) -> Invited:
    return Invited(
        sender_name=invitation.sender.get_full_name(),
        invited_address=masked(invitation.recipient_address),
    )


def came_by_invitation(member: User) -> bool:
    """Whether an invitation brought this member here within a day."""
    if member.date_joined < clock.now() - timedelta(days=1):
        return False
    hashes: list[str] = []
    for known in EmailAddress.objects.filter(user=member, verified=True):
        with ignore(NotAnAddress):
            hashes += _hashes(known.email)
    return Invitation.objects.filter(
        recipient_hash__in=hashes, state__in=MAY_HAVE_LEFT - {State.REQUESTED}, withdrawn_at=None
    ).exists()


@transaction.atomic
def stop_everyone(*, token: str) -> bool:
    """No member can send this address an invitation again. Also works after withdrawal and age.

    False: no invitation has this token, nothing happened.
    """
    invitation = _whatever_became_of_it(token)
    if invitation is None:
        return False
    if suppress(invitation, reason=Reason.RECIPIENT):
        append([Event("invitation.stopped", invitation.uid)])
    return True


@transaction.atomic
def accept(*, member: User, address: str) -> int:
    """Marks the invitations to `address` as accepted; returns how many.

    The member has just verified it. It binds: holding somebody else's link is not enough. Who wants
    nothing to do with a sender joins unannounced; a "no, thanks" is over by joining. What we can't
    read as an address was never invited.
    """
    try:
        hashes = _hashes(address)
    except NotAnAddress:
        return 0
    invited = Invitation.objects.filter(recipient_hash__in=hashes, accepted_at=None)
    list(invited.select_for_update(of=("self",)).values_list("pk"))  # as any answer does
    uids = list(
        _announced()
        .filter(recipient_hash__in=hashes, accepted_at=None)
        .exclude(state=State.REQUESTED)  # that one is answered inside the site
        .values_list("uid", flat=True)
    )
    if uids:
        Invitation.objects.filter(uid__in=uids).update(accepted_at=Now())
        Answer.objects.filter(invitation__uid__in=uids, kind=AnswerKind.DECLINED).delete()
        actor = of_member(member.pk)
        append(Event("invitation.accepted", uid, actor) for uid in uids)
    return len(uids)


def _hashes(address: str) -> list[str]:
    return [hashed.value for hashed in hashes_of(address)]


def _announced() -> QuerySet[Invitation]:
    """Invitations whose senders may see that the recipient has joined.

    `stopped_at` is set by a stop of everybody and by one of the sender alone.
    """
    return Invitation.objects.filter(
        state__in=MAY_HAVE_LEFT,
        stopped_at=None,
        withdrawn_at=None,
        case=None,
    ).exclude(answer__kind=AnswerKind.DONT_KNOW)

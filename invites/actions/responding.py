"""What recipients do, without an account: the token in the path is the authority."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from importer.addresses import NotAnAddress
from importer.sources import typed
from invites import stored_mail, tokens
from invites.actions.suppressing import Reason, suppress
from invites.addresses import address_hash
from invites.consent import MAY_HAVE_LEFT
from invites.models import Batch, Invitation, PreparedMail
from invites.rendering import letter_for
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """What the recipient's page says. Sender and words are those of the mail that was sent.

    `source_label` is "" when the sender typed the address. `fingerprint` has the eight characters
    that also stand on the sender's page. `stopped_at` None: others may still invite this address.
    """

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


@dataclass(frozen=True, slots=True)
class StopPage:
    """Whom a link can stop invitations to. `address` is "" when the link does nothing else any more."""

    address: str
    stopped_at: datetime | None


def invitation_of(token: str) -> Invitation | None:
    """The invitation behind a secret link; None when it is unknown, withdrawn, erased or too old."""
    since = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    return (
        Invitation.objects.select_related("sender", "batch")
        .filter(
            token_hash=tokens.hash_of(token),
            state__in=MAY_HAVE_LEFT,
            withdrawn_at=None,
            batch__confirmed_at__gt=since,
        )
        .exclude(recipient_address="")
        .first()
    )


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
    return InvitationPage(
        sender_name=mail.sender_name,
        sender_first_name=first_name,
        sender_address=mail.sender_address,
        relationship_sentence=replace(letter, sender_first_name=first_name).relationship_sentence,
        words=mail.words,
        source_label="" if invitation.source == typed.NAME else invitation.source_label,
        chosen_at=invitation.chosen_at,
        recipient_name=invitation.recipient_name,
        recipient_address=invitation.recipient_address,
        fingerprint=batch.short_fingerprint,
        kept_until=batch.confirmed_at + timedelta(days=settings.RECIPIENT_DAYS),
        stopped_at=invitation.stopped_at,
    )


def stop_page(token: str) -> StopPage | None:
    """Whom this link can stop; None: nobody. Also after withdrawal and age. Reads only."""
    invitation = _whatever_became_of_it(token)
    if invitation is None:
        return None
    return StopPage(
        address=invitation.recipient_address if invitation_of(token) else "",
        stopped_at=invitation.stopped_at,
    )


def _whatever_became_of_it(token: str) -> Invitation | None:
    """The invitation behind a link as long as it can tell whom it was for."""
    return Invitation.objects.filter(
        token_hash=tokens.hash_of(token), recipient_hash__isnull=False
    ).first()


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

    The member has just verified it. It binds: holding somebody else's link is not enough. Who had
    stopped all invitations joins unannounced. What we can't read as an address was never invited.
    """
    try:
        recipient_hash = address_hash(address)
    except NotAnAddress:
        return 0
    uids = list(
        Invitation.objects.filter(
            recipient_hash=recipient_hash,
            state__in=MAY_HAVE_LEFT,
            accepted_at=None,
            stopped_at=None,
            withdrawn_at=None,
        ).values_list("uid", flat=True)
    )
    if uids:
        Invitation.objects.filter(uid__in=uids).update(accepted_at=Now())
        actor = of_member(member.pk)
        append(Event("invitation.accepted", uid, actor) for uid in uids)
    return len(uids)

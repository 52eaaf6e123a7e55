"""What recipients do, without an account: the token in the path is the authority."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from invites import tokens
from invites.addresses import NORMALISER, address_hash, key_id
from invites.consent import NEEDS_CONSENT, State
from invites.models import Invitation, Suppression
from ledger import clock
from ledger.entries import Event, append


def invitation_of(token: str) -> Invitation | None:
    """The invitation behind a secret link; None when it is unknown, withdrawn, erased or too old."""
    since = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    return (
        Invitation.objects.select_related("sender", "batch")
        .filter(
            token_hash=tokens.hash_of(token),
            state__in=NEEDS_CONSENT - {State.CONFIRMED, State.CLAIMED},
            withdrawn_at=None,
            batch__confirmed_at__gt=since,
        )
        .exclude(recipient_address="")
        .first()
    )


@transaction.atomic
def stop_everyone(*, token: str) -> bool:
    """No member can send this address an invitation again. Also works after withdrawal and age.

    False: no invitation has this token, nothing happened.
    """
    invitation = Invitation.objects.filter(token_hash=tokens.hash_of(token)).first()
    if invitation is None or invitation.recipient_hash is None:
        return False
    suppress(invitation.recipient_hash, reason="recipient")
    append([Event("invitation.stopped", invitation.uid)])
    return True


def suppress(recipient_hash: str, *, reason: str) -> None:
    """Nobody can invite this address any more. Call it inside a transaction.

    Touching every open invitation to it takes their row locks, so it happens either before a worker's
    intent to send (then nothing leaves) or after it; never in between.
    """
    Suppression.objects.get_or_create(
        address_hash=recipient_hash,
        sender=None,
        defaults={
            "reason": reason,
            "key_id": key_id(),
            "normaliser": NORMALISER,
            "created_at": clock.now(),
        },
    )
    Invitation.objects.filter(recipient_hash=recipient_hash, stopped_at=None).update(
        stopped_at=Now()
    )


@transaction.atomic
def accept(*, member: User) -> int:
    """Marks the invitations to a new member's verified address as accepted; returns how many.

    The address binds: holding somebody else's link is not enough.
    """
    uids = list(
        Invitation.objects.filter(
            recipient_hash=address_hash(member.email),
            state__in=[State.SENDING, State.SENT, State.UNKNOWN],
            accepted_at=None,
            withdrawn_at=None,
        ).values_list("uid", flat=True)
    )
    Invitation.objects.filter(uid__in=uids).update(accepted_at=Now())
    append(Event("invitation.accepted", uid) for uid in uids)
    return len(uids)

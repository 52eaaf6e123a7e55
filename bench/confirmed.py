"""Many confirmed invitations, made quickly: written and confirmed by the product's own actions."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from invites import consent, tokens
from invites.actions import confirming, drafting
from invites.addresses import address_hash, domain_hash
from invites.consent import State
from invites.models import Batch, Invitation, PreparedMail, Relationship
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member
from tests import people

NOTE = (
    "You fixed our contract in a weekend, and you told us which clause would hurt us first. People "
    "ask me for such a lawyer every month; here I could send them to you, and you could send me yours."
)


def make(count: int, *, start: int = 0) -> None:
    """`count` invitations in the outbox, due at once, from members who each invite a draft's worth.

    People are numbered from `start`.

    Needs UNDO_SECONDS=0 and an INVITATIONS_PER_PERIOD of at least a full draft.
    """
    for first in range(start, start + count, drafting.MOST_CHOSEN):
        with transaction.atomic():
            _one_member(first, min(drafting.MOST_CHOSEN, start + count - first))


def _one_member(first: int, count: int) -> None:
    owner = people.member(f"Ana Diaz {first}", f"ana{first}@diaz.example")
    drafting.write(member=owner, note=NOTE)
    _choose(owner, [f"Bea Sousa {number}" for number in range(first, first + count)])
    seen = consent.fingerprint(_review_all(owner))
    batch = confirming.confirm(member=owner, fingerprint=seen, nudge=lambda batch: None).batch
    # The receipts go to the senders; what is counted here are invitations.
    Batch.objects.filter(pk=batch.pk).update(receipt_sent_at=Now())


def _choose(owner: User, names: list[str]) -> None:
    """What `drafting.choose` writes for ticked contacts."""
    now = clock.now()
    invitations = []
    for name in names:
        uid = uuid.uuid4()
        address = f"{name.replace(' ', '.').lower()}@norte.example"
        invitations.append(
            Invitation(
                uid=uid,
                sender=owner,
                recipient_name=name,
                recipient_address=address,
                recipient_hash=address_hash(address),
                domain_hash=domain_hash(address),
                source="google",
                source_label="Google contacts",
                token_hash=tokens.hash_of(tokens.token(uid)),
                chosen_at=now,
            )
        )
    Invitation.objects.bulk_create(invitations)


def _review_all(owner: User) -> list[str]:
    """What `drafting.decide` writes for one person, for a whole draft. Returns the mails' digests.

    The product has no such door, on purpose; opening thousands of cards one by one would take minutes.
    """
    invitations = drafting.in_draft(owner)
    mails = []
    for invitation in invitations:
        invitation.relationship = Relationship.WORKED
        mail = drafting.current_mail(invitation, NOTE)
        invitation.reviewed_digest = mail.digest
        invitation.state = State.REVIEWED.value
        mails.append(PreparedMail(invitation=invitation, raw=mail.raw))
    PreparedMail.objects.bulk_create(mails)
    Invitation.objects.bulk_update(invitations, ["relationship", "reviewed_digest", "state"])
    actor = of_member(owner.pk)
    append(Event("invitation.reviewed", invitation.uid, actor) for invitation in invitations)
    return [str(invitation.reviewed_digest) for invitation in invitations]

"""From what people have in hand to invitations: whole addresses, Message-IDs, ids, fingerprints.

By index alone, and so only what is named in full. Reads only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from importer.addresses import NotAnAddress
from invites.actions.suppressing import WHY, Reason
from invites.addresses import domain_hashes_of, domain_of, hashes_of
from invites.models import Batch, Invitation, MemberAddress, SetAside, Suppression

A_PAGE = 50
_IS_FINGERPRINT = re.compile(r"[0-9a-f]{8,64}").fullmatch


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A row of the list of those who get no invitation, and in words why it is or was there."""

    row: Suppression
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a term leads to. `problem` says why a term can lead nowhere."""

    senders: list[User] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    suppressed: list[Suppressed] = field(default_factory=list)
    problem: str = ""

    @property
    def nothing(self) -> bool:
        """Neither a row nor a reason."""
        return not (self.senders or self.invitations or self.batches or self.suppressed)


def find(term: str) -> Found:
    """Everything that `term` names."""
    bare = term.strip().strip("<>").strip()
    uid = uid_in(bare)
    if uid:
        invitations = _shown(Invitation.objects.filter(uid=uid))
        return Found(invitations=invitations, batches=list(_batches().filter(uid=uid)))
    if "@" in bare:
        return _by_address(bare)
    if _IS_FINGERPRINT(bare.lower()):
        return Found(batches=batches_called(bare.lower()))
    return Found(
        problem="Type something whole: an e-mail address, a Message-ID, an invitation’s id or the "
        "eight characters of a fingerprint. Parts of names and addresses find nobody."
    )


def batches_called(fingerprint: str) -> list[Batch]:
    """Those whose fingerprint begins so; none for what is no fingerprint."""
    if not _IS_FINGERPRINT(fingerprint):
        return []
    # As a range, which any index can answer: SQLite's LIKE reads every row. No digit is above "f".
    named = Q(fingerprint__gte=fingerprint, fingerprint__lt=fingerprint + "g")
    return list(_batches().filter(named).order_by("fingerprint")[:A_PAGE])


def uid_in(bare: str) -> UUID | None:
    """The invitation that a Message-ID of ours, or an id itself, names."""
    ours = re.escape(settings.INVITATIONS_ADDRESS.rpartition("@")[2])
    message_id = re.fullmatch(rf"([0-9a-f]{{32}})@{ours}", bare, re.IGNORECASE)
    try:
        return UUID(message_id.group(1) if message_id else bare)
    except ValueError:
        return None


def _by_address(address: str) -> Found:
    """As a sender and as a recipient, and why nobody may invite it."""
    try:
        hashes = [hashed.value for hashed in hashes_of(address)]
        domain = [hashed.value for hashed in domain_hashes_of(domain_of(address))]
    except NotAnAddress as error:
        return Found(problem=f"This is not a whole e-mail address: {error}")
    members = {
        *MemberAddress.objects.filter(address_hash__in=hashes).values_list("member_id", flat=True),
        *EmailAddress.objects.filter(email=address.lower()).values_list("user_id", flat=True),
    }
    # What a member said for themselves is theirs.
    listed = Suppression.objects.filter(address_hash__in=[*hashes, *domain]).exclude(
        reason=SetAside.NEVER
    )
    return Found(
        senders=list(User.objects.filter(pk__in=members).order_by("id")),
        invitations=_shown(Invitation.objects.filter(recipient_hash__in=hashes)),
        suppressed=[
            Suppressed(row, WHY[Reason(row.reason)] if row.reason in WHY else row.reason)
            for row in listed.select_related("sender").order_by("-id")[:A_PAGE]
        ],
    )


def _shown(found: QuerySet[Invitation]) -> list[Invitation]:
    return list(found.select_related("sender", "batch").order_by("-id")[:A_PAGE])


def _batches() -> QuerySet[Batch]:
    return Batch.objects.select_related("sender")


def batches_of(member: User, before: int | None) -> list[Batch]:
    """A page of what a member confirmed, the newest first, beginning below the id `before`."""
    older = Q(pk__lt=before) if before else Q()
    return list(_batches().filter(older, sender=member).order_by("-id")[: A_PAGE + 1])


def invitations_in(batch: Batch, after: int) -> list[Invitation]:
    """A page of a batch, in the order of choosing, beginning above the id `after`."""
    return list(batch.invitations.filter(pk__gt=after).order_by("id")[: A_PAGE + 1])

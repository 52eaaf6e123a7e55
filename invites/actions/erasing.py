"""What invitations brought here about their recipients: taken out, and at whose word."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from invites import tokens
from invites.actions.suppressing import hashes_of_recipient
from invites.consent import DRAFT_STATES, WAITING_STATES, State
from invites.models import Invitation, PreparedMail, Reservation
from invites.recipients.models import Case
from ledger import subjects
from ledger.entries import Event, append

# What others still write or are about to send is theirs, and says nothing that we know of. What is just
# leaving is left alone for the moment: its outcome is still to be written down.
_NOT_YET_OURS = DRAFT_STATES | WAITING_STATES | {State.SENDING}


def empty(invitations: Iterable[int]) -> None:
    """Takes names, addresses, words and the mail out of these; their keyed hash stays. No ledger entry.

    In the caller's transaction.
    """
    ids = list(invitations)
    Invitation.objects.filter(id__in=ids).update(
        recipient_name="",
        recipient_address="",
        domain_hash=None,
        own_line="",
        relationship_words="",
        server_reply="",  # mail servers like to repeat the address
    )
    PreparedMail.objects.filter(invitation_id__in=ids).delete()
    Case.objects.filter(invitation_id__in=ids).update(words="")


def is_erased(token: str) -> bool:
    """Whether the person behind this link has erased what was kept. Reads only."""
    return Invitation.objects.filter(
        token_hash=tokens.hash_of(token), recipient_hash=None, recipient_address=""
    ).exists()


@transaction.atomic
def erase(*, token: str) -> bool:
    """Erases name, address, hash and mail from everything that was sent to this address.

    What the recipient stopped stays stopped: that hash was asked for. Their answers stay without them,
    as numbers; so does a report, without its words. False: the link leads to nobody.
    """
    asked = Invitation.objects.filter(
        token_hash=tokens.hash_of(token), recipient_hash__isnull=False
    ).first()
    if asked is None or asked.state in _NOT_YET_OURS:
        return False
    hashes = [hashed.value for hashed in hashes_of_recipient(asked)]
    found = dict(
        Invitation.objects.select_for_update(of=("self",))
        .filter(recipient_hash__in=hashes)
        .exclude(state__in=_NOT_YET_OURS)
        .order_by("id")
        .values_list("id", "uid")
    )
    empty(found)
    Invitation.objects.filter(id__in=found).update(recipient_hash=None)
    Reservation.objects.filter(invitation_uid__in=found.values()).delete()
    known = Invitation.objects.filter(recipient_hash__in=hashes)
    subjects.erase(set(hashes) - set(known.values_list("recipient_hash", flat=True)))
    append(Event("invitation.erased_at_word", uid) for uid in found.values())
    return True

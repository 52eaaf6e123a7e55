"""What invitations brought here about their recipients: taken out, and at whose word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from invites import tokens
from invites.actions.suppressing import hashes_of_recipient
from invites.consent import DRAFT_STATES, WAITING_STATES, State
from invites.models import Invitation, PreparedMail, Reservation
from invites.recipients.models import Case
from invites.staff_models import CaseNote
from ledger import clock, subjects
from ledger.entries import Event, append

WORDS_DAYS = 30  # what staff wrote can be read for so long, however old the invitation is

# What others still write or are about to send is theirs, and says nothing that we know of. What is just
# leaving is left alone for the moment: its outcome is still to be written down.
_NOT_YET_OURS = DRAFT_STATES | WAITING_STATES | {State.SENDING}


def empty(invitations: Iterable[int]) -> None:
    """Takes names, addresses, words and the mail out of these; their keyed hash stays. No ledger entry.

    What staff wrote about a complaint stays until `empty_cases`.

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


def empty_cases(cases: QuerySet[Case]) -> None:
    """Takes out of these what staff wrote: to the reporter, and for each other. No ledger entry."""
    CaseNote.objects.filter(case__in=cases.order_by()).delete()
    cases.update(words="", decision="", what_changed="")


def late_words(grace: timedelta = timedelta(0)) -> QuerySet[Case]:
    """Complaints about invitations of more than RECIPIENT_DAYS ago that still have words of the staff.

    Words of the last WORDS_DAYS are left: who reported late has to be able to read the answer.
    """
    now = clock.now() - grace
    written = now - timedelta(days=WORDS_DAYS)
    over = now - timedelta(days=settings.RECIPIENT_DAYS)
    decided = Case.objects.filter(decided_at__lte=written).exclude(decision="", what_changed="")
    noted = CaseNote.objects.filter(at__lte=written)
    either = Q(pk__in=decided.values("pk")) | Q(pk__in=noted.values("case"))
    fresh = Q(decided_at__gt=written) | Q(
        pk__in=CaseNote.objects.filter(at__gt=written).values("case")
    )
    return Case.objects.filter(either, invitation__batch__confirmed_at__lte=over).exclude(fresh)


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
    empty_cases(Case.objects.filter(invitation_id__in=found))
    Invitation.objects.filter(id__in=found).update(recipient_hash=None)
    Reservation.objects.filter(invitation_uid__in=found.values()).delete()
    known = Invitation.objects.filter(recipient_hash__in=hashes)
    subjects.erase(set(hashes) - set(known.values_list("recipient_hash", flat=True)))
    append(Event("invitation.erased_at_word", uid) for uid in found.values())
    return True

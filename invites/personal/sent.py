"""What a member has written, decided and confirmed, as a download has it: all that the pages tell, no more.

What a recipient did stays theirs: of an invitation that left it says "Accepted" or "No answer" as the page
of the confirmation does, and neither a time nor a column that differs (docs/adr/0014, 0016).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from invites.actions import outcomes, weighing
from invites.actions.suppressing import WHY, Reason
from invites.consent import DRAFT_STATES, State
from invites.models import (
    Batch,
    Invitation,
    MemberAddress,
    PersonalLink,
    PreparedMail,
    SetAside,
    Suppression,
)
from ledger.models import Entry
from ledger.personal import columns, pages
from ledger.subjects import known_member

# The pages' words for the kinds of `outcomes.Row`.
OUTCOMES = {
    "waiting": "Waits to leave",
    "due": "Leaves any moment",
    "held": "On hold: a person is looking at it",
    "leaving": "Leaving",
    "delivered": "No answer",
    "accepted": "Accepted",
    "withdrawn": "Withdrawn by you",
    "unknown": "The mail server went silent: it may have arrived",
    "came_back": "Not delivered: this person can’t be invited",
    "failed": "Not delivered: the mail server refused it",
    "expired": "Too late to leave: nothing was sent",
    "taken_back": "Taken back: nothing was sent",
}
Rows = Iterator[dict[str, Any]]
_AT_ONCE = 500  # subjects in one query of the ledger


def invitations(member_id: int) -> Rows:
    """Those of the draft, then those of each confirmation."""
    for page in pages(Invitation.objects.filter(sender_id=member_id, state__in=DRAFT_STATES)):
        for one in page:
            yield _words(one) | {
                "decision": one.get_set_aside_display()
                or ("Invite" if one.state == State.REVIEWED else "Not decided"),
            }
    for batches in pages(Batch.objects.filter(sender_id=member_id)):
        for batch in batches:
            for row in outcomes.rows_of(batch):
                yield _words(row.invitation) | {
                    "confirmation": batch.uid,
                    "digest": row.invitation.confirmed_digest,
                    "leaves_not_before": batch.not_before,
                    "withdrawn_at": row.invitation.withdrawn_at,
                    "outcome": OUTCOMES[row.kind],
                }


def _words(invitation: Invitation) -> dict[str, Any]:
    return {
        "number": invitation.uid,
        "name": invitation.recipient_name,
        "address": invitation.recipient_address,
        "source": invitation.source_label,
        "chosen_at": invitation.chosen_at,
        "relationship": invitation.get_relationship_display(),
        "relationship_words": invitation.relationship_words,
        "own_line": invitation.own_line,
    }


def mails(member_id: int) -> Iterator[tuple[str, bytes]]:
    """Each mail as its card showed it, with the number of its invitation; tokens are hashes."""
    stored = PreparedMail.objects.filter(invitation__sender_id=member_id)
    for page in pages(stored.select_related("invitation"), size=100):
        for mail in page:
            yield str(mail.invitation.uid), bytes(mail.raw)


def links(member_id: int) -> Rows:
    """Personal links, without the secret in them."""
    for page in pages(PersonalLink.objects.filter(sender_id=member_id)):
        for link in page:
            yield {
                "number": link.uid,
                "name": link.recipient_name,
                "source": link.source_label,
                "relationship": link.get_relationship_display(),
                "relationship_words": link.relationship_words,
                "words": link.words,
                "confirmed_at": link.confirmed_at,
                "withdrawn_at": link.withdrawn_at,
                "outcome": "Withdrawn by you"
                if link.withdrawn_at
                else ("Accepted" if link.accepted_at else "No answer"),
            }


def nevers(member_id: int) -> Rows:
    """Every "never" of this member, of which only a keyed hash is kept, and stops of their own addresses.

    Those of verified addresses alone: anybody can type an address, and must not learn that it is stopped.
    """
    said = Suppression.objects.filter(
        sender_id=member_id, reason=SetAside.NEVER.value, lifted_at=None
    )
    for page in pages(said):
        yield from (
            {"what": "You said “never” of somebody", "since": one.created_at} for one in page
        )
    own = MemberAddress.objects.filter(member_id=member_id).values("address_hash")
    stopped = Suppression.objects.filter(address_hash__in=own, sender=None, lifted_at=None)
    for one in stopped.order_by("pk"):
        yield {
            "what": "No member can invite an address of yours",
            "why": WHY[Reason(one.reason)],
            "since": one.created_at,
        }


def hold(member_id: int) -> Rows:
    """That a person is looking at what this member sends, as the pages say it: not since when, or why."""
    if outcomes.is_held(User(pk=member_id)):
        yield {"what": "On hold: a person is looking at it. Nothing leaves before."}


def limit(member_id: int) -> Rows:
    """That fewer can be invited for now."""
    if weighing.has_fewer(User(pk=member_id)):
        yield {"what": "For now you can invite fewer people at a time."}


def steps(member_id: int) -> Rows:
    """What the ledger has of this member's own acts, subject by subject.

    Without the entries' numbers, which count what everybody does, and without what others did.
    """
    me = known_member(member_id)
    if me is None:
        return
    yield from _acts(Q(subject=me) & (Q(actor=me) | Q(action="draft.forgotten")))
    of_member = (
        Invitation.objects.filter(sender_id=member_id),
        Batch.objects.filter(sender_id=member_id),
        PersonalLink.objects.filter(sender_id=member_id),
    )
    subjects = [row["uid"] for rows in of_member for row in columns(rows, "uid")]
    for start in range(0, len(subjects), _AT_ONCE):
        yield from _acts(Q(subject__in=subjects[start : start + _AT_ONCE], actor=me))


def _acts(which: Q) -> Rows:
    for page in pages(Entry.objects.filter(which)):
        for entry in page:
            yield {
                "at": entry.at,
                "action": entry.action,
                "about": entry.subject,
                "facts": entry.facts,
            }

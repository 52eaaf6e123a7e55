"""Checking, confirming, taking back. Confirming is the only way into the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Coalesce, Now
from kombu.exceptions import OperationalError

from importer.actions import forget_contacts
from invites import consent, notice
from invites.actions import weighing
from invites.actions.drafting import current_mail, draft_of, in_draft, lock_draft, send_back
from invites.actions.links import linked_contacts
from invites.consent import (
    BEFORE_CONFIRMING,
    ConsentMissing,
    Facts,
    Missing,
    StaleConfirmation,
    State,
    missing_before_sending,
)
from invites.models import (
    Batch,
    ConsentRecord,
    Draft,
    Invitation,
    PersonalLink,
    PreparedMail,
    Suppression,
)
from invites.rendering import Rendered
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import keyed_hash, of_member, uids_for

log = logging.getLogger(__name__)

# Who asked for no invitations in the meantime: noted in the same step for all, so that it takes as long.
_ON_THE_LIST = Exists(
    Suppression.objects.filter(
        Q(sender=None) | Q(sender=OuterRef("sender")),
        Q(address_hash=OuterRef("recipient_hash")) | Q(address_hash=OuterRef("domain_hash")),
        lifted_at=None,
    )
)


@dataclass(frozen=True, slots=True)
class Ready:
    """One reviewed invitation with its mail as rendered now, and what stands in its way."""

    invitation: Invitation
    mail: Rendered
    missing: list[Missing]


@dataclass(frozen=True, slots=True)
class Check:
    """The check page: who gets a mail on confirming, who waits for room, who must be looked at again.

    `fingerprint` is over the digests of `leaving` (64 hex digits), "" when nobody would leave.
    """

    leaving: list[Ready]
    waiting: list[Ready]
    changed: list[Ready]
    fingerprint: str
    room: int

    @property
    def count(self) -> int:
        """How many mails a confirmation would queue."""
        return len(self.leaving)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The batch of a confirmation. `already`: it stood before; nothing was added by this request.

    `forgotten`: how many people who are not in the batch were erased from the address books.
    """

    batch: Batch
    already: bool
    forgotten: int = 0


def room_for(member: User) -> int:
    """How many invitations this member may still confirm in the current period."""
    since = clock.now() - timedelta(days=settings.INVITATION_PERIOD_DAYS)
    used = (
        Invitation.objects.filter(sender=member, batch__confirmed_at__gt=since)
        .exclude(state=State.CANCELLED)
        .count()
    )
    used += PersonalLink.objects.filter(sender=member, confirmed_at__gt=since).count()
    return max(0, weighing.allowance(member) - used)


def check(*, member: User) -> Check:
    """What stands on the check page now. Reads only."""
    draft = draft_of(member)
    note = draft.note if draft else ""
    now = clock.now()
    good: list[Ready] = []
    changed: list[Ready] = []
    reviewed = [item for item in in_draft(member) if item.state == State.REVIEWED]
    stored = dict(
        PreparedMail.objects.filter(invitation__in=reviewed).values_list("invitation_id", "raw")
    )
    for invitation in reviewed:
        mail = current_mail(invitation, note)
        # The stored bytes are what will leave; they must be the ones that would be rendered now.
        same = bytes(stored.get(invitation.pk, b"")) == mail.raw
        facts = _facts(invitation, mail.digest if same else None, now)
        missing = missing_before_sending(facts)
        ready = Ready(invitation, mail, missing)
        (changed if set(missing) & BEFORE_CONFIRMING else good).append(ready)
    room = room_for(member)
    leaving, waiting = good[:room], good[room:]
    return Check(
        leaving=leaving,
        waiting=waiting,
        changed=changed,
        fingerprint=consent.fingerprint(item.mail.digest for item in leaving) if leaving else "",
        room=room,
    )


def _facts(invitation: Invitation, digest: str | None, now: datetime) -> Facts:
    return Facts(
        state=State(invitation.state),
        relationship=invitation.relationship,
        digest=digest,
        reviewed_digest=invitation.reviewed_digest,
        confirmed_digest=invitation.confirmed_digest,
        recorded_digest=None,
        not_before=None,
        now=now,
        stopped=False,
        held=False,
    )


def confirm(*, member: User, fingerprint: str, nudge: Callable[[Batch], None]) -> Confirmed:
    """Queues exactly the mails whose fingerprint stood on the posted page, or none.

    Renders all of them again. Raises StaleConfirmation when anything differs from that page (the cards
    of changed mails come back), ConsentMissing when there is nobody to confirm. Confirming the same
    page twice gives the same batch. `nudge` is called after the commit; a lost nudge loses nothing.
    """
    if not is_complete(member):
        raise ConsentMissing([Missing.SENDER_INCOMPLETE])
    with transaction.atomic():
        draft = lock_draft(member)
        if batch := Batch.objects.filter(sender=member, fingerprint=fingerprint).first():
            return Confirmed(batch, already=True)
        checked = check(member=member)
        for item in checked.changed:
            send_back(item.invitation)
        if checked.leaving and not checked.changed and checked.fingerprint == fingerprint:
            batch = _queue(member, checked, wording(draft.note))
            if not in_draft(member):
                # The next note begins empty: these words were for these people.
                Draft.objects.filter(sender=member).update(note="")
    # Refusals come after the commit: cards that were sent back must stay sent back.
    if not checked.leaving and not checked.changed:
        raise ConsentMissing([Missing.NOT_REVIEWED])
    if batch is None:
        raise StaleConfirmation([item.invitation.display_name for item in checked.changed])
    nudge(batch)
    return Confirmed(
        batch, already=False, forgotten=_forget_who_was_not_chosen(member, checked, batch)
    )


def _forget_who_was_not_chosen(member: User, checked: Check, batch: Batch) -> int:
    """Erases the member's address books but for the rest of the draft; counts who is in no batch."""
    kept = [item.contact_id for item in in_draft(member) if item.contact_id is not None]
    copied = [item.invitation.contact_id for item in checked.leaving]
    linked = linked_contacts(member)
    return forget_contacts(
        member,
        kept,
        why="confirmed",
        copied=[*linked, *(key for key in copied if key is not None)],
        facts={"invited": checked.count + len(linked), "batch": str(batch.uid)},
    ).people


def is_complete(member: User) -> bool:
    """Whether the mail can truly say who sends it and that the address was checked."""
    checked = EmailAddress.objects.filter(user=member, email__iexact=member.email, verified=True)
    return bool(member.get_full_name()) and checked.exists()


def wording(note: str) -> str:
    """Twelve characters by which staff see that notes are the same, and figures count what they led to.

    Keyed, so that nobody reads a note from it; too short to prove what a note was.
    """
    return keyed_hash("wording", " ".join(note.split()))[:12]


def _queue(member: User, checked: Check, words: str) -> Batch:
    """Writes batch, consent records and states: what `confirmed` means, in one transaction."""
    now = clock.now()
    not_before = now + timedelta(seconds=settings.UNDO_SECONDS)
    batch = Batch.objects.create(
        sender=member,
        fingerprint=checked.fingerprint,
        count=checked.count,
        confirmed_at=now,
        not_before=not_before,
    )
    actor = of_member(member.pk)
    recipients = uids_for(str(item.invitation.recipient_hash) for item in checked.leaving)
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            invitation_uid=item.invitation.uid,
            batch_uid=batch.uid,
            sender_subject=actor,
            recipient_subject=recipients[str(item.invitation.recipient_hash)],
            digest=item.mail.digest,
            relationship=item.invitation.relationship,
            fingerprint=checked.fingerprint,
            count=checked.count,
            notice_version=notice.VERSION,
            confirmed_at=now,
            not_before=not_before,
        )
        for item in checked.leaving
    )
    Invitation.objects.filter(id__in=[item.invitation.id for item in checked.leaving]).update(
        state=State.CONFIRMED,
        confirmed_digest=F("reviewed_digest"),
        wording=words,
        batch=batch,
        send_after=not_before,
        stopped_at=Case(
            When(_ON_THE_LIST, then=Coalesce("stopped_at", Now())), default="stopped_at"
        ),
    )
    facts: dict[str, str | int | bool | None] = {
        "fingerprint": checked.fingerprint,
        "count": checked.count,
        "notice": notice.VERSION,
    }
    append(
        [Event("batch.confirmed", batch.uid, actor, facts)]
        + [
            Event(
                "invitation.confirmed",
                i.invitation.uid,
                actor,
                {"digest": i.mail.digest, "source": i.invitation.source, "wording": words},
            )
            for i in checked.leaving
        ]
    )
    return batch


def nudged(wake: Callable[[], object]) -> None:
    """Calls `wake`; a Redis that is out of reach costs seconds (the sweep comes), never a mail."""
    try:
        wake()
    except OperationalError:
        log.warning("the queue is out of reach; the sweep will do it")

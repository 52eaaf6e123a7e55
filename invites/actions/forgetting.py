"""Erasing what is over, and everything when a member says so."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from importer.actions import forget_contacts, forget_overdue
from invites.actions import erasing, linking, links, returned_mail, staff_events
from invites.actions.drafting import lock_draft
from invites.consent import DRAFT_STATES
from invites.models import Draft, Invitation, SetAside, Suppression
from invites.recipients.models import Case
from ledger import clock, subjects
from ledger.entries import Event, Fact, append
from ledger.subjects import of_member

AT_ONCE = 500  # rows a transaction, so that others need not wait; the rest comes minutes later


@transaction.atomic
def forget_everything(*, member: User) -> None:
    """Erases the member's address books, draft, note and every "never". `past_erasures` has the receipt.

    What was confirmed stays: the recipients have a right to see it, and it can be taken back.
    """
    draft = lock_draft(member)
    note = bool(draft.note)
    drafted = Invitation.objects.filter(sender=member, state__in=DRAFT_STATES)
    chosen, in_no_book = drafted.count(), drafted.filter(contact=None).count()
    drafted.delete()
    Draft.objects.filter(sender=member).delete()
    nevers = Suppression.objects.filter(sender=member, reason=SetAside.NEVER)
    never = nevers.count()
    nevers.delete()
    gone = forget_contacts(member, copied=links.linked_contacts(member))
    facts: dict[str, Fact] = {
        **asdict(gone),
        "people": gone.people + in_no_book,
        "chosen": chosen,
        "note": note,
        "never": never,
        "invited": invited_people(member),
    }
    who = of_member(member.pk)
    append([Event("everything.forgotten", who, who, facts)])


def invited_people(member: User) -> int:
    """How many people we know because this member invited them."""
    confirmed = Invitation.objects.filter(sender=member).exclude(state__in=DRAFT_STATES)
    by_mail = confirmed.exclude(recipient_address="").values("recipient_hash").distinct().count()
    return by_mail + links.links_by(member).filter(erased_at=None).count()


def forget_what_is_over() -> int:
    """Erases what has been here for as long as we said; returns how many people."""
    returned_mail.forget_digests()
    staff_events.forget()
    people = forget_recipients() + linking.forget_old()
    forget_words_of_staff()
    over = Draft.objects.filter(kept_until__lt=clock.now())
    for draft in over.select_related("sender")[:AT_ONCE]:
        with transaction.atomic():
            if not over.filter(pk=draft.pk).delete()[0]:
                continue  # its sender has just come back
            drafted = Invitation.objects.filter(sender=draft.sender, state__in=DRAFT_STATES)
            count = len(drafted)
            drafted.delete()
            append([Event("draft.forgotten", of_member(draft.sender.pk), facts={"people": count})])
            people += count
    return people + forget_overdue()


@transaction.atomic
def forget_recipients() -> int:
    """Erases name, address and mail of everybody invited RECIPIENT_DAYS ago; returns how many.

    The keyed hash stays: by it nobody gets a second mail, and their stop link goes on working. Whom
    the ledger's random id stands for is forgotten.
    """
    since = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    over = Invitation.objects.filter(batch__confirmed_at__lte=since).exclude(recipient_address="")
    some = over.order_by("id").values_list("id", "uid", "recipient_hash")[:AT_ONCE]
    found = {pk: uid for pk, uid, _ in some}
    hashes = {hashed for _, _, hashed in some if hashed}
    erasing.empty(found)
    known = Invitation.objects.filter(recipient_hash__in=hashes).exclude(recipient_address="")
    subjects.erase(hashes - set(known.values_list("recipient_hash", flat=True)))
    append(Event("invitation.erased", uid) for uid in found.values())
    return len(found)


@transaction.atomic
def forget_words_of_staff() -> int:
    """Erases what staff wrote about complaints whose invitation is RECIPIENT_DAYS old; returns of how many.

    The ledger goes on saying that it was read, taken, decided, and by whom.
    """
    some = list(erasing.late_words().order_by("id").values_list("pk", flat=True)[:AT_ONCE])
    erasing.empty_cases(Case.objects.filter(pk__in=some))
    return len(some)

"""Erasing what is over, and everything when a member says so."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from importer.actions import forget_contacts, forget_overdue
from invites.consent import DRAFT_STATES
from invites.models import Draft, Invitation, SetAside, Suppression
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member


def forget_everything(*, member: User) -> int:
    """Erases the member's address books, draft, note and every "never"; returns how many people.

    What was confirmed stays: the recipients have a right to see it, and it can be taken back.
    """
    with transaction.atomic():
        drafted = Invitation.objects.filter(sender=member, state__in=DRAFT_STATES)
        typed = drafted.filter(contact=None).count()
        uids = list(drafted.values_list("uid", flat=True))
        drafted.delete()
        Draft.objects.filter(sender=member).delete()
        Suppression.objects.filter(sender=member, reason=SetAside.NEVER).delete()
        append([Event("draft.forgotten", of_member(member.pk), facts={"people": len(uids)})])
    return typed + forget_contacts(member=member)


def forget_what_is_over() -> int:
    """Erases drafts after DRAFT_DAYS and what importer holds too long; returns how many people."""
    people = 0
    for draft in Draft.objects.filter(kept_until__lt=clock.now()).select_related("sender"):
        with transaction.atomic():
            drafted = Invitation.objects.filter(sender=draft.sender, state__in=DRAFT_STATES)
            people += len(drafted)
            drafted.delete()
            draft.delete()
            append([Event("draft.forgotten", of_member(draft.sender.pk), facts={"people": people})])
    return people + forget_overdue()

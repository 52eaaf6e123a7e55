"""How staff share the work on complaints: who has taken one, and what they noted for each other."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from invites.actions.cases import mark_read
from invites.recipients.models import Case
from invites.rights import Act, who_may
from invites.staff_models import CaseNote
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member


@transaction.atomic
def give(*, ids: Iterable[int], owner: User, staff: User) -> int:
    """These are looked after by `owner` from now on; returns how many were not.

    Who takes one has read it.
    """
    found = Case.objects.select_for_update(of=("self",)).filter(pk__in=list(ids))
    changed = 0
    for case in found.exclude(owner=owner).select_related("invitation").order_by("id"):
        if owner == staff:
            mark_read(case=case, staff=staff)
        Case.objects.filter(pk=case.pk).update(owner=owner)
        append([Event("invitation.report_taken", case.invitation.uid, of_member(staff.pk),
                      {"owner": str(of_member(owner.pk))})])  # fmt: skip
        changed += 1
    return changed


@transaction.atomic
def note(*, case: Case, words: str, staff: User) -> CaseNote:
    """For the other staff. It can't be changed; it goes with the case. The ledger has no words of it."""
    written = CaseNote.objects.create(case=case, words=words, author=staff, at=clock.now())
    append([Event("invitation.report_noted", case.invitation.uid, of_member(staff.pk))])
    return written


def notes_on(ids: Iterable[int]) -> list[CaseNote]:
    """All notes on these complaints, oldest first."""
    notes = CaseNote.objects.filter(case_id__in=list(ids)).select_related("author")
    return list(notes.order_by("id"))


def colleagues() -> list[User]:
    """Everybody to whom a complaint can be handed over."""
    return list(who_may(Act.DECIDE).order_by("first_name", "id"))

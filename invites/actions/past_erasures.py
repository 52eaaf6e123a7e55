"""What was erased of a member's people, and when: read from the ledger, which keeps numbers alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from importer.models import Import
from importer.sources import files
from invites.models import Batch
from ledger import subjects
from ledger.models import Entry

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasing, in numbers. `why`: asked, confirmed, idle, age, or draft.

    `invited` people were known afterwards because they are invited, `kept` ones because they are in
    the draft.
    """

    at: datetime
    why: str
    people: int = 0
    addresses: int = 0
    files: int = 0
    accesses: int = 0
    chosen: int = 0
    never: int = 0
    note: bool = False
    invited: int = 0
    kept: int = 0


_FACTS = fields(Erasure)[1:]
_WHY = {"everything.forgotten": "asked", "draft.forgotten": "draft"}


def erasures_of(member: User) -> list[Erasure]:
    """The newest of them first."""
    return [_read(entry) for entry in _entries(member.pk)[:SHOWN]]


def erasure_of(batch: Batch) -> Erasure | None:
    """What confirming this batch erased; None when there was nobody to erase."""
    entry = _entries(batch.sender_id).filter(facts__batch=str(batch.uid)).first()
    return _read(entry) if entry else None


def accesses_of(member: User) -> list[Import]:
    """Every reading of an address book by an access of ours, newest first, for what became of it."""
    runs = Import.objects.filter(member=member).order_by("-id")[:SHOWN]
    return [run for run in runs if not files.is_file(run.source)]


def _entries(user_id: int) -> QuerySet[Entry]:
    """A member's erasings. What "everything" says in one entry, its parts don't say again."""
    who = subjects.known_member(user_id)
    if who is None:
        return Entry.objects.none()
    part_of_it = Q(action="contacts.forgotten", facts__why="asked")
    return (
        Entry.objects.filter(
            subject=who,
            action__in=("everything.forgotten", "contacts.forgotten", "draft.forgotten"),
        )
        .exclude(part_of_it)
        .order_by("-id")
    )


def _read(entry: Entry) -> Erasure:
    known: dict[str, Any] = {"why": _WHY.get(entry.action)} | entry.facts
    return Erasure(entry.at, **{one.name: known[one.name] for one in _FACTS if one.name in known})

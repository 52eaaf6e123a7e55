"""Staff carry a list away: the ledger says who, which list, by which filters, and how it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django.contrib.auth.models import User
from django.db import transaction

from ledger.entries import Event, Fact, append
from ledger.models import Entry
from ledger.subjects import members, of_member

EXPORTS = uuid5(NAMESPACE_URL, "exports")  # the ledger's id for all of them: it never changes
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Export:
    """One that was begun. `who` is "" for a closed account.

    `rows` is None while it runs, and for good if the process that wrote it was killed.
    """

    at: datetime
    who: str
    what: str
    why: str
    form: str
    with_names: bool
    rows: int | None = None
    whole: bool = False


@transaction.atomic
def begin(
    *, staff: User, what: str, why: str, form: str, with_names: bool, asked: dict[str, Fact]
) -> UUID:
    """Before the first byte leaves. `asked` are the filters; neither they nor `why` name anybody."""
    if "@" in why:
        raise ValueError("The ledger holds no addresses: give a reason that names nobody.")
    export = uuid4()
    facts: dict[str, Fact] = {
        **{f"asked_{name}": value for name, value in asked.items()},
        "export": str(export), "what": what, "why": why, "form": form, "with_names": with_names,
    }  # fmt: skip
    append([Event("export.begun", EXPORTS, of_member(staff.pk), facts)])
    return export


def recorded(pieces: Iterator[tuple[int, bytes]], *, export: UUID, staff: User) -> Iterator[bytes]:
    """The bytes of these pieces (rows, bytes), one by one, and an entry at the end of them.

    Whoever breaks off has at most what stands there; then the digest is of what had left by then.
    """
    rows, digest, whole = 0, hashlib.sha256(), False
    try:
        for many, piece in pieces:
            rows += many
            digest.update(piece)
            yield piece
        whole = True
    finally:
        facts: dict[str, Fact] = {"export": str(export), "rows": rows, "whole": whole,
                                  "sha256": digest.hexdigest()}  # fmt: skip
        with transaction.atomic():
            append([Event("export.ended", EXPORTS, of_member(staff.pk), facts)])


def newest() -> list[Export]:
    """The last exports of anybody, the newest first. Reads only."""
    entries = list(Entry.objects.filter(subject=EXPORTS).order_by("-id")[: 2 * SHOWN])
    known = members(entry.actor for entry in entries if entry.actor)
    staff = User.objects.in_bulk(known.values())
    names: dict[UUID | None, str] = {
        uid: staff[pk].get_full_name() or staff[pk].email
        for uid, pk in known.items()
        if pk in staff
    }
    ended: dict[str, Entry] = {}
    found = []
    for entry in entries:
        if entry.action == "export.ended":
            ended[entry.facts["export"]] = entry
            continue
        end = ended.get(entry.facts["export"])
        found.append(
            Export(
                at=entry.at,
                who=names.get(entry.actor, ""),
                **{name: entry.facts[name] for name in ("what", "why", "form", "with_names")},
                rows=end.facts["rows"] if end else None,
                whole=end.facts["whole"] if end else False,
            )
        )
    return found[:SHOWN]

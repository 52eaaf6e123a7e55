"""The rows of an export: what a list shows, all of its pages, and the ledger's entries of one story.

Read by key, so many rows at a time: a million need no more memory than a thousand. Addresses are masked,
and names left out, unless they are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from invites import spreadsheet
from invites.addresses import masked
from invites.desk import listing
from invites.desk.listing import Asked, Line
from invites.models import Batch, Invitation
from invites.steps import in_words
from ledger.keyset import Place
from ledger.models import Entry
from ledger.personal import pages_of_columns

FORMS = {"csv": "CSV, for a spreadsheet", "jsonl": "JSON lines, for a program"}
_AT_ONCE = 1000
_LISTED = ("at", "what", "invitation", "state", "source", "sender", "recipient")
_NAMES = ("sender_name", "sender_address", "recipient_name", "recipient_address")
_STEPS = ("at", "about", "action", "words", "facts", "by")
Pages = Iterator[list[dict[str, Any]]]


def of_list(asked: Asked, *, form: str, with_names: bool) -> Iterator[tuple[int, bytes]]:
    """What the desk lists for these filters: the same lines in the same order, the newest first."""
    columns = _LISTED + (_NAMES if with_names else ())
    return _written(_lines(asked, with_names), columns, form)


def _lines(asked: Asked, with_names: bool) -> Pages:
    place: Place | None = Place()
    while place:
        page = listing.listed(asked, place, _AT_ONCE)
        yield [_line(line, with_names) for line in page.lines]
        place = None if page.older is None else Place(before=page.older)


def _line(line: Line, with_names: bool) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_LISTED)
    row |= {"at": line.at.isoformat(), "what": line.what}
    one = line.invitation
    if one is None:  # a draft that was given up since
        return row
    row |= {
        "invitation": str(one.uid),
        "state": one.state,
        "source": one.source_label,
        "sender": one.sender_id,
        "recipient": masked(one.recipient_address),
    }
    if with_names:
        sender = (one.sender.get_full_name(), one.sender.email)
        row |= zip(_NAMES, (*sender, one.recipient_name, one.recipient_address), strict=True)
    return row


def of_story(about: Invitation | Batch, *, form: str) -> Iterator[tuple[int, bytes]]:
    """The ledger's entries of an invitation with its batch, or of a batch with all its invitations."""
    return _written(_entries(about), _STEPS, form)


def _entries(about: Invitation | Batch) -> Pages:
    if isinstance(about, Invitation):
        uids = [about.uid, *([about.batch.uid] if about.batch else [])]
        yield _steps(uids)
        return
    yield _steps([about.uid])
    for page in pages_of_columns(about.invitations.all(), "uid", size=100):
        yield _steps([one["uid"] for one in page])


def _steps(uids: list[UUID]) -> list[dict[str, Any]]:
    return [
        {
            "at": entry.at.isoformat(),
            "about": str(entry.subject),
            "action": entry.action,
            "words": in_words(entry.action, entry.facts),
            "facts": entry.facts,
            "by": str(entry.actor or ""),
        }
        for entry in Entry.objects.filter(subject__in=uids).order_by("id")
    ]


def _written(pages: Pages, columns: Iterable[str], form: str) -> Iterator[tuple[int, bytes]]:
    if form == "csv":
        yield 0, (spreadsheet.MARK + spreadsheet.line(columns)).encode()
    for page in pages:
        if page:
            text = "".join(_csv(row, columns) if form == "csv" else _json(row) for row in page)
            yield len(page), text.encode(errors="replace")


def _csv(row: dict[str, Any], columns: Iterable[str]) -> str:
    cells = (row.get(name) for name in columns)
    return spreadsheet.line(
        _json(cell).strip() if isinstance(cell, dict) else cell for cell in cells
    )


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"

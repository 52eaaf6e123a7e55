"""All data of a member as one ZIP, written while it is read: 30,000 people need no more memory than 300.

What is in it follows the register: each table says what of it is the member's, or why nothing is.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum
from django.db.models.functions import Length
from django.template.loader import render_to_string

from importer.actions import held
from invites.actions import requesting
from invites.evidence import receipt
from invites.models import Batch, PersonalLink, PreparedMail
from invites.personal import address_book, sent
from invites.personal.register import NOBODY, TABLES, TablesUndeclared
from ledger import clock, heads
from ledger.personal import Mine, pages, undeclared

_PIECE = 64 * 1024  # bytes that leave at once
# Packed, of contacts.json, contacts.csv and contacts.vcf together, for one person.
_BYTES_A_PERSON = 100
_BYTES_AT_LEAST = 8 * 1024

STEPS = Mine("steps", "what our ledger has of your own steps", sent.steps)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a download would hold, in numbers; `size` is about how many bytes it has."""

    people: int
    confirmations: int
    links: int
    size: int


def contents(member: User) -> Contents:
    """Counted for the page. Reads only."""
    people = held(member)
    mails = PreparedMail.objects.filter(invitation__sender=member)
    bytes_of_mails = mails.aggregate(sum=Sum(Length("raw")))["sum"] or 0
    return Contents(
        people,
        Batch.objects.filter(sender=member).count(),
        PersonalLink.objects.filter(sender=member).count(),
        # A mail is packed to less than half, and it is there twice: in mails/ and in its receipt.
        _BYTES_AT_LEAST + people * _BYTES_A_PERSON + bytes_of_mails,
    )


def stream(member: User) -> Iterator[bytes]:
    """The ZIP, piece by piece. Raises TablesUndeclared.

    If it breaks off, the list of files at its end is missing, and no program takes it for whole.
    """
    if unsaid := undeclared(TABLES, NOBODY):
        raise TablesUndeclared(unsaid)
    return _packed(_files(member))


def _files(member: User) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Each file's name, and its bytes piece by piece."""
    yield "README.txt", [_readme(member)]
    tables = [table.mine for table in TABLES if isinstance(table.mine, Mine)]
    for mine in [*tables, STEPS]:
        yield f"{mine.file}.json", _array(mine.rows(member.pk))
    yield "requests.json", _array(_requests(member))
    (people,) = [mine for mine in tables if mine.file == "contacts"]
    yield "contacts.csv", address_book.as_csv(people.rows(member.pk))
    yield "contacts.vcf", address_book.as_vcards(people.rows(member.pk))
    for number, raw in sent.mails(member.pk):
        yield f"mails/{number}.eml", [raw]
    if heads.signing_key():
        for page in pages(Batch.objects.filter(sender=member).select_related("sender"), size=100):
            for batch in page:
                yield f"receipts/{receipt.name(batch)}", [receipt.build(batch)]


def _readme(member: User) -> bytes:
    mine = [table.mine for table in TABLES if isinstance(table.mine, Mine)]
    context = {
        "files": sorted([*mine, STEPS], key=lambda one: one.file),
        "others": [table.mine for table in TABLES if isinstance(table.mine, str)],
        "member": member,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "contact": settings.INVITATIONS_ADDRESS,
        "at": clock.now(),
        "signed": heads.signing_key() is not None,
    }
    return render_to_string("invites/data_readme.txt", context).encode()


def _requests(member: User) -> Iterator[dict[str, Any]]:
    """Invitations to the member that wait for an answer, what they answered, and what they reported."""
    for page in requesting.requests_of(member):
        yield {
            "number": page.uid,
            "from": page.sender_name,
            "says": page.relationship_sentence,
            "words": page.words,
            "chosen_at": page.chosen_at,
        }
    for answered in requesting.answers_of(member):
        yield {
            "number": answered.uid,
            "from": answered.sender_name,
            "you_answered": answered.answer,
        }
    for report in requesting.reports_of(member):
        yield {"you_reported": report.sender_name, **asdict(report.case)}


def _array(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A JSON array, one row a line."""
    between = "[\n"
    for row in rows:
        yield (between + json.dumps(row, ensure_ascii=False, default=_plain)).encode(
            errors="replace"
        )
        between = ",\n"
    yield b"[]\n" if between == "[\n" else b"\n]\n"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


class _Outgoing(io.RawIOBase):
    """What the ZIP has written and nobody has taken yet. It can't be gone back in."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.waiting += data
        return len(data)

    def take(self) -> bytes:
        """All of it; then there is nothing."""
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken


def _packed(files: Iterator[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    outgoing = _Outgoing()
    at = clock.now().timetuple()[:6]
    with zipfile.ZipFile(outgoing, "w") as archive:
        for name, pieces in files:
            info = zipfile.ZipInfo(name, at)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w") as file:
                for piece in pieces:
                    file.write(piece)
                    if len(outgoing.waiting) >= _PIECE:
                        yield outgoing.take()
    yield outgoing.take()

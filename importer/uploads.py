"""Keeps what a member's file says of people, encrypted, until a worker has read it.

The file itself is read while it arrives and is never stored; nor is anything else in it but names,
addresses, work and telephone numbers, of which only the country stays in the end.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings

from importer import ciphering
from importer.models import Import, Upload, UploadPage
from importer.sources.contract import Page, SourceAddress, SourceError, SourcePerson
from ledger import clock

# A person and an address are two rows, and a page is one transaction of about 1,000 rows: some 40 ms
# in which nobody else can write to SQLite.
PAGE = 500
PAGES_AT_ONCE = 50  # in one statement
LONGEST_TEXT = 1000  # characters of one value; cleaning cuts more


@dataclass(frozen=True, slots=True)
class Pages:
    """Encrypted pages that are not in the database yet, and how many entries they have."""

    ciphertexts: list[bytes]
    entries: int


def sealed_people(people: Iterable[SourcePerson]) -> Pages:
    """The people, encrypted."""
    return sealed_rows(map(_as_row, people))


def sealed_rows(rows: Iterable[list[Any]]) -> Pages:
    """The rows of a table, encrypted."""
    key, rest = ciphering.cipher(), iter(rows)
    ciphertexts: list[bytes] = []
    entries = 0
    while some := list(islice(rest, PAGE)):
        plain = json.dumps(some, ensure_ascii=False).encode(errors="replace")
        ciphertexts.append(key.encrypt(zlib.compress(plain, 1)))
        entries += len(some)
    return Pages(ciphertexts, entries)


def keep(member_id: int, pages: Pages, at: datetime, import_run: Import | None) -> Upload:
    """Stores the pages, in the caller's transaction, in place of a table that waits for columns."""
    Upload.objects.filter(member_id=member_id, import_run=None).delete()
    upload = Upload.objects.create(
        member_id=member_id,
        import_run=import_run,
        entries=pages.entries,
        ends_at=at + timedelta(minutes=settings.UPLOAD_MINUTES),
    )
    UploadPage.objects.bulk_create(
        [
            UploadPage(upload=upload, number=number, ciphertext=ciphertext)
            for number, ciphertext in enumerate(pages.ciphertexts)
        ],
        batch_size=PAGES_AT_ONCE,
    )
    return upload


def page(upload: Upload, cursor: str) -> Page:
    """One page of people, as a provider would give it. Raises SourceError."""
    number = int(cursor or 0)
    if not UploadPage.objects.filter(upload=upload, number=number).exists():
        raise SourceError("file_gone", permanent=True)
    people = tuple(map(_as_person, _opened(upload, number)))
    is_last = (number + 1) * PAGE >= upload.entries
    return Page(people, "" if is_last else str(number + 1), upload.entries)


def rows(upload: Upload) -> Iterator[list[str]]:
    """All rows of a table. Raises SourceError."""
    for number in range(-(-upload.entries // PAGE)):
        yield from _opened(upload, number)


def delete_overdue() -> None:
    """Deletes what was kept for as long as it may be."""
    Upload.objects.filter(ends_at__lte=clock.now()).delete()


def _opened(upload: Upload, number: int) -> list[Any]:
    stored = UploadPage.objects.filter(upload=upload, number=number)
    ciphertext = stored.values_list("ciphertext", flat=True).first()
    if ciphertext is None:
        raise SourceError("file_gone", permanent=True)
    try:
        plain = zlib.decompress(ciphering.cipher().decrypt(bytes(ciphertext)))
    except InvalidToken:
        raise SourceError("file_unreadable", permanent=True) from None
    found: list[Any] = json.loads(plain)
    return found


def _as_row(person: SourcePerson) -> list[Any]:
    texts = (person.key, person.name, person.company, person.title, person.phone)
    addresses = [(one.value[:LONGEST_TEXT], one.label[:80]) for one in person.addresses]
    return [*(text[:LONGEST_TEXT] for text in texts), person.updated, addresses]


def _as_person(row: list[Any]) -> SourcePerson:
    key, name, company, title, phone, updated, addresses = row
    return SourcePerson(
        key=key,
        name=name,
        company=company,
        title=title,
        phone=phone,
        updated=updated,
        addresses=tuple(SourceAddress(value, label) for value, label in addresses),
    )

"""What a member can do with a file: hand it over, and say what its columns are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from importer import reading, storing, uploads
from importer.actions import touch
from importer.models import AwaitedFile, Import, Upload
from importer.sources import columns, files
from importer.sources.columns import HEADER_WITHIN, Columns
from importer.sources.contract import BadFile
from importer.uploads import Pages
from ledger import clock, entries, subjects
from ledger.entries import Event

SHOWN = 6  # rows of a table below its header


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a table, and what its columns may be. `header` is a row's number from 0.

    `header` is -1 when the first row is a person already.
    """

    rows: list[list[str]]
    header: int
    columns: Columns


def receive(*, member: AbstractBaseUser, file: IO[bytes]) -> Import | Upload:
    """An import that a worker reads, or a table whose columns the member must name first.

    Raises BadFile; then nothing is stored.
    """
    with files.opened(file) as found:
        if isinstance(found, files.Book):
            pages = _not_empty(uploads.sealed_people(found.people))
            return _start(member, found.source, found.label, pages)
        pages = _not_empty(uploads.sealed_rows(_bounded(found.rows)))
    with transaction.atomic():
        touch(member)
        storing.lock_member(member.pk)
        return uploads.keep(member.pk, pages, clock.now(), None)


def waiting(*, member: AbstractBaseUser, uid: UUID) -> Upload | None:
    """The member's table that waits for its columns, if it is still there."""
    return Upload.objects.filter(
        uid=uid, member_id=member.pk, import_run=None, ends_at__gt=clock.now()
    ).first()


def preview(upload: Upload) -> Preview:
    """The first rows of a table. Raises SourceError."""
    rows = list(islice(uploads.rows(upload), HEADER_WITHIN + SHOWN))
    header = columns.find_header(rows)
    if header is not None:
        return Preview(rows[: header.row + 1 + SHOWN], header.row, header.columns)
    shown = rows[: SHOWN + 1]
    begins_with_person = any("@" in cell for cell in rows[0]) or len(rows) == 1
    return Preview(shown, -1 if begins_with_person else 0, columns.guess(shown))


def choose_columns(
    *, member: AbstractBaseUser, upload: Upload, chosen: Columns, first_person: int
) -> Import:
    """Reads a table as the member says; `first_person` is that row's number from 0.

    Raises BadFile, and SourceError when the table can't be decrypted any more.
    """
    rows = uploads.rows(upload)
    above = list(islice(rows, first_person))
    people = columns.people(rows, chosen, above[-1] if above else ())
    source, label = files.BOOKS[""]
    pages = _not_empty(uploads.sealed_people(map(files.with_key, people)))
    return _start(member, source, label, pages)


def _start(member: AbstractBaseUser, source: str, label: str, pages: Pages) -> Import:
    with transaction.atomic():
        touch(member)
        storing.lock_member(member.pk)
        at = clock.now()
        run = Import.objects.create(
            member_id=member.pk,
            source=source,
            source_label=label,
            created_at=at,
            estimated_total=pages.entries,
        )
        uploads.keep(member.pk, pages, at, run)
        if source == files.BOOKS["linkedin"][0]:
            AwaitedFile.objects.filter(member_id=member.pk).delete()  # here it is
        subject = subjects.of_member(member.pk)
        facts = {"import": str(run.uid), "source": source}
        entries.append([Event("import.uploaded", subject, subject, {**facts})])
        transaction.on_commit(lambda: reading.nudge(run.pk))
    return run


def _not_empty(pages: Pages) -> Pages:
    if not pages.entries:
        raise BadFile("There is nobody in this file.")
    return pages


def _bounded(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if number == files.MOST_PEOPLE:
            raise BadFile(f"This file has more than {files.MOST_PEOPLE:,} rows.")
        yield row

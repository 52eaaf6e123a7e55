"""A file with an address book in it: what it is is told by its content, never by its name.

The names that such imports carry can't be names of configured sources: those have no hyphen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import IO

from importer.sources import archive, columns, csv_file, lettering, vcard
from importer.sources.columns import Header
from importer.sources.contract import BadFile, SourcePerson

PREFIX = "file-"
LARGEST = 40 * 1024 * 1024  # bytes; 30,000 people with notes have 12 MB, with photos more
MOST_PEOPLE = 100_000
START = 64 * 1024  # bytes by which a file is judged
PIECE = 64 * 1024

# The import's source, and what the book is called in a sentence, as in "Ana's LinkedIn contacts".
BOOKS = {
    "vcard": (f"{PREFIX}vcard", "contacts from a file"),
    "linkedin": (f"{PREFIX}linkedin", "LinkedIn contacts"),
    "google": (f"{PREFIX}google", "Google contacts"),
    "outlook": (f"{PREFIX}outlook", "Outlook contacts"),
    "": (f"{PREFIX}csv", "contacts from a file"),
}

_STRANGERS = (
    (b"\x89PNG", "This is a picture (PNG), not an address book."),
    (b"\xff\xd8\xff", "This is a picture (JPEG), not an address book."),
    (b"GIF8", "This is a picture (GIF), not an address book."),
    (b"%PDF", "This is a PDF. Export the address book as CSV or vCard instead."),
    (b"\xd0\xcf\x11\xe0", "This is a file of Excel or Outlook itself. Save it as CSV."),
    (b"\x1f\x8b", "This file is packed (gzip). Unpack it first."),
    (b"Rar!", "This file is packed (RAR). Unpack it first."),
    (b"7z\xbc\xaf", "This file is packed (7-Zip). Unpack it first."),
    (b"{\\rtf", "This is a text document (RTF). Save the table in it as CSV."),
    (b"<", "This is a web page or XML, not a CSV or vCard file."),
    (b"{", "This is JSON, not a CSV or vCard file."),
)


@dataclass(frozen=True, slots=True)
class Book:
    """People that a file holds: their source, what the book is called, and they themselves."""

    source: str
    label: str
    people: Iterator[SourcePerson]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose columns only its owner knows. `header` is a guess, or None."""

    rows: Iterator[list[str]]
    header: Header | None


@contextmanager
def opened(file: IO[bytes]) -> Iterator[Book | Table]:
    """What is in the file, to be read while the context lasts.

    Raises BadFile at once when it is no address book, and while reading when it breaks off.
    """
    file.seek(0)
    start = file.read(START)
    file.seek(0)
    if not start.strip(b"\0\r\n\t "):
        raise BadFile("This file is empty.")
    if start.startswith(b"PK"):
        with archive.connections(file, LARGEST) as pieces:
            yield _table(next(pieces, b""), pieces)
        return
    unmarked = start[lettering.marked(start)[1] :].lstrip()
    for sign, sentence in _STRANGERS:
        if unmarked.startswith(sign):
            raise BadFile(sentence)
    pieces = iter(lambda: file.read(PIECE), b"")
    if vcard.is_vcard(start):
        source, label = BOOKS["vcard"]
        yield Book(source, label, _counted(vcard.read(pieces)))
    else:
        yield _table(next(pieces), pieces)


def is_file(source: str) -> bool:
    """Whether an import of this source reads a file."""
    return source.startswith(PREFIX)


def _table(start: bytes, rest: Iterator[bytes]) -> Book | Table:
    shape = csv_file.shape(start)
    rows = csv_file.rows(chain([start], rest), shape)
    first = list(islice(rows, columns.HEADER_WITHIN))
    if not first:
        raise BadFile("This file is empty.")
    header = columns.find_header(first)
    if header is None or not header.program:
        return Table(chain(first, rows), header)
    source, label = BOOKS[header.program]
    below = chain(first[header.row + 1 :], rows)
    people = columns.people(below, header.columns, first[header.row])
    return Book(source, label, _counted(people))


def _counted(people: Iterator[SourcePerson]) -> Iterator[SourcePerson]:
    for number, person in enumerate(people):
        if number == MOST_PEOPLE:
            raise BadFile(f"This file has more than {MOST_PEOPLE:,} people. Nobody knows so many.")
        yield with_key(person)


def with_key(person: SourcePerson) -> SourcePerson:
    """The person with a key, where a file gives none and there is no address to know them by.

    Whoever has the same name, work and telephone is then the same when the file is read again.
    """
    if person.key or person.addresses or not person.name:
        return person
    return replace(person, key="\0".join((person.name, person.company, person.title, person.phone)))

"""Tables as text (RFC 4180 and what programs make of it): encoding and separator are found.

Reads piece by piece, within limits of size. Knows nothing of what the columns mean.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from importer.sources import lettering
from importer.sources.contract import BadFile

SEPARATORS = ",;\t|"
MOST_COLUMNS = 500
LONGEST_LINE = 1024 * 1024  # bytes; a cell is refused long before, by csv.field_size_limit()
LONGEST_CELL = 1000  # characters of a cell that are kept
ROWS_LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class Shape:
    """How a table is written. `encoding` is for lines that are not UTF-8."""

    separator: str
    encoding: str


def shape(start: bytes) -> Shape:
    """The shape of a table whose file begins so. Raises BadFile when it is no text at all."""
    plain = b"".join(lettering.as_utf8([start]))
    strange = sum(plain.count(code) for code in range(32) if code not in (9, 10, 11, 12, 13, 26))
    # A stray zero byte is dropped later; a picture has hundreds.
    if strange * 50 > len(plain):
        raise BadFile("This is not a table in text form. Choose a CSV or vCard file.")
    encoding = lettering.guess(plain)
    # The last line of a sample is cut.
    lines = plain.decode(encoding, "replace").splitlines()[: ROWS_LOOKED_AT + 1]
    lines = lines[:-1] if len(lines) > 1 and not plain.endswith((b"\n", b"\r")) else lines
    if lines and lines[0].strip().lower()[:4] == "sep=" and len(lines[0].strip()) == 5:
        return Shape(lines[0].strip()[4], encoding)  # Excel's own way to say it
    return Shape(max(SEPARATORS, key=lambda one: _evenness(lines, one)), encoding)


def _evenness(lines: list[str], separator: str) -> tuple[int, int]:
    """How many rows have the same number of columns, more than one, with this separator."""
    try:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if len(row) > 1)
    except csv.Error:
        return (0, 0)
    return max(((times, width) for width, times in widths.items()), default=(0, 0))


def rows(pieces: Iterable[bytes], shape: Shape) -> Iterator[list[str]]:
    """The rows that have something in them, each cell without white space around it.

    Raises BadFile for a row that no address book has.
    """
    reader = csv.reader(_text_lines(pieces, shape), delimiter=shape.separator)
    try:
        for row in reader:
            if len(row) > MOST_COLUMNS:
                raise BadFile(
                    f"Line {reader.line_num} has more than {MOST_COLUMNS} columns. That is no "
                    "address book; is it the right file?"
                )
            cells = [cell[: LONGEST_CELL * 2].strip()[:LONGEST_CELL] for cell in row]
            if any(cells) and not (reader.line_num == 1 and cells[0].lower() == "sep="):
                yield cells
    except csv.Error:
        raise BadFile(
            f"Near line {reader.line_num} is a cell with more than "
            f"{csv.field_size_limit():,} characters. Perhaps a quotation mark is missing there."
        ) from None


def _text_lines(pieces: Iterable[bytes], shape: Shape) -> Iterator[str]:
    for lines in lettering.lines(lettering.as_utf8(pieces), LONGEST_LINE):
        for line in lines:
            yield lettering.text(line.replace(b"\0", b""), otherwise=shape.encoding) + "\n"

"""Address books as vCard files: 2.1, 3.0 (RFC 2426), 4.0 (RFC 6350), and what programs make of them.

Reads piece by piece and holds one card at a time. Of a card only what SourcePerson has is looked at;
a photo, a note or a street passes by without being decoded. Nothing here raises on any input: what
can't be read is skipped, and the next card goes on. docs/adr says why this is not vobject.
"""

from __future__ import annotations

import re
from binascii import Error as NotBase64
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from importer.sources import lettering
from importer.sources.contract import SourceAddress, SourcePerson

LONGEST_LINE = 64 * 1024  # bytes of a line as it stands in the file; the rest of it is dropped
LONGEST_VALUE = 16 * 1024  # bytes of a property that we read, unfolded
LARGEST_SAMPLE = 2000  # bytes that the encoding is guessed by
MOST_OPEN = 8  # cards within cards; further in, the outermost is taken as ended
MOST_VALUES = 200  # of one property in one card

_WANTED = frozenset(
    b"BEGIN END VERSION FN N NICKNAME EMAIL ORG TITLE TEL REV UID AGENT X-ABLABEL".split()
)


_FRAMES = frozenset({b"BEGIN", b"END"})
_EMAIL = re.compile(rb"(?:[\w-]+\.)?EMAIL\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the colon (RFC 6350, section 3.3): [group "."] name *(";" param)."""

    name: bytes
    group: bytes
    charset: str
    encoding: str  # "quoted-printable", "base64" or ""
    types: tuple[str, ...]
    preference: int  # 1 is the most preferred (RFC 6350, section 5.3), 101 when nothing is said


@dataclass(slots=True)
class _Card:
    """A card that is being read: its properties so far, as (head, raw value)."""

    values: dict[bytes, list[tuple[_Head, bytes]]] = field(default_factory=dict)


def is_vcard(start: bytes) -> bool:
    """Whether a file that begins so is one."""
    encoding, length = lettering.marked(start)
    plain = start[length:].decode(encoding or "latin-1", "ignore")
    return re.search(r"^\s*BEGIN\s*:\s*VCARD\s*$", plain, re.IGNORECASE | re.MULTILINE) is not None


def read(pieces: Iterable[bytes]) -> Iterator[SourcePerson]:
    """The people in a vCard file, one for each card, in the order in which their cards end."""
    declared = ""  # a program that names its charset once means it everywhere
    unnamed = b""  # what is in an encoding that nobody names: the more of it, the surer the guess
    lines = lettering.lines(lettering.as_utf8(pieces), LONGEST_LINE)
    for card in _cards(_properties(lines)):
        otherwise = ""
        for values in card.values.values():
            for head, raw in values:
                if head.charset:
                    declared = head.charset
                elif not raw.isascii() and lettering.guess(raw) != "utf-8":
                    unnamed = (unnamed + b"\n" + raw)[-LARGEST_SAMPLE:]
                    otherwise = declared or lettering.guess(unnamed)
        yield _person(card, otherwise or declared)


# --- lines ----------------------------------------------------------------------------------------
def _properties(batches: Iterable[list[bytes]]) -> Iterator[bytes]:
    """Unfolded lines of the properties that we read."""
    wanted = _WANTED
    # The line so far; b"" when there is none, or when nobody wants it.
    open_line = b""
    skipped_head = b""  # of a property nobody wants, until its colon: is it quoted-printable?
    soft = False  # the last line ended in "=", and its property is quoted-printable
    old = False  # the card is of version 2.1
    for lines in batches:
        for line in lines:
            first = line[:1]
            if soft and not _is_frame(line):
                soft = line.endswith(b"=")
                if open_line and len(open_line) < LONGEST_VALUE:
                    # The "=" goes, and what is left is one encoded text.
                    open_line = open_line[:-1] + line
                continue
            if first in (b" ", b"\t"):
                if open_line:
                    if len(open_line) < LONGEST_VALUE:
                        open_line += _unfolded(open_line, line, old=old)
                        soft = line.endswith(b"=") and _is_quoted_printable(open_line)
                elif skipped_head:
                    skipped_head += line[1:200]
                    soft = line.endswith(b"=") and _is_quoted_printable(skipped_head)
                    if b":" in line or len(skipped_head) > 1000:
                        skipped_head = b""
                continue
            soft = False
            if not line:
                continue  # also what stands between CR and CR LF; a fold may go on behind it
            if open_line:
                yield open_line
                open_line = b""
            skipped_head = b""
            name, colon, _ = line.partition(b":")
            name = name.partition(b";")[0]
            if name in wanted:
                open_line = line
                if name == b"VERSION":
                    old = b"2.1" in line
            else:
                name = name.rpartition(b".")[2].strip().upper()
                if name in wanted:
                    open_line = line
                elif not colon:
                    skipped_head = line[:1000]
            if line[-1] == 61:  # "="
                soft = _is_quoted_printable(line)
    if open_line:
        yield open_line


def _is_frame(line: bytes) -> bool:
    """BEGIN:VCARD or END:VCARD: no text goes on past these, however broken the line before."""
    return line[:9].upper() in (b"END:VCARD", b"BEGIN:VCA")


def _unfolded(so_far: bytes, line: bytes, *, old: bool) -> bytes:
    """What a continued line adds. RFC 6350, section 3.2: the white space that folds it goes.

    vCard 2.1 folds where a space is anyway, and keeps it; but no address has a space inside.
    """
    return line if old and not _EMAIL.match(so_far) else line[1:]


def _is_quoted_printable(line: bytes) -> bool:
    head = line.partition(b":")[0].upper()
    return b"QUOTED-PRINTABLE" in head


def _parted(line: bytes) -> tuple[bytes, bytes]:
    """Head and value, parted at the first colon that stands in no quotes (RFC 6350, section 3.3).

    A line without one has no head: it is nothing, or the rest of something broken.
    """
    head, colon, value = line.partition(b":")
    if not colon:
        return b"", b""
    if b'"' in head and head.count(b'"') % 2:
        in_quotes = False
        for match in re.finditer(b'[":]', line):
            if match[0] == b'"':
                in_quotes = not in_quotes
            elif not in_quotes:
                head, value = line[: match.start()], line[match.end() :]
                break
    if len(line) > LONGEST_VALUE:
        return head[:LONGEST_VALUE], value[:LONGEST_VALUE]
    return head, value


# --- cards ----------------------------------------------------------------------------------------
def _cards(properties: Iterable[bytes]) -> Iterator[_Card]:
    """Cards as they end. One within another (AGENT) is a card of its own, not part of the outer.

    A card that never ends is taken as ended at the end of the file; what stands outside of any card
    begins one.
    """
    open_cards: list[_Card] = []
    for line in properties:
        raw_head, value = _parted(line)
        if not raw_head:
            continue
        head = _head(raw_head)
        name = head.name
        if name in _FRAMES:
            if value.strip().upper() != b"VCARD":
                continue
            if name == b"BEGIN":
                open_cards.append(_Card())
                if len(open_cards) > MOST_OPEN:
                    yield from _filled(open_cards.pop(0))
            elif open_cards:
                yield open_cards.pop()
            continue
        if name == b"AGENT":
            yield from _agent(value)
            continue
        if not open_cards:
            if name not in (b"FN", b"N", b"EMAIL"):
                continue
            open_cards.append(_Card())
        card = open_cards[-1]
        values = card.values.get(name)
        if values is None:
            card.values[name] = [(head, value)]
        elif len(values) < MOST_VALUES:
            values.append((head, value))
    for card in open_cards:
        yield from _filled(card)


def _filled(card: _Card) -> Iterator[_Card]:
    if card.values:
        yield card


def _agent(value: bytes) -> Iterator[_Card]:
    """The card that 3.0 writes as one escaped line (RFC 2426, section 3.5.4)."""
    if value[:20].lstrip().upper().startswith(b"BEGIN:VCARD"):
        inner = re.sub(rb"\\([\\,;:nN])", _escaped, value)
        yield from _cards(_properties([inner.split(b"\n")]))


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"\n" if match[1] in b"nN" else match[1]


@lru_cache(maxsize=1024)
def _head(raw: bytes) -> _Head:
    """The head, read. A file has few different ones, so they are remembered."""
    first, *parameters = _parameters(raw.decode("utf-8", "replace"))
    group, _, name = first.strip().rpartition(".")
    charset = encoding = ""
    types: list[str] = []
    preference = 101
    for parameter in parameters:
        key, equals, value = parameter.partition("=")
        key, value = key.strip().lower(), value.strip().strip('"').lower()
        if not equals:
            key, value = "type", key  # 2.1 leaves out what it is that it names
        if key == "charset":
            charset = lettering.known(value)
        elif key == "encoding" or value in ("quoted-printable", "base64"):
            encoding = "base64" if value in ("b", "base64") else value
        elif key == "pref" and value.isascii() and value.isdigit():
            preference = int(value[:3])
        elif key == "type":
            types += [one.strip() for one in value.split(",")]
    if "pref" in types:
        preference = min(preference, 1)
    return _Head(
        name=name.upper().encode(),
        group=group.upper().encode(),
        charset=charset,
        encoding=encoding,
        types=tuple(types),
        preference=preference,
    )


def _parameters(head: str) -> list[str]:
    """The head in parts, at each semicolon that stands in no quotes."""
    if '"' not in head:
        return head.split(";")
    return [part for part in re.findall(r'(?:[^;"]|"[^"]*"?)+', head) if part] or [""]


# --- people ---------------------------------------------------------------------------------------
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_")
_ESCAPE = re.compile(r"\\([\\;,:nN])")
_COMPONENT = re.compile(r"((?:[^;\\]|\\.|\\$)*)(?:;|$)", re.DOTALL)


def _person(card: _Card, charset: str) -> SourcePerson:
    """The person on a card, as written there."""

    def first(name: bytes) -> str:
        for head, raw in card.values.get(name, ()):
            if words := _unescaped(_text(head, raw, charset)).strip():
                return words
        return ""

    def components(name: bytes) -> list[str]:
        for head, raw in card.values.get(name, ()):
            parts = [part.strip() for part in _components(_text(head, raw, charset))]
            if any(parts):
                return parts
        return []

    name = first(b"FN") or _joined(components(b"N")) or first(b"NICKNAME")
    return SourcePerson(
        # Some programs give every card the same UID; with the name it is of use even then.
        key=f"{uid}\0{name}" if (uid := first(b"UID")) else "",
        name=name,
        company=next(filter(None, components(b"ORG")), ""),
        title=first(b"TITLE"),
        phone=_phone(card, charset),
        updated=_year(first(b"REV")),
        addresses=_addresses(card, charset),
    )


def _text(head: _Head, raw: bytes, charset: str) -> str:
    if not head.encoding and not head.charset and raw.isascii():
        return raw.decode()
    if head.encoding == "quoted-printable":
        raw = a2b_qp(raw)
    elif head.encoding == "base64":
        try:
            raw = a2b_base64(raw)
        except NotBase64:
            return ""
    return lettering.text(raw, head.charset, charset)


def _unescaped(text: str) -> str:
    """RFC 6350, section 3.4; 2.1 escapes less, and means the same by it."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: " " if match[1] in "nN" else match[1], text)


def _components(text: str) -> list[str]:
    """A structured value in its parts: RFC 6350, section 3.4, at semicolons without a backslash."""
    if "\\" not in text:
        return text.split(";")
    return [_unescaped(part) for part in _COMPONENT.findall(text)]


def _joined(parts: list[str]) -> str:
    """N as a name: family, given, additional names, prefix, suffix (RFC 6350, section 6.2.2)."""
    family, given, additional, prefix, suffix = [*parts[:5], *[""] * (5 - len(parts[:5]))]
    if _CJK.search(family + given):
        return " ".join(part for part in (family, given) if part)
    return " ".join(part for part in (prefix, given, additional, family, suffix) if part)


def _phone(card: _Card, charset: str) -> str:
    """The first number with a country in front, else the first (RFC 3966 writes tel:+…)."""
    numbers = [
        _text(head, raw, charset).strip().lower().removeprefix("tel:")
        for head, raw in card.values.get(b"TEL", ())
    ]
    international = (number for number in numbers if number.startswith(("+", "00")))
    return next(international, next(iter(numbers), ""))


def _year(written: str) -> int:
    # RFC 6350, section 4.3: 19951031T222710Z; 3.0 writes 1995-10-31T22:27:10Z as well.
    year = written[:4]
    return int(year) if len(year) == 4 and year.isascii() and year.isdigit() else 0


def _addresses(card: _Card, charset: str) -> tuple[SourceAddress, ...]:
    found = card.values.get(b"EMAIL", ())
    if len(found) > 1:
        found = sorted(found, key=lambda one: one[0].preference)
    addresses = []
    for head, raw in found:
        value = _unescaped(_text(head, raw, charset)).strip()
        if value[:7].lower() == "mailto:":
            value = value[7:].partition("?")[0]
        if value:
            addresses.append(SourceAddress(value, _label(head, card, charset)))
    return tuple(addresses)


def _label(head: _Head, card: _Card, charset: str) -> str:
    for kind in ("work", "home"):
        if kind in head.types:
            return kind
    if head.group:
        # Apple's: item1.EMAIL and item1.X-ABLabel, where _$!<Work>!$_ is a word it translates.
        for other, raw in card.values.get(b"X-ABLABEL", ()):
            if other.group == head.group:
                label = _unescaped(_text(other, raw, charset)).strip()
                return _APPLE_LABEL.sub(r"\1", label[:200])[:80]
    return ""

"""A member's people as other programs take them: a CSV, and vCards of version 4.0 (RFC 6350)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from invites import spreadsheet

_HEADER = ("Name", "Company", "Title", "E-mail", "Kind of address", "Source")
_FOLD = 75  # bytes in a line, RFC 6350, section 3.2


def as_csv(people: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """One line for each address, and one for who has none."""
    yield (spreadsheet.MARK + spreadsheet.line(_HEADER)).encode()
    for person in people:
        who = (person["name"], person["company"], person["title"])
        for one in person["addresses"] or [{"address": "", "kind": ""}]:
            cells = (*who, one["address"], one["kind"], person["source_label"])
            yield spreadsheet.line(cells).encode(errors="replace")


def as_vcards(people: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """One card for each person."""
    for person in people:
        addresses = person["addresses"]
        name = person["name"] or (addresses[0]["address"] if addresses else "")
        lines = ["BEGIN:VCARD", "VERSION:4.0", f"FN:{_text(name)}"]
        if person["company"]:
            lines.append(f"ORG:{_text(person['company'])}")
        if person["title"]:
            lines.append(f"TITLE:{_text(person['title'])}")
        for one in addresses:
            kind = {"work": ";TYPE=work", "private": ";TYPE=home"}.get(one["kind"], "")
            lines.append(f"EMAIL{kind}:{_text(one['address'])}")
        yield b"".join(_folded(one) for one in [*lines, "END:VCARD"])


def _text(value: str) -> str:
    """A value in which nothing is a separator (RFC 6350, section 3.4)."""
    for sign in ("\\", ",", ";"):
        value = value.replace(sign, f"\\{sign}")
    return "\\n".join(value.splitlines())


def _folded(text: str) -> bytes:
    """In lines of at most 75 bytes, and never within a character."""
    whole = text.encode(errors="replace")
    lines = []
    most = _FOLD
    while len(whole) > most:
        end = most
        while whole[end] & 0b1100_0000 == 0b1000_0000:  # within a character
            end -= 1
        lines.append(whole[:end])
        whole, most = whole[end:], _FOLD - 1
    return b"\r\n ".join([*lines, whole]) + b"\r\n"

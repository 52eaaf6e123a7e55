"""Address books as vCards, as telephones and mail programs write them: the sandbox's invented people."""

from __future__ import annotations

import quopri
import random
from pathlib import Path

from sandbox.people import Address, Person, large_person

VERSIONS = ("2.1", "3.0", "3.0", "4.0")  # most programs write 3.0
FOLD_AT = 75  # bytes: RFC 2425, section 5.8.1
_NOTE = (
    "We met at the fair in the autumn; she knows the registry, the forms and the people who sign "
    "them, and she said that she would rather be called than written to before noon."
)


def write(path: Path, count: int, seed: int) -> None:
    """A file with `count` cards. The same seed makes the same file."""
    draw = random.Random(seed)
    with path.open("wb") as file:
        for number in range(count):
            person = large_person(number)
            version = draw.choice(VERSIONS)
            lines = ["BEGIN:VCARD", f"VERSION:{version}"]
            lines += _old(person) if version == "2.1" else _new(person, version, number)
            if draw.random() < 0.2:
                lines += _folded(f"NOTE:{_escaped(_NOTE)}")
            lines += [f"REV:{person.updated}", "END:VCARD", ""]
            file.write("\r\n".join(lines).encode())


def _old(person: Person) -> list[str]:
    """vCard 2.1: types without a name, quoted-printable with soft line breaks, no escapes."""
    lines = [_printable("N", f"{person.family};{person.given}"), _printable("FN", person.name)]
    if person.organization:
        lines.append(_printable("ORG", person.organization))
        lines.append(_printable("TITLE", person.title))
    if person.phone:
        lines.append(f"TEL;CELL:{person.phone}")
    for address in person.addresses:
        kind = {"work": ";WORK", "home": ";HOME"}.get(address.label, "")
        lines.append(_printable(f"EMAIL;INTERNET{kind}", address.value))
    return lines


def _new(person: Person, version: str, number: int) -> list[str]:
    """vCard 3.0 and 4.0: escapes, folded lines, groups with Apple's labels."""
    lines = [f"FN:{_escaped(person.name)}"]
    lines.append(f"N:{_escaped(person.family)};{_escaped(person.given)};;;")
    if person.organization:
        lines.append(f"ORG:{_escaped(person.organization)}")
        lines.append(f"TITLE:{_escaped(person.title)}")
    if version == "4.0":
        lines.append(f"UID:urn:uuid:00000000-0000-4000-8000-{number:012d}")
    if person.phone:
        value = f";VALUE=uri:tel:{person.phone}" if version == "4.0" else f":{person.phone}"
        lines.append(f"TEL;TYPE=CELL{value}")
    for place, address in enumerate(person.addresses, start=1):
        lines += _address(address, place, grouped=number % 3 == 0)
    lines.append("ADR;TYPE=WORK:;;1 Example Street;Porto;;1000;Portugal")
    return [part for line in lines for part in _folded(line)]


def _address(address: Address, place: int, *, grouped: bool) -> list[str]:
    if grouped:
        label = {"work": "_$!<Work>!$_", "home": "_$!<Home>!$_"}.get(address.label, "Old")
        return [
            f"item{place}.EMAIL;TYPE=INTERNET:{address.value}",
            f"item{place}.X-ABLabel:{label}",
        ]
    kind = f",{address.label.upper()}" if address.label else ""
    return [f"EMAIL;TYPE=INTERNET{kind}:{address.value}"]


def _escaped(text: str) -> str:
    """RFC 6350, section 3.4."""
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")


def _printable(head: str, text: str) -> str:
    if text.isascii():
        return f"{head}:{text}"
    coded = quopri.encodestring(text.encode()).decode().replace("=\n", "=\r\n")
    return f"{head};CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{coded}"


def _folded(line: str) -> list[str]:
    """The line in pieces of at most FOLD_AT bytes, no letter cut in two."""
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode()) > FOLD_AT:
            pieces.append(piece)
            piece = " "
        piece += letter
    return [*pieces, piece]

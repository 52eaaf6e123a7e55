"""From what an address book says to what we keep of a person. No database."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from importer import addresses
from importer.addresses import Address, NotAnAddress
from importer.sources.contract import SourcePerson

LONGEST_TEXT = 200  # of a name, company or title; what is longer is cut, with an ellipsis
LONGEST_RAW = 300  # of a row that was left out
STALE_YEARS = 5
MOST_REMEMBERED = 20_000  # characters; the scripts of one address book have some hundreds
MOST_ADDRESSES = 20  # of one person; an entry with more is a list that somebody keeps as a person

# Never part of a name, and able to disguise one: marks that turn the writing direction of all that
# follows, and invisible spaces. Joiners (U+200C, U+200D) stay: Persian and Hindi names need them.
_DISGUISES = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x2060, 0xFEFF, 0xFFFD]
)

_LAST = "\U0010ffff"  # sorts behind every letter, and is none


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """Something that can't be kept: why, and what it was. See REASONS."""

    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class CleanPerson:
    """A person as we may keep them. `phone_country` is an E.164 country code ("351"), or ""."""

    key: str
    name: str
    company: str
    title: str
    phone_country: str
    stale: bool
    addresses: tuple[Address, ...]
    left_out: tuple[LeftOutRow, ...]


# Why a row of an address book was left out.
REASONS = {
    "not_an_address": "This is not an e-mail address",
    "too_many_addresses": "One entry with more than 20 addresses",
    "empty": "Neither a name nor an e-mail address",
}


def clean(person: SourcePerson, source: str) -> CleanPerson:
    """The person with what is broken taken out and listed. `source` keeps the books' keys apart."""
    good: dict[str, Address] = {}
    bad: list[LeftOutRow] = []
    for entry in person.addresses:
        if not entry.value.strip():
            continue
        if len(good) == MOST_ADDRESSES:
            bad.append(LeftOutRow("too_many_addresses", cut(entry.value, LONGEST_RAW)))
            break
        try:
            address = addresses.read(entry.value, entry.label)
        except NotAnAddress:
            bad.append(LeftOutRow("not_an_address", cut(entry.value, LONGEST_RAW)))
        else:
            good.setdefault(address.normalised, address)
    return CleanPerson(
        key=_key(source, person.key),
        name=cut(person.name, LONGEST_TEXT),
        company=cut(person.company, LONGEST_TEXT),
        title=cut(person.title, LONGEST_TEXT),
        phone_country=phone_country(person.phone),
        stale=0 < person.updated <= datetime.now(UTC).year - STALE_YEARS,
        addresses=tuple(good.values()),
        left_out=tuple(bad),
    )


def cut(text: str, longest: int) -> str:
    """The text on one line, without control characters, at most `longest` characters.

    Databases refuse NUL and lone surrogates; scripts and spellings stay as they are.
    """
    # Ten megabytes of name are cut before each character is looked at.
    text = text[: longest * 4]
    if not text.isprintable() or "\ufffd" in text:  # every other disguise isn't printable
        text = text.translate(_DISGUISES)
    if not text.isprintable():
        text = "".join(
            " " if character in "\t\r\n\v\f\u2028\u2029\u0085" else character
            for character in text
            if character.isspace()
            or unicodedata.category(character) not in ("Cc", "Cs", "Cn", "Co")
        )
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def folded(text: str) -> str:
    """The text for comparing and sorting: lower case, without accents, compatible forms as one."""
    if text.isascii():
        return text.lower()
    return text.translate(_FOLDED)


class _Folded(dict[int, str]):
    """Each character as it is compared, made when it is first asked for.

    Decomposing goes character by character, but for the order of marks, and marks are dropped.
    """

    def __missing__(self, code: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(code).casefold())
        folded = "".join(one for one in decomposed if not unicodedata.combining(one))
        if len(self) < MOST_REMEMBERED:
            self[code] = folded
        return folded


_FOLDED = _Folded()


def sort_name(name: str) -> str:
    """The name for sorting: quotes and brackets before it don't count; without letters it is last."""
    text = folded(name)
    if not any(map(str.isalpha, text)):
        return _LAST + text
    return text[next(place for place, one in enumerate(text) if one.isalnum()) :]


def search_text(*parts: str) -> str:
    """What a search looks through, where word order means nothing; it is asked for `folded` words.

    A word that stands within another one, as names do in addresses, is found there.
    """
    text = ""
    for word in sorted(folded(" ".join(parts)).split(), key=len, reverse=True):
        if word not in text:
            text += f" {word}"
    return text[1:]


# ITU-T E.164, list of assigned country codes: one digit, these with two, all others with three.
_TWO_DIGITS = frozenset(
    {20, 27, *range(30, 35), 36, *range(39, 42), *range(43, 50), *range(51, 59), *range(60, 67)}
    | {81, 82, 84, 86, *range(90, 96), 98}
)
_INTERNATIONAL = re.compile(r"(?:\+|00)\s*([1-9]\d{2})")


def phone_country(phone: str) -> str:
    """The country code of an international number, as digits; "" when it isn't one."""
    match = _INTERNATIONAL.match(re.sub(r"[\s().-]", "", phone[:40]))
    if not match:
        return ""
    digits = match[1]
    if digits[0] in "17":
        return digits[0]
    return digits[:2] if int(digits[:2]) in _TWO_DIGITS else digits


def _key(source: str, key: str) -> str:
    # The provider's own id of a person is not ours to keep; its hash finds the entry again.
    return sha256(f"{source}\0{key}".encode(errors="replace")).hexdigest()[:32] if key else ""

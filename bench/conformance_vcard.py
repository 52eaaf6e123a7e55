"""`bin/conformance vcard`: importer.sources.vcard over a folder of address books."""

from __future__ import annotations

import time
import traceback
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from importer import cleaning
from importer.cleaning import CleanPerson
from importer.sources import vcard

DESCRIPTION = """\
Reads every *.vcf of the folder, as an import would. expected.json, where there is one, names files
and the addresses in them; in files that it does not name there are none. The figures:
  files               files read
  cards               people found in them
  crashed             files on which the reader raised
  addresses_expected  addresses in expected.json
  addresses_found     those of them that were found (without expected.json: all that were found)
  addresses_missing   those of them that were not found
  addresses_wrong     addresses found that are not expected
  unreadable_names    names with a character that belongs to no script: what a wrong encoding leaves
  per_second          cards read and cleaned in a second by one process"""
PROMISED: dict[str, float] = {}
ALLOWED = {"crashed": 0, "addresses_missing": 0, "addresses_wrong": 0, "unreadable_names": 0}

_FIGURES = (
    *("files", "cards", "crashed", "addresses_expected", "addresses_found", "addresses_missing"),
    *("addresses_wrong", "unreadable_names"),
)
_NO_LETTER = frozenset({"Cc", "Cn", "Co", "Cs"})


def run(
    folder: Path, expected: Mapping[str, Sequence[str]] | None
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The figures, nothing beside them, and a line for each mismatch."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".vcf")
    figures = dict.fromkeys(_FIGURES, 0)
    mismatches: list[str] = []
    started = time.perf_counter()
    for path in files:
        figures["files"] += 1
        people: list[CleanPerson] = []
        try:
            for person in vcard.read([path.read_bytes()]):
                people.append(cleaning.clean(person, "vcard"))
                if not is_readable(person.name):
                    figures["unreadable_names"] += 1
                    mismatches.append(f"{path.name}: the name {person.name!r} can't be read")
        except Exception:  # noqa: BLE001 - whatever it is, it is counted and shown
            figures["crashed"] += 1
            mismatches.append(f"{path.name}: crashed\n{traceback.format_exc()}")
        figures["cards"] += len(people)
        found = {address.written for person in people for address in person.addresses}
        wanted = found if expected is None else set(expected.get(path.name, ()))
        figures["addresses_expected"] += len(wanted)
        figures["addresses_found"] += len(wanted & found)
        figures["addresses_missing"] += len(wanted - found)
        figures["addresses_wrong"] += len(found - wanted)
        for what, which in (("missing", wanted - found), ("wrong", found - wanted)):
            mismatches += [f"{path.name}: {what}: {address}" for address in sorted(which)]
    seconds = time.perf_counter() - started
    figures["per_second"] = round(figures["cards"] / seconds) if seconds else 0
    return figures, {}, mismatches


def is_readable(name: str) -> bool:
    """Whether every character of a name belongs to some script, or is a space or a mark."""
    if "\ufffd" in name:
        return False
    return not any(
        unicodedata.category(character) in _NO_LETTER
        for character in name
        if character not in "\t\r\n"
    )

"""`bin/conformance vcard` over a folder of our own."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import vobject

from bench import cards, conformance
from importer.sources import vcard

BEA = "BEGIN:VCARD\nFN:Bea\nEMAIL:bea@norte.example\nEND:VCARD\n"
TOM = b"BEGIN:VCARD\nFN;CHARSET=UTF-8;QUOTED-PRINTABLE:T=EF=BF=BDm\nEND:VCARD\n"


def measured(
    folder: Path, capsys: pytest.CaptureFixture[str], expected: dict[str, list[str]] | None
) -> tuple[int, dict[str, Any]]:
    (folder / "bea.vcf").write_text(BEA)
    if expected is not None:
        (folder / "expected.json").write_text(json.dumps(expected))
    code = conformance.main(["vcard", str(folder), "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_what_is_expected_and_found_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = measured(tmp_path, capsys, {"bea.vcf": ["bea@norte.example"]})
    assert found.pop("per_second") > 0
    assert (code, found) == (0, {
        "files": 1, "cards": 1, "crashed": 0, "addresses_expected": 1, "addresses_found": 1,
        "addresses_missing": 0, "addresses_wrong": 0, "unreadable_names": 0,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "missing", "wrong"),
    [({"bea.vcf": ["tom@norte.example"]}, 1, 1), ({"bea.vcf": []}, 0, 1), ({}, 0, 1)],
)
def test_an_address_too_many_or_too_few_is_counted(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    expected: dict[str, list[str]],
    missing: int,
    wrong: int,
) -> None:
    code, found = measured(tmp_path, capsys, expected)
    assert (code, found["addresses_missing"], found["addresses_wrong"]) == (1, missing, wrong)


def test_without_expectations_what_is_found_is_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = measured(tmp_path, capsys, None)
    assert (code, found["addresses_found"], found["addresses_wrong"]) == (0, 1, 0)


def test_a_name_with_a_character_that_is_none_is_unreadable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tom.vcf").write_bytes(TOM)
    code, found = measured(tmp_path, capsys, {"bea.vcf": ["bea@norte.example"]})
    assert (code, found["cards"], found["unreadable_names"]) == (1, 2, 1)


def test_of_generated_cards_we_read_the_same_people_as_vobject(tmp_path: Path) -> None:
    path = tmp_path / "many.vcf"
    cards.write(path, 200, seed=7)
    theirs = [
        (card.fn.value, [one.value for one in card.contents.get("email", [])])
        for card in vobject.readComponents(io.StringIO(path.read_bytes().decode()), allowQP=True)
    ]
    ours = [
        (person.name, [one.value for one in person.addresses])
        for person in vcard.read([path.read_bytes()])
    ]
    assert len(ours) == 200
    assert [addresses for _, addresses in ours] == [addresses for _, addresses in theirs]
    assert sum(one == other for one, other in zip(ours, theirs, strict=True)) >= 195

"""From what an address book says to what we keep of a person."""

from __future__ import annotations

import random
import unicodedata

import pytest

from importer import cleaning
from importer.sources.contract import SourceAddress, SourcePerson


def cleaned(**values: object) -> cleaning.CleanPerson:
    return cleaning.clean(SourcePerson(key="people/c1", **values), "google")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "Bea Sousa",
        "Łukasz Źrebiec",
        "Σοφία Παπαδάκη",
        "陳美玲",
        "أميرة حداد",
        "נועה כהן-לוי",
        "प्रिया शर्मा",
        "สมชาย ศรีสุข",
        "می\u200cخواهم",  # Persian, with the joiner that it needs
        "남궁민준",
        "Łódź 🦊 & Cie",
        "<b>Bold</b> & Sons",
        "Robert'); DROP TABLE people;--",
        "O’Rourke",
    ],
)
def test_names_in_every_script_stay_as_they_are(name: str) -> None:
    assert cleaned(name=name).name == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Anna \u202enetsriK\u202c Berg", "Anna netsriK Berg"),
        ("Zero\u200bWidth Jones", "ZeroWidth Jones"),
        ("Bea\x00 Sousa", "Bea Sousa"),
        ("Bea\r\nSousa", "Bea Sousa"),
        ("Bea\ud800 Sousa", "Bea Sousa"),
        ("  Bea \t Sousa ", "Bea Sousa"),
        ("\ufeffBea", "Bea"),
        ("\x1b[31mBea", "[31mBea"),
    ],
)
def test_what_databases_refuse_and_what_disguises_is_taken_out(raw: str, name: str) -> None:
    assert cleaned(name=raw).name == name


def test_ten_megabytes_of_name_are_cut() -> None:
    name = cleaned(name="x" * 10_000_000).name
    assert len(name) == 200
    assert name.endswith("…")


@pytest.mark.parametrize(
    ("phone", "country"),
    [
        ("+351 21 000 0001", "351"),
        ("+1 (212) 555-0100", "1"),
        ("+49000210003", "49"),
        ("0044 20 7946 0000", "44"),
        ("+7 495 000 00 00", "7"),
        ("+886000210009", "886"),
        ("+420000000000", "420"),
        ("020 7946 0000", ""),
        ("call me", ""),
        ("+", ""),
        ("", ""),
    ],
)
def test_of_a_telephone_number_only_the_country_is_kept(phone: str, country: str) -> None:
    assert cleaned(phone=phone).phone_country == country


def test_broken_addresses_are_listed_and_good_ones_kept_once() -> None:
    person = cleaned(
        name="Bea",
        addresses=(
            SourceAddress("bea@norte.example", "work"),
            SourceAddress("BEA@norte.example", "home"),
            SourceAddress("not one", "work"),
            SourceAddress("  "),
        ),
    )
    assert [address.written for address in person.addresses] == ["bea@norte.example"]
    assert [(row.reason, row.raw) for row in person.left_out] == [("not_an_address", "not one")]


def test_one_entry_with_a_whole_list_is_cut_short() -> None:
    many = tuple(SourceAddress(f"p{number}@firm.example") for number in range(1000))
    person = cleaned(addresses=many)
    assert len(person.addresses) == 20
    assert [row.reason for row in person.left_out] == ["too_many_addresses"]


def test_an_entry_that_nobody_touched_for_years_is_stale() -> None:
    assert cleaned(updated=2013).stale
    assert not cleaned(updated=2999).stale
    assert not cleaned(updated=0).stale


def test_the_providers_id_is_kept_as_a_hash_that_differs_from_book_to_book() -> None:
    person = SourcePerson(key="people/c1")
    keys = {cleaning.clean(person, source).key for source in ("google", "other")}
    assert len(keys) == 2
    assert not any("people" in key for key in keys)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("José Muñoz", "josé"),
        ("José Muñoz", "jose"),
        ("José Muñoz", "munoz"),
        ("Weißhaupt", "weißhaupt"),
        ("Weißhaupt", "weisshaupt"),
        ("陳美玲", "美玲"),
        ("Łukasz", "łukasz"),
    ],
)
def test_a_search_finds_with_and_without_accents(name: str, typed: str) -> None:
    assert cleaning.folded(typed) in cleaning.search_text(name)


def test_names_are_sorted_by_their_first_letter_and_those_without_one_come_last() -> None:
    names = ["…", "Zoë", '"Kit"', "<b>Bold", "陳美玲", "Ángel", "(3M) Desk", "¿?", "1984", "Σοφία"]
    in_order = sorted(names, key=cleaning.sort_name)
    assert in_order[:5] == ["(3M) Desk", "Ángel", "<b>Bold", '"Kit"', "Zoë"]
    assert set(in_order[-3:]) == {"…", "¿?", "1984"}


def test_folding_letter_by_letter_is_folding_the_whole_text() -> None:
    draw = random.Random(1)
    ranges = [range(0x20, 0x250), range(0x300, 0x370), range(0x370, 0x3000), range(0xAC00, 0x11000)]
    for _ in range(2000):
        text = "".join(chr(draw.choice(draw.choice(ranges))) for _ in range(8))
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        assert cleaning.folded(text) == "".join(
            one for one in decomposed if not unicodedata.combining(one)
        )

"""vCard files as programs really write them: every card is read, and nothing makes the reader fail."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from importer.sources import lettering, vcard
from importer.sources.contract import SourceAddress, SourcePerson

BEA = """\
BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:1
FN:Bea Sousa
N:Sousa;Bea;;Dr;
ORG:Norte;Legal
TITLE:Head of Legal
TEL;TYPE=work;VALUE=uri:tel:+351-21-000-0001
EMAIL;TYPE=home:bea@home.example
EMAIL;TYPE=work;PREF=1:bea@norte.example
REV:20240203T101112Z
NOTE:Owes me lunch
END:VCARD
"""


def read(text: str | bytes, *, encoding: str = "utf-8") -> list[SourcePerson]:
    """The people in a file of this content."""
    raw = text if isinstance(text, bytes) else text.encode(encoding)
    return list(vcard.read([raw]))


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def one(*lines: str, version: str = "3.0") -> SourcePerson:
    [person] = read(card(*lines, version=version))
    return person


def test_a_card_gives_name_work_addresses_and_nothing_else() -> None:
    assert read(BEA) == [
        SourcePerson(
            key="urn:uuid:1\0Bea Sousa",
            name="Bea Sousa",
            company="Norte",
            title="Head of Legal",
            phone="+351-21-000-0001",
            updated=2024,
            addresses=(
                SourceAddress("bea@norte.example", "work"),
                SourceAddress("bea@home.example", "home"),
            ),
        )
    ]


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_line_ends_and_encodings_make_no_difference(line_end: str, encoding: str) -> None:
    text = (BEA + BEA.replace("Bea Sousa", "Zoë Núñez 陳")).replace("\n", line_end)
    assert [person.name for person in read(text, encoding=encoding)] == [
        "Bea Sousa",
        "Zoë Núñez 陳",
    ]
    assert read(text, encoding=encoding)[0] == read(BEA)[0]


def test_where_the_pieces_of_a_file_end_makes_no_difference() -> None:
    raw = (
        BEA.replace("\n", "\r\n") + card("FN:Zoë", "EMAIL;TYPE=work:zoe@\r\n firm.example")
    ).encode()
    whole = read(raw)
    for size in (1, 2, 3, 7, 64):
        assert list(vcard.read(raw[at : at + size] for at in range(0, len(raw), size))) == whole


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["EMAIL:bea@norte", " .example"], "bea@norte.example"),
        (["EMAIL;TYPE=INTERNET", " ;TYPE=WORK:bea@norte.example"], "bea@norte.example"),
        (["item1.EMAIL;type=INTERNET:bea@norte.example"], "bea@norte.example"),
        (["email:bea@norte.example"], "bea@norte.example"),
        (["EMAIL;VALUE=uri:mailto:bea@norte.example?subject=x"], "bea@norte.example"),
        (["EMAIL;ENCODING=QUOTED-PRINTABLE:bea=40norte=", ".example"], "bea@norte.example"),
        (["EMAIL;X-LABEL=\"at: work; mine\":bea@norte.example"], "bea@norte.example"),
        (["EMAIL;ENCODING=b:YmVhQG5vcnRlLmV4YW1wbGU="], "bea@norte.example"),
    ],
)  # fmt: skip
def test_an_address_is_found_however_it_is_written(lines: list[str], value: str) -> None:
    assert [address.value for address in one(*lines).addresses] == [value]


def test_version_2_1_folds_at_spaces_but_not_inside_an_address() -> None:
    person = one("FN:Bea", " Sousa", "EMAIL;WORK:bea@norte", " .example", version="2.1")
    assert person.name == "Bea Sousa"
    assert person.addresses == (SourceAddress("bea@norte.example", "work"),)


def test_apple_s_own_labels_count() -> None:
    person = one(
        "item1.EMAIL:bea@norte.example", "item1.X-ABLabel:_$!<Work>!$_",
        "item2.EMAIL:bea@home.example", "item2.X-ABLabel:Summer house",
    )  # fmt: skip
    assert [address.label for address in person.addresses] == ["Work", "Summer house"]


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["N:Sousa;Bea;Maria;Dr;MP"], "Dr Bea Maria Sousa MP"),
        (["FN:", "N:Sousa;Bea"], "Bea Sousa"),
        (["N:田中;太郎;;;"], "田中 太郎"),
        (["NICKNAME:Bee"], "Bee"),
        (["FN:Sousa\\, Bea\\; \\\\ MP\\nNorte"], "Sousa, Bea; \\ MP Norte"),
        (["N:de\\;Sousa;Bea"], "Bea de;Sousa"),
        (["FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Zo=C3=AB=", "=20N=C3=BA=C3=B1ez"], "Zoë Núñez"),
        (["FN;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Zo=EB"], "Zoë"),
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written(lines: list[str], name: str) -> None:
    assert one(*lines).name == name


@pytest.mark.parametrize(
    ("name", "encoding", "declared"),
    [
        ("伊能 表", "shift_jis", "SHIFT_JIS"),  # with a backslash as second byte
        ("髙橋①", "cp932", "Shift_JIS"),  # only Windows' Shift-JIS has these
        ("田中 太郎", "iso2022_jp", "ISO-2022-JP"),
        ("張偉", "big5", "BIG5"),
        ("Zoë “Z” Núñez", "cp1252", "ISO-8859-1"),
        ("Zoë", "utf-8", "ASCII"),  # declared, and not true
        ("Zoë", "utf-8", "NO-SUCH-CHARSET"),
        ("Zoë", "utf-8", "base64_codec"),
    ],
)
def test_a_declared_charset_is_used_if_it_is_true(name: str, encoding: str, declared: str) -> None:
    raw = card("FN;CHARSET=XX:YY", version="2.1").encode()
    raw = raw.replace(b"XX", declared.encode()).replace(b"YY", name.encode(encoding))
    assert [person.name for person in read(raw)] == [name]


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        ("José;Hélène;René Dupont;Ångström;François Lefèvre", "cp1252"),
        ("田中太郎;佐藤花子;山田ロイド", "cp932"),
        ("Иван Петров;Мария;Ольга", "cp1251"),
        ("Иван Петров;Ольга Иванова", "koi8-r"),
        ("Γιώργος Παπαδόπουλος;Μαρία", "cp1253"),
        ("דוד כהן", "cp1255"),
        ("Łukasz Żak;Wałęsa;Małgorzata", "cp1250"),
        ("김민수;이영희", "euc_kr"),
        ("张伟;王小明;李娜 北京公司", "gb18030"),
        ("陳美玲;林志明", "big5"),
        ("やまだ たろう", "euc_jp"),
        ("Zoë;陳;Иван", "utf-8"),
    ],
)
def test_an_encoding_that_nobody_declared_is_guessed(names: str, encoding: str) -> None:
    for name in [names, *names.split(";")]:
        assert lettering.text(name.encode(encoding)) == name


def test_the_encoding_of_a_file_is_guessed_from_all_of_its_cards() -> None:
    names = ["张伟", "王小明", "李娜"]  # the last one alone could be a Russian name
    raw = "".join(card(f"FN:{name}", version="2.1") for name in names).encode("gb18030")
    assert [person.name for person in read(raw)] == names


def test_a_sample_may_end_inside_a_character() -> None:
    assert lettering.guess(("Müller, Zoë " * 9 + "ë").encode()[:-1]) == "utf-8"
    assert lettering.guess("田中太郎佐藤花子".encode("cp932")[:-1]) == "cp932"


def test_a_card_within_a_card_is_a_person_of_their_own() -> None:
    people = read(
        card("FN:Ana", "AGENT:", "BEGIN:VCARD", "FN:Tom", "EMAIL:tom@firm.example", "END:VCARD",
             "EMAIL:ana@diaz.example", version="2.1")
    )  # fmt: skip
    assert {person.name: [one.value for one in person.addresses] for person in people} == {
        "Tom": ["tom@firm.example"],
        "Ana": ["ana@diaz.example"],
    }


def test_a_card_that_3_0_writes_on_one_line_is_one_too() -> None:
    people = read(
        card(
            "FN:Ana",
            "AGENT:BEGIN:VCARD\\nFN:Tom\\nEMAIL\\;TYPE=work:tom@firm.example\\nEND:VCARD\\n",
        )
    )
    assert [person.name for person in people] == ["Tom", "Ana"]
    assert people[0].addresses == (SourceAddress("tom@firm.example", "work"),)


PHOTO = "QUJD" * 18


@pytest.mark.parametrize(
    "photo",
    [
        ["PHOTO;ENCODING=b;TYPE=JPEG:" + PHOTO, " " + PHOTO, " EMAIL:no=="],
        ["PHOTO;ENCODING=BASE64:", " " + PHOTO, " " + PHOTO, ""],
        ["PHOTO;BASE64;TYPE=JPEG:", PHOTO, PHOTO + "==", ""],
        ["PHOTO;TYPE=JPEG;", " ENCODING=b:" + PHOTO, " " + PHOTO],
        ["NOTE;ENCODING=QUOTED-PRINTABLE:first=", "EMAIL:not@hers.example=", "FN:Not her"],
        ["NOTE;CHARSET=UTF-8;", " ENCODING=QUOTED-PRINTABLE:first=", "EMAIL:not@hers.example"],
        ["ADR:;;1 Street\\", "9999999\\", "Station 999;Town"],
        ["# a remark: ignored", "and a bare line"],
        ["X-NOTHING", ":", ";", "=", "EMAIL", "FN"],
        ["BEGIN:VEVENT", "SUMMARY:Lunch", "END:VEVENT"],
    ],
)
def test_what_nobody_asked_for_passes_by(photo: list[str]) -> None:
    person = one("FN:Bea", *photo, "EMAIL:bea@norte.example", version="2.1")
    assert person.name == "Bea"
    assert [address.value for address in person.addresses] == ["bea@norte.example"]


@pytest.mark.parametrize(
    "broken",
    [
        "BEGIN:VCARD\nFN:Tom\n" + BEA,  # never ends
        BEA + "BEGIN:VCARD\nFN:Tom",  # cut off
        BEA + "FN:Tom\nEND:VCARD\n",  # never began
        BEA + "begin:vCard\nFN:Tom\nend:vCard \n",
        BEA + "BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:Tom=\nEND:VCARD\n",
        "\n\n" + BEA + "\n\nBEGIN : VCARD\n\nFN:Tom\n\nEND:VCARD",
    ],
)
def test_a_broken_card_costs_no_other(broken: str) -> None:
    assert sorted(person.name.strip("=") for person in read(broken)) == ["Bea Sousa", "Tom"]


def test_one_uid_for_everybody_makes_nobody_the_same_person() -> None:
    people = read(card("UID:1", "FN:Ana") + card("UID:1", "FN:Tom"))
    assert len({person.key for person in people}) == 2


def test_nothing_makes_the_reader_fail() -> None:
    chance = random.Random(6350)
    raw = (BEA + card("FN;ENCODING=QUOTED-PRINTABLE:Zo=C3=AB", "AGENT:BEGIN:VCARD\\nFN:T")).encode()
    odd = [b"\0", b"\r", b"\n", b'"', b"\\", b"=", b":", b";", b"\xff", b" ", b"\nBEGIN:VCARD\n"]
    for _ in range(2000):
        broken = bytearray(raw)
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(broken))
            broken[at : at + chance.randrange(3)] = chance.choice(odd)
        assert len(read(bytes(broken))) < 20


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0" * 100_000, b"BEGIN:VCARD\n" * 10_000, b"\xff\xfe", b"EMAIL;" * 50_000, b'FN;"' * 9999],
)  # fmt: skip
def test_nonsense_gives_nobody(raw: bytes) -> None:
    assert read(raw) == []


def test_a_line_of_nothing_but_parting_signs_is_read_in_a_moment() -> None:
    started = time.perf_counter()
    read(card('FN;X="' + ":" * 200_000, version="4.0"))
    assert time.perf_counter() - started < 10  # it took minutes


def test_a_huge_value_is_cut_and_the_next_card_is_read() -> None:
    people = read(card("FN:" + "x" * 5_000_000, version="4.0") + BEA)
    assert [len(person.name) < 100_000 for person in people] == [True, True]
    assert people[1].name == "Bea Sousa"


def test_memory_does_not_grow_with_the_file() -> None:
    def pieces(cards: int) -> Iterator[bytes]:
        for number in range(cards):
            yield card(f"FN:P {number}", "PHOTO;ENCODING=b:" + "\r\n ".join([PHOTO] * 30)).encode()

    def peak(cards: int) -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _ in vcard.read(pieces(cards))) == cards
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(3000) < peak(30) + 200_000


@pytest.mark.parametrize(
    ("start", "is_one"),
    [
        (BEA.encode(), True),
        (BEA.encode("utf-16"), True),
        (b"\n\n begin:vcard \nFN:x", True),
        (b"Name,BEGIN:VCARD\n", False),
        (b"\x89PNG\r\n\x1a\n", False),
        (b"", False),
    ],
)
def test_a_vcard_file_is_told_by_what_is_in_it(start: bytes, is_one: Any) -> None:
    assert vcard.is_vcard(start) is is_one

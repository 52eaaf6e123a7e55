"""Files that people have: told by their content, and read, or refused in a sentence."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from importer.sources import columns, csv_file, files
from importer.sources.contract import BadFile, SourceAddress, SourcePerson
from importer.sources.files import Book, Table

LINKEDIN = """\
Notes:
"When exporting your connection data, you may notice that some of the addresses are missing.
You will only see addresses of connections who have allowed it."

First Name,Last Name,URL,Email Address,Company,Position,Connected On
Bea,Sousa,https://www.linkedin.com/in/bea,bea@norte.example,Norte,Head of Legal,03 Feb 2024
Tom,"Berg, MBA",https://www.linkedin.com/in/tom,,"Berg & Sons, Ltd",Owner,01 Jan 2020
"""
GOOGLE = """\
First Name,Middle Name,Last Name,Organization Name,Organization Title,Labels,E-mail 1 - Label,\
E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value
Bea,Maria,Sousa,Norte,Head of Legal,* myContacts,* Work,bea@norte.example ::: b@norte.example,Home,\
bea@home.example,Mobile,+351 210 000 001
"""
OLD_GOOGLE = """\
Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value,Organization 1 - Name,\
Organization 1 - Title
Bea Sousa,Bea,Sousa,* Work,bea@norte.example,Norte,Head of Legal
"""
OUTLOOK = """\
Title,First Name,Last Name,Company,Job Title,Business Phone,E-mail Address,E-mail Display Name,\
E-mail 2 Address
Dr,Bea,Sousa,Norte,Head of Legal,+351 210 000 001,bea@norte.example,Bea,bea@home.example
"""


def people_in(content: str | bytes) -> tuple[str, list[SourcePerson]]:
    """Source and people of a file that is known."""
    raw = content if isinstance(content, bytes) else content.encode()
    with files.opened(io.BytesIO(raw)) as found:
        assert isinstance(found, Book)
        return found.source, list(found.people)


def refusal(content: bytes) -> str:
    """The sentence with which a file is refused, at once or while it is read."""
    with pytest.raises(BadFile) as refused, files.opened(io.BytesIO(content)) as found:
        list(found.people if isinstance(found, Book) else found.rows)
    return str(refused.value)


def zipped(**entries: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def summary(person: SourcePerson) -> tuple[str, ...]:
    return (person.name, person.company, person.title, *(one.value for one in person.addresses))


BEA = ("Bea Sousa", "Norte", "Head of Legal", "bea@norte.example")


def test_linkedin_s_connections_are_found_below_the_note() -> None:
    source, people = people_in(LINKEDIN)
    assert source == "file-linkedin"
    assert list(map(summary, people)) == [BEA, ("Tom Berg, MBA", "Berg & Sons, Ltd", "Owner")]
    assert people[0].key == "https://www.linkedin.com/in/bea"


@pytest.mark.parametrize(
    "header",
    [
        "First Name,Last Name,Email Address,Company,Position,Connected On",  # as it was once
        "Vorname,Nachname,E-Mail-Adresse,Unternehmen,Position,Verbunden am",
        "Prénom,Nom,Adresse e-mail,Entreprise,Poste,Connecté le",
        "Nombre,Apellidos,Dirección de correo electrónico,Empresa,Cargo,Conectado el",
        "Nome,Sobrenome,Endereço de e-mail,Empresa,Cargo,Conectado em",
        "Nome,Cognome,Indirizzo email,Azienda,Posizione,Collegato il",
        "Voornaam,Achternaam,E-mailadres,Bedrijf,Functie,Verbonden op",
        "Förnamn,Efternamn,E-postadress,Företag,Befattning,Ansluten",
        "Imię,Nazwisko,Adres e-mail,Firma,Stanowisko,Data połączenia",
        "名,姓,メールアドレス,会社,役職,つながりの日付",
    ],
)
def test_linkedin_s_header_is_known_without_url_and_in_other_languages(header: str) -> None:
    row = "Bea,Sousa,bea@norte.example,Norte,Head of Legal,03 Feb 2024"
    source, [person] = people_in(f"{header}\n{row}\n")
    assert (source, summary(person)) == ("file-linkedin", BEA)


@pytest.mark.parametrize("name", ["Connections.csv", "Basic_Export_11-21/connections.csv"])
def test_of_linkedin_s_zip_only_the_connections_are_read(name: str) -> None:
    raw = zipped(**{"messages.csv": "secret", name: LINKEDIN, "Rich Media/a.jpg": "x"})
    assert len(people_in(raw)[1]) == 2


def test_google_s_labels_and_several_addresses_in_a_cell_are_understood() -> None:
    source, [bea] = people_in(GOOGLE)
    assert (source, bea.name, bea.phone) == ("file-google", "Bea Maria Sousa", "+351 210 000 001")
    assert bea.addresses == (
        SourceAddress("bea@norte.example", "Work"),
        SourceAddress("b@norte.example", "Work"),
        SourceAddress("bea@home.example", "Home"),
    )


def test_google_s_older_format_and_outlook_s_are_known() -> None:
    assert [*map(summary, people_in(OLD_GOOGLE)[1])] == [BEA]
    source, [bea] = people_in(OUTLOOK)
    assert (source, summary(bea)) == ("file-outlook", (*BEA, "bea@home.example"))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_separator_encoding_and_line_ends_are_found(
    separator: str, line_end: str, encoding: str
) -> None:
    text = "Vorname;Nachname;E-Mail-Adresse;E-Mail 2 Adresse;Firma\nZoë;Müller;z@a.example;;Löwe\n"
    raw = text.replace(";", separator).replace("\n", line_end).encode(encoding)
    with files.opened(io.BytesIO(raw)) as found:
        assert isinstance(found, Table)
        assert found.header is not None
        rows = list(found.rows)
    assert rows[1] == ["Zoë", "Müller", "z@a.example", "", "Löwe"]
    assert summary(columns.person(rows[1], found.header.columns))[:2] == ("Zoë Müller", "Löwe")


def test_japanese_in_shift_jis_is_read() -> None:
    raw = "姓,名,メールアドレス,会社\n田中,太郎,taro@firm.example,能率協会\n".encode("shift_jis")
    with files.opened(io.BytesIO(raw)) as found:
        assert isinstance(found, Table)
        assert list(found.rows)[1] == ["田中", "太郎", "taro@firm.example", "能率協会"]


def test_an_umlaut_far_below_the_first_lines_is_read_too() -> None:
    raw = OUTLOOK.encode() * 1 + b"Dr,Tom,Berg,X,Y,,t@a.example,,\n" * 5000
    raw += "Dr,Zoë,Müller,X,Y,,z@a.example,,\n".encode("cp1252")
    assert people_in(raw)[1][-1].name == "Zoë Müller"


def test_excel_s_own_first_line_names_the_separator() -> None:
    with files.opened(io.BytesIO(b"sep=;\nWho;Where\nBea;bea@norte.example\n")) as found:
        assert isinstance(found, Table)
        assert list(found.rows) == [["Who", "Where"], ["Bea", "bea@norte.example"]]


def test_without_a_header_addresses_are_guessed_by_what_stands_there() -> None:
    rows = [["Bea", "Norte", "bea@norte.example"], ["Tom", "", "tom@firm.example"]]
    assert columns.find_header(rows) is None
    assert columns.guess(rows).emails == (2,)


def test_the_same_header_twice_is_skipped_and_another_one_refused() -> None:
    assert len(people_in(LINKEDIN + LINKEDIN[LINKEDIN.index("First") :])[1]) == 4
    assert "two tables in one file" in refusal(LINKEDIN.encode() + OUTLOOK.encode())


def test_somebody_without_an_address_is_the_same_when_read_again() -> None:
    _, people = people_in(LINKEDIN.replace(",https://www.linkedin.com/in/tom,", ",,"))
    assert people[1].key == "Tom Berg, MBA\0Berg & Sons, Ltd\0Owner\0"


def test_angle_brackets_hold_the_address() -> None:
    found = columns.Columns(emails=(0,))
    for cell, values in {
        "Bea <bea@norte.example>": ["bea@norte.example"],
        "a@b.example; c@d.example": ["a@b.example", "c@d.example"],
        "bea at norte": ["bea at norte"],
        "": [],
    }.items():
        assert [one.value for one in columns.person([cell], found).addresses] == values


def locked() -> bytes:
    raw = bytearray(zipped(**{"Connections.csv": LINKEDIN}))
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def broken_off() -> bytes:
    raw = zipped(**{"Connections.csv": LINKEDIN})
    at = raw.index(b"Connections.csv") + 20
    return raw[:at] + b"\xff" * 30 + raw[at + 30 :]


def crowded() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(16_000):
            archive.writestr(f"{number:020}", "")
    return made.getvalue()


WIDE = ",".join(f"c{number}" for number in range(100_000)).encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\r\n \n", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a picture (PNG)"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "a picture (JPEG)"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(99), "Save it as CSV"),
        (b"<!doctype html><title>x</title>", "a web page"),
        ("<html>".encode("utf-16"), "a web page"),
        (b'{"a": 1}', "JSON"),
        (bytes(range(256)) * 20, "not a table in text form"),
        (b"\0" * 5000, "empty"),
        (b"Name,E-mail\nBea," + b"x" * 10_000_000 + b"\n", "Near line 2 is a cell with more than"),
        (b'Name,E-mail\nBea,"bea@norte.example\n' + b"Tom,t@a.example\n" * 20_000, "quotation mark"),
        (b"Name,E-mail\n" + WIDE + b"\n", "Line 2 has more than 500 columns"),
        (WIDE, "more than 500 columns"),
        (zipped(**{"other.csv": "x"}), "no Connections.csv"),
        (zipped(**{"../Connections.csv": LINKEDIN}), "no Connections.csv"),
        (zipped(**{"a/b/Connections.csv": LINKEDIN}), "no Connections.csv"),
        (zipped(**{"[Content_Types].xml": "<x/>"}), "an Excel workbook"),
        (zipped(**{"Connections.csv": "0" * 60_000_000}), "unpacks to more than 40 MB"),
        (zipped(**{"Connections.csv": LINKEDIN})[:-30], "damaged"),
        (locked(), "locked with a password"),
        (broken_off(), "damaged"),
        (crowded(), "too many files"),
        (b"PK\x03\x04", "damaged"),
    ],
)  # fmt: skip
def test_what_is_no_address_book_is_refused_in_a_sentence(content: bytes, sentence: str) -> None:
    assert sentence in refusal(content)


def test_an_archive_that_lies_about_its_size_is_refused_while_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "LARGEST", 200)
    raw = zipped(**{"Connections.csv": LINKEDIN})
    lying = raw.replace(len(LINKEDIN).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert refusal(lying)


def test_stray_zero_bytes_are_dropped() -> None:
    [person] = people_in(OUTLOOK.replace("Bea,Sousa", "B\0ea,Sou\0sa"))[1]
    assert person.name == "Bea Sousa"


def test_more_people_than_anybody_knows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_PEOPLE", 1)
    assert "more than 1 people" in refusal(LINKEDIN.encode())


def test_memory_does_not_grow_with_the_table() -> None:
    def pieces(rows: int) -> Iterator[bytes]:
        yield OUTLOOK.encode()
        for number in range(rows):
            yield b"Dr,Tom,Berg %d,X,Y,,t%d@a.example,,\n" % (number, number)

    def peak(rows: int) -> int:
        tracemalloc.start()
        try:
            shape = csv_file.Shape(",", "cp1252")
            assert sum(1 for _ in csv_file.rows(pieces(rows), shape)) == rows + 2
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(20_000) < peak(100) + 200_000


def test_the_limit_of_a_cell_is_the_module_s_own() -> None:
    assert csv.field_size_limit() == 131_072

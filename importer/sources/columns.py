"""What the columns of a table of people mean: Google's, Outlook's and LinkedIn's are known.

Any other table is shown to the member, with a guess, and they say what its columns are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from importer.sources.contract import BadFile, SourceAddress, SourcePerson
from importer.sources.whole_name import whole_name

HEADER_WITHIN = 30  # rows; LinkedIn puts a note above its header
MOST_EMAIL_COLUMNS = 10

# What a column is called, without accents, spaces and signs, in the languages in which these exports
# exist.
_WORDS = {
    "name": "name fullname displayname contactname nome nomecompleto nombre nombrecompleto nom "
    "nomcomplet namevollstandig naam volledigenaam namn imieinazwisko имя фио 氏名 名前 姓名 이름",
    "first": "firstname givenname forename vorname prenom primeironome nomeproprio primernombre "
    "voornaam fornamn fornavn etunimi imie ad 名 名字 имяотчество",
    "middle": "middlename additionalname weiterevornamen deuxiemeprenom segundonombre",
    "last": "lastname familyname surname nachname familienname nomdefamille apellido apellidos "
    "sobrenome apelido ultimonome cognome achternaam efternamn etternavn efternavn sukunimi nazwisko "
    "soyad soyadı фамилия 姓 姓氏 성",
    "email": "email emailaddress mail mailadresse emailadresse adresseemail adresseelectronique "
    "adressedemessagerie courriel correo correoelectronico direcciondecorreo "
    "direcciondecorreoelectronico direcciondeemail enderecodeemail emailpessoal emailprofissional "
    "indirizzoemail indirizzodipostaelettronica postaelettronica emailadres epost epostadress "
    "epostadresse sahkoposti sahkopostiosoite adresemail eposta epostaadresi электроннаяпочта "
    "адресэлектроннойпочты адресэлпочты メールアドレス 電子メールアドレス 电子邮件 电子邮件地址 "
    "电子邮箱 電子郵件 이메일 이메일주소 workemail businessemail homeemail personalemail",
    "company": "company companyname organization organisation organizationname organization1name "
    "employer firma unternehmen firmenname entreprise societe empresa organizacion organizacao "
    "azienda societa bedrijf foretag virksomhet virksomhed yritys sirket компания организация "
    "会社 会社名 勤務先 公司 회사",
    "title": "jobtitle position role organizationtitle organization1title berufsbezeichnung "
    "funktion poste fonction cargo puesto posicion posizione qualifica functie befattning stilling "
    "tehtavanimike stanowisko pozisyon unvan должность 役職 职位 職稱 직위 직책",
    "honorific": "title anrede titre tratamento titolo nameprefix",
    "phone": "phone phonenumber mobile mobilephone businessphone phone1value telephone telefon "
    "telefone telefono telephonenumber primaryphone mobiltelefon",
    "url": "url profileurl linkedin linkedinurl",
    "connected": "connectedon verbundenam connectele contactele conectadoel conectadoem "
    "dataconexao fechadeconexion collegatoil collegatodal verbondenop ansluten anslutenden "
    "datapołączenia bağlantıtarihi датаустановленияконтакта つながりの日付 つながった日 连接日期",
}
_EMAIL_COLUMN = re.compile(r"e?mail(\d+)(?:value|address|adresse)")
_EMAIL_LABEL = re.compile(r"e?mail(\d+)(?:type|label)")
_ANGLES = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column means what, by number from 0; -1 for none. `labels` go with `emails`."""

    name: int = -1
    first: int = -1
    middle: int = -1
    last: int = -1
    company: int = -1
    title: int = -1
    phone: int = -1
    url: int = -1
    emails: tuple[int, ...] = ()
    labels: tuple[int, ...] = ()

    @property
    def tell_people(self) -> bool:
        """Whether somebody could be told by them."""
        return bool(self.emails) or self.name >= 0 or self.first >= 0 or self.last >= 0


@dataclass(frozen=True, slots=True)
class Header:
    """A header that was found: its row number from 0, its columns, and whose it is ("" if any's)."""

    row: int
    columns: Columns
    program: str


def plain(heading: str) -> str:
    """A heading for comparing: without case, accents, spaces and signs."""
    decomposed = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(character for character in decomposed if character.isalnum())


_MEANING = {plain(word): meaning for meaning, words in _WORDS.items() for word in words.split()}


def find_header(rows: Sequence[Sequence[str]]) -> Header | None:
    """The header among the first rows of a table, or None when no row looks like one."""
    for number, row in enumerate(rows[:HEADER_WITHIN]):
        if any("@" in cell for cell in row):
            continue
        columns = by_heading(row)
        named = columns.first >= 0 and columns.last >= 0
        if (columns.emails and columns.tell_people and len(row) > 1) or named:
            return Header(number, columns, _program(row, columns))
    return None


def _program(row: Sequence[str], columns: Columns) -> str:
    """Which program writes such headers."""
    words = {plain(cell) for cell in row}
    connected = any(_MEANING.get(word) == "connected" for word in words)
    if connected and columns.first >= 0 and columns.last >= 0:
        return "linkedin"
    if "email1value" in words:
        return "google"
    if {"emailaddress", "email2address", "firstname", "lastname"} <= words:
        return "outlook"
    return ""


def by_heading(row: Sequence[str]) -> Columns:
    """The columns as their headings say."""
    found: dict[str, int] = {}
    emails: dict[str, int] = {}
    labels: dict[str, int] = {}
    for number, cell in enumerate(row):
        word = plain(cell)
        meaning = _MEANING.get(word, "")
        if match := _EMAIL_COLUMN.fullmatch(word):
            emails[match[1]] = number
        elif match := _EMAIL_LABEL.fullmatch(word):
            labels[match[1]] = number
        elif meaning == "email":
            emails[word if word not in emails else f"{word} {number}"] = number
        elif meaning:
            found.setdefault(meaning, number)
    if "title" not in found and "honorific" in found and "first" not in found:
        found["title"] = found["honorific"]  # in Outlook it is Mr or Ms; elsewhere the job
    # "Nom" is the family name beside "Prénom", "Nome" the first name beside "Sobrenome".
    if "name" in found and ("first" in found) != ("last" in found):
        found["last" if "first" in found else "first"] = found.pop("name")
    keys = list(emails)[:MOST_EMAIL_COLUMNS]
    known = {name: found[name] for name in ("name", "first", "middle", "last", "company", "title")
             if name in found}  # fmt: skip
    return Columns(
        **known,
        phone=found.get("phone", -1),
        url=found.get("url", -1),
        emails=tuple(emails[key] for key in keys),
        labels=tuple(labels.get(key, -1) for key in keys),
    )


def guess(rows: Sequence[Sequence[str]]) -> Columns:
    """The columns of a table without a header that we know, by what stands in them."""
    width = max(map(len, rows), default=0)
    at_signs = [
        sum("@" in row[number] for row in rows if number < len(row)) for number in range(width)
    ]
    named = by_heading(rows[0]) if rows else Columns()
    emails = tuple(n for n in range(width) if at_signs[n] and at_signs[n] * 4 >= len(rows))
    return Columns(
        name=named.name, first=named.first, last=named.last, company=named.company,
        title=named.title, emails=(emails or named.emails)[:MOST_EMAIL_COLUMNS],
    )  # fmt: skip


def people(
    rows: Iterable[Sequence[str]], columns: Columns, header: Sequence[str] = ()
) -> Iterator[SourcePerson]:
    """The people in the rows below a header. The same header once more is skipped.

    Raises BadFile for another one: then two tables stand in one file.
    """
    again = [plain(cell) for cell in header]
    for row in rows:
        if header and not any("@" in cell for cell in row):
            words = [plain(cell) for cell in row]
            if words == again:
                continue
            if len(set(words) & _MEANING.keys()) > 2 and find_header([row]):
                raise BadFile(
                    f"A second header, “{', '.join(row)[:80]}”, stands among the people: these are "
                    "two tables in one file. Make two files of them."
                )
        yield person(row, columns)


def person(row: Sequence[str], columns: Columns) -> SourcePerson:
    """The person in a row."""

    def cell(number: int) -> str:
        return row[number] if 0 <= number < len(row) else ""

    name = cell(columns.name) or whole_name(
        cell(columns.first), cell(columns.last), cell(columns.middle)
    )
    labels = (*columns.labels, *[-1] * len(columns.emails))
    return SourcePerson(
        key=cell(columns.url),
        name=name,
        company=cell(columns.company),
        title=cell(columns.title),
        phone=cell(columns.phone).partition(" ::: ")[0],
        addresses=tuple(
            SourceAddress(value, cell(label).lstrip("* "))
            for number, label in zip(columns.emails, labels, strict=False)
            for value in _values(cell(number))
        ),
    )


def _values(cell: str) -> list[str]:
    """The addresses in one cell. Google parts them with :::, people with commas and semicolons."""
    if not cell:
        return []
    if inside := _ANGLES.findall(cell):
        return [value.strip() for value in inside]
    parts = re.split(r" ::: |[,;\s]+", cell) if cell.count("@") > 1 else [cell]
    return [part.strip() for part in parts if part.strip()]

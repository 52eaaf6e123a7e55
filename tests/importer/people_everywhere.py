"""The same twelve people in every address book, and how a member brings each of them in.

A new source adds a line to BOOKS: how its people come in, and what it can't say of them. The people are
the sandbox's demonstration: two scripts, two entries of one person, a shared mailbox, somebody without
an address, a private address beside one for work.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from importer.models import Import
from sandbox.demo_people import DEMO_PEOPLE
from sandbox.people import Address, Person
from tests.importer.conftest import TWELVE, Site, own_server, source_at
from tests.importer.radicale_server import PASSWORD, USER, radicale

# What a source may be unable to say.
LABELS, WORK, PHONE, SEVERAL, NAMES_ALONE = "labels", "work", "phone", "several", "names alone"
ORDER = "order"  # so either of a person's two entries may come first, and give the name


@dataclass(frozen=True)
class AddressBook:
    """One way in. `bring` does what a member does, up to people that are stored."""

    bring: Callable[[Site], Import | None]
    can_not_say: frozenset[str] = frozenset()


def connected(name: str) -> Callable[[Site], Import]:
    """Through the consent screen, read by a worker."""

    def bring(site: Site) -> Import:
        site.offer(source_at(site.sandbox.url, name))
        return site.read(TWELVE)

    return bring


def chosen(write: Callable[[], bytes]) -> Callable[[Site], Import]:
    """A file, handed over and read by a worker."""

    def bring(site: Site) -> Import:
        file = io.BytesIO(write())
        file.name = "contacts"
        page = site.browser.post("/contacts/file/", {"file": file}, follow=True)
        run = site.shown(page)
        site.work()
        run.refresh_from_db()
        return run

    return bring


def from_own_server(site: Site) -> Import:
    """From a real CardDAV server, named by the member, with an app password."""
    with TemporaryDirectory() as folder, radicale(Path(folder)) as dav:
        dav.put_book("people", [_cards("3.0")().decode()])
        site.offer(own_server("carddav"))
        site.settings.PRIVATE_SERVERS = {dav.name}
        form = {"server": dav.url, "user": USER, "secret": PASSWORD}
        run = site.shown(site.browser.post("/contacts/server/carddav/", form, follow=True))
        site.work()
        run.refresh_from_db()
        return run


def typed(site: Site) -> None:
    """One by one, by hand."""
    for person in DEMO_PEOPLE:
        for address in _preferred(person)[:1]:
            form = {"name": person.name, "address": address.value}
            page = site.browser.post("/contacts/type/", form)
            # Who can't be invited can't be typed: a sentence, and nobody is kept.
            assert page.status_code == (200 if address.value.startswith("info@") else 302)


def _preferred(person: Person) -> list[Address]:
    return sorted(person.addresses, key=lambda address: address.label != "work")


def _cards(version: str) -> Callable[[], bytes]:
    def write() -> bytes:
        lines: list[str] = []
        for person in DEMO_PEOPLE:
            name = ";".join((person.family, person.given, "", "", ""))
            lines += ["BEGIN:VCARD", f"VERSION:{version}", f"FN:{person.name}", f"N:{name}"]
            for address in person.addresses:
                kind = f";TYPE={address.label}" if address.label else ""
                lines.append(f"EMAIL{kind}:{address.value}")
            lines += [f"ORG:{person.organization}"] * bool(person.organization)
            lines += [f"TITLE:{person.title}"] * bool(person.title)
            lines += [f"TEL:{person.phone}"] * bool(person.phone)
            lines += [f"REV:{person.updated}", "END:VCARD"]
        return "\r\n".join(lines).encode()

    return write


def _table(heading: str, rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heading.split(","))
    writer.writerows(rows)
    return text.getvalue()


def _google_csv() -> bytes:
    heading = (
        "First Name,Last Name,Organization Name,Organization Title,E-mail 1 - Label,E-mail 1 - Value,"
        "E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Value"
    )
    rows = []
    for person in DEMO_PEOPLE:
        emails = [part for a in person.addresses for part in (f"* {a.label}".strip("* "), a.value)]
        names = _names(person)
        work = (person.organization, person.title)
        rows.append([*names, *work, *emails, *[""] * (4 - len(emails)), person.phone])
    return _table(heading, rows).encode()


def _outlook_csv() -> bytes:
    heading = "First Name,Last Name,Company,Job Title,Mobile Phone,E-mail Address,E-mail 2 Address"
    rows = []
    for person in DEMO_PEOPLE:
        emails = [address.value for address in _preferred(person)]
        work = (person.organization, person.title, person.phone)
        rows.append([*_names(person), *work, *emails, *[""] * (2 - len(emails))])
    return _table(heading, rows).encode("utf-8-sig")


def _linkedin_zip() -> bytes:
    note = "Notes:\n“Connections who hide their address are listed without one.”\n\n"
    heading = "First Name,Last Name,URL,Email Address,Company,Position,Connected On"
    rows = []
    for number, person in enumerate(DEMO_PEOPLE):
        email = next((address.value for address in _preferred(person)), "")
        url = f"https://www.linkedin.example/in/{number}"
        work = (person.organization, person.title)
        rows.append([*_names(person), url, email, *work, "21 Nov 2024"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Connections.csv", note + _table(heading, rows))
    return packed.getvalue()


def _names(person: Person) -> tuple[str, str]:
    """Given and family name. A book that keeps only parts has a desk's name as a first name."""
    return (person.given or person.display, person.family)


# Every way in. What is missing on the right is said by the source's own format, not by our reading.
BOOKS = {
    "typed": AddressBook(typed, frozenset({LABELS, WORK, PHONE, SEVERAL, NAMES_ALONE})),
    "Google": AddressBook(connected("google")),
    "Microsoft": AddressBook(connected("microsoft"), frozenset({LABELS})),
    "HubSpot": AddressBook(connected("hubspot"), frozenset({LABELS})),
    "LinkedIn": AddressBook(connected("linkedin"), frozenset({LABELS, PHONE, SEVERAL})),
    "JMAP": AddressBook(connected("jmap")),
    "CardDAV": AddressBook(from_own_server, frozenset({ORDER})),
    "vCard 2.1": AddressBook(chosen(_cards("2.1"))),
    "vCard 3.0": AddressBook(chosen(_cards("3.0"))),
    "vCard 4.0": AddressBook(chosen(_cards("4.0"))),
    "Google CSV": AddressBook(chosen(_google_csv)),
    "Outlook CSV": AddressBook(chosen(_outlook_csv), frozenset({LABELS})),
    "LinkedIn ZIP": AddressBook(chosen(_linkedin_zip), frozenset({LABELS, PHONE, SEVERAL})),
}

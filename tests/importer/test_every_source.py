"""One contract for every address book: the same people in, the same contacts out."""

from __future__ import annotations

import pytest

from importer.models import Contact, ImportState, LeftOut
from tests.importer.conftest import Site
from tests.importer.people_everywhere import (
    BOOKS,
    LABELS,
    NAMES_ALONE,
    ORDER,
    PHONE,
    SEVERAL,
    WORK,
    AddressBook,
)
from tests.page_rules import look, text_of

# name | address | company | title | country | refusal | flag
EXPECTED = [
    [cell.strip() for cell in line.split("|")]
    for line in """
Bea Sousa | bea@norte.example | Norte | Head of Legal | 351 | |
Carlos Mendes | carlos@mendes-tax.example | Mendes Tax | Tax adviser | 351 | | several
Jonas Weber | jonas.weber@weber-patent.example | Weber Patent | Patent attorney | 49 | |
Inês Carvalho | ines.carvalho@cartorio-carvalho.example | Cartório Carvalho | Notary | 351 | |
Norte front desk | info@norte.example | Norte | | | role |
Amira Haddad | amira@haddad-arbitration.example | Haddad Arbitration | Arbitrator | 961 | |
Tomás Ribeiro | | Ribeiro & Irmãos | | 351 | no_address |
Priya Raman | priya.raman@lantern-trade.example | Lantern Trade | Head of Purchasing | 91 | |
Σοφία Παπαδάκη | sofia@papadaki-studio.example | Papadaki Studio | Architect | 30 | |
陳美玲 | meiling.chen@lantern-trade.example | Lantern Trade | Translator | 886 | |
Kwame Okafor | kwame@example.net | Independent | Surveyor | 44 | | private
""".strip().splitlines()
]


def expected_of(book: AddressBook) -> set[tuple[object, ...]]:
    missing = book.can_not_say
    unsaid_flags = {
        flag for flag, unsaid in (("several", SEVERAL), ("private", LABELS)) if unsaid in missing
    }
    return {
        (
            name,
            address,
            "" if WORK in missing else company,
            "" if WORK in missing else title,
            "" if PHONE in missing else country,
            refusal,
            "" if flag in unsaid_flags else flag,
        )
        for name, address, company, title, country, refusal, flag in EXPECTED
        # Whoever can't be invited can't be typed either.
        if not (NAMES_ALONE in missing and refusal)
    }


# Bea's other entry.
OTHERWISE = {"Beatriz Sousa": "Bea Sousa", "Bea@norte.example": "bea@norte.example"}


def contacts_of(book: AddressBook) -> set[tuple[object, ...]]:
    written = OTHERWISE if ORDER in book.can_not_say else {}
    return {
        (
            written.get(contact.name, contact.name),
            written.get(contact.best_address, contact.best_address),
            contact.company,
            contact.title,
            contact.phone_country,
            contact.refusal,
            " ".join(contact.flags),
        )
        for contact in Contact.objects.all()
    }


@pytest.mark.parametrize("name", BOOKS)
def test_the_same_people_in_are_the_same_contacts_out(site: Site, name: str) -> None:
    book = BOOKS[name]
    run = book.bring(site)

    assert contacts_of(book) == expected_of(book)
    assert not LeftOut.objects.exists()
    held = Contact.objects.count()
    if run is not None:
        assert (run.state, run.error) == (ImportState.DONE, "")
        # Bea was entered twice, once with her address in other letters.
        assert (run.read, run.kept, run.merged, run.left_out) == (12, held, 1, 0)
        words = text_of(look(site.browser, f"/contacts/imports/{run.uid}/"))
        assert "12 people read. 10 have an address. Mails sent: 0." in words
    listed = text_of(look(site.browser, "/invitations/choose/?show=all"))
    assert all(name in listed for name in Contact.objects.values_list("name", flat=True))
    # Nobody is there twice when the same book is read again, and nothing was sent to anybody.
    book.bring(site)
    assert contacts_of(book) == expected_of(book)
    assert site.sandbox.mails() == []


def test_all_books_together_hold_each_person_once(site: Site) -> None:
    for book in BOOKS.values():
        book.bring(site)
    addresses = Contact.objects.exclude(best_address="").values_list("best_address", flat=True)
    assert sorted(addresses) == sorted(address for _, address, *_ in EXPECTED if address)

"""The directory of many people: the same answers as from the contacts, and gone when one changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from importer import actions, cleaning, directory, storing
from importer.models import Contact, DirectoryPage
from importer.sources.contract import SourceAddress, SourcePerson
from invites.actions.people import Page, Show, page_of_people
from ledger import clock
from sandbox.people import large_person
from tests import people

pytestmark = pytest.mark.django_db
SEARCHES = [
    "",
    "a",
    "law",
    "olga",
    "Ольга",
    "mail.example.org",
    "nobody is called so",
    "47",
    "+",
    "é",
    # Several words: all frequent, of which one person has all, and at the end one that nobody has.
    "a e o",
    "example mail an",
    "olga mail.example.org",
    "example mail nobody",
    "example 1",
]


@pytest.fixture
def ana(monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A member with 150 people and a directory of several pages."""
    monkeypatch.setattr(directory, "FROM_PEOPLE", 100)
    monkeypatch.setattr(directory, "PAGE", 20)
    ana = people.member()
    book = storing.Book(ana.pk, "google", "Google contacts", None, clock.now())
    with transaction.atomic():
        storing.lock_member(ana.pk)
        storing.store_page(book, [clean(number) for number in range(150)], 1)
        directory.make(ana.pk)
    return ana


def clean(number: int) -> cleaning.CleanPerson:
    person = large_person(number)
    addresses = tuple(SourceAddress(one.value, one.label) for one in person.addresses)
    return cleaning.clean(
        SourcePerson(
            f"c{number}", person.name, person.organization, person.title, addresses=addresses
        ),
        "google",
    )


def all_pages(ana: User) -> dict[tuple[str, Show, int], Page]:
    return {
        (search, show, number): page_of_people(member=ana, search=search, show=show, number=number)
        for search in SEARCHES
        for show in Show
        for number in (1, 2, 4, 999)
    }


def test_every_search_filter_and_page_is_as_without_a_directory(ana: User) -> None:
    with_directory = all_pages(ana)
    assert directory.drop(ana.pk)
    assert all_pages(ana) == with_directory
    assert with_directory["olga", Show.EVERYBODY, 1].total > 0
    assert with_directory["", Show.WITH_ADDRESS, 2].people
    assert with_directory["a e o", Show.EVERYBODY, 4].people


def test_a_search_lists_so_many_and_says_that_there_are_more(
    ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MOST_FOUND", 30)
    monkeypatch.setattr(directory, "AT_ONCE", 1)  # enough is found on the second look
    monkeypatch.setattr("invites.actions.people.MOST_FOUND", 30)
    page = page_of_people(member=ana, search="example", show=Show.EVERYBODY, number=9)
    assert (page.more, page.total, page.pages, page.first, page.last) == (True, 30, 2, 26, 30)


def test_who_is_added_or_gets_an_address_is_found_at_once(ana: User) -> None:
    new, _ = actions.add_typed(member=ana, name="Zadie Newcomer", address="zadie@new.example")
    assert DirectoryPage.objects.exists()
    found = page_of_people(member=ana, search="newcomer", show=Show.EVERYBODY, number=1)
    assert [person.contact for person in found.people] == [new]
    with transaction.atomic():
        storing.add_address(new, cleaning.addresses.read("other@place.example"))
    found = page_of_people(member=ana, search="place.example", show=Show.EVERYBODY, number=1)
    assert [person.contact for person in found.people] == [new]


def test_a_page_of_an_import_drops_it_and_forgetting_leaves_nothing(ana: User) -> None:
    book = storing.Book(ana.pk, "google", "Google contacts", None, clock.now())
    with transaction.atomic():
        storing.store_page(book, [clean(900)], 1)
    assert not DirectoryPage.objects.exists()
    with transaction.atomic():
        directory.make(ana.pk)
    actions.forget_contacts(ana, keep=[Contact.objects.filter(refusal="")[0].pk])
    assert not DirectoryPage.objects.exists()

"""The People API's JSON, taken in: https://developers.google.com/people/api/rest/v1/people"""

from __future__ import annotations

from typing import Any

import pytest

from importer.sources import people_api
from importer.sources.contract import SourceAddress, SourceError
from tests.importer.answering import Answering

BEA = {
    "resourceName": "people/c17",
    "etag": "%abc",
    "metadata": {"sources": [{"type": "CONTACT", "updateTime": "2024-05-11T08:30:00.123Z"}]},
    "names": [{"displayName": "Bea Sousa", "familyName": "Sousa", "givenName": "Bea"}],
    "organizations": [{"name": "Norte", "title": "Head of Legal"}],
    "phoneNumbers": [{"value": "21 000", "canonicalForm": "+35121000"}],
    "emailAddresses": [
        {"value": "bea@home.example", "type": "home"},
        {"value": "bea@norte.example", "type": "work", "metadata": {"primary": True}},
        {"value": "bea@old.example"},
    ],
}


def test_a_person_becomes_what_we_keep_and_no_more() -> None:
    page = people_api.parse({"connections": [BEA], "nextPageToken": "n", "totalItems": 2})
    (person,) = page.people
    assert (person.name, person.company, person.title) == ("Bea Sousa", "Norte", "Head of Legal")
    assert (person.key, person.phone, person.updated) == ("people/c17", "+35121000", 2024)
    assert person.addresses == (
        SourceAddress("bea@home.example", "home"),
        SourceAddress("bea@norte.example", "work"),
        SourceAddress("bea@old.example", ""),
    )
    assert (page.next_cursor, page.total) == ("n", 2)


def test_the_primary_name_wins() -> None:
    names = [{"displayName": "Old"}, {"displayName": "New", "metadata": {"primary": True}}]
    (person,) = people_api.parse({"connections": [{"names": names}]}).people
    assert person.name == "New"


def test_an_empty_book_is_an_empty_object() -> None:
    page = people_api.parse({})
    assert (page.people, page.next_cursor, page.total) == ((), "", None)


def test_a_strange_total_is_no_reason_to_refuse() -> None:
    assert people_api.parse({"totalItems": "many"}).total is None
    assert people_api.parse({"totalItems": -1}).total is None


@pytest.mark.parametrize(
    "answer",
    [
        [],
        "text",
        None,
        7,
        {"connections": {"unexpected": True}},
        {"connections": ["Bea"]},
        {"connections": [{"names": "Bea"}]},
        {"connections": [{"names": [{"displayName": 7}]}]},
        {"connections": [{"emailAddresses": [{"value": ["a@b.example"]}]}]},
        {"connections": [{"metadata": []}]},
        {"nextPageToken": 5},
    ],
)
def test_another_shape_is_a_fault_and_not_a_crash(answer: Any) -> None:
    with pytest.raises(SourceError) as error:
        people_api.parse(answer)
    assert error.value.code == "wrong_shape"


def test_a_page_with_more_people_than_there_may_be_is_refused() -> None:
    with pytest.raises(SourceError) as error:
        people_api.parse({"connections": [BEA] * 1001})
    assert error.value.code == "too_large"


def test_all_parameters_but_the_page_token_stay_the_same() -> None:
    server = Answering({})
    people_api.read_page(server, "https://people.example/v1", "")
    people_api.read_page(server, "https://people.example/v1", "next")
    asked: Any = server.asked
    (first_url, first), (second_url, second) = asked
    assert first_url == second_url == "https://people.example/v1/people/me/connections"
    assert second == first | {"pageToken": "next"}
    assert "photos" not in first["personFields"]
    assert "birthdays" not in first["personFields"]


def test_a_search_asks_for_no_more_fields_than_reading_and_gives_the_same_people() -> None:
    server = Answering({"results": [{"person": BEA}] * 31})

    found = people_api.search(server, "https://people.example/v1", "Bea")

    assert found == people_api.parse({"connections": [BEA]}).people * 30
    ((url, params),) = server.asked
    assert url == "https://people.example/v1/people:searchContacts"
    assert params == {"query": "Bea", "readMask": people_api.FIELDS, "pageSize": "30"}


def test_without_words_a_search_makes_google_ready_and_finds_nobody() -> None:
    assert people_api.search(Answering({}), "https://people.example/v1", "") == ()


@pytest.mark.parametrize("answer", [[], {"results": {}}, {"results": [BEA, 7]}, {"results": [{}]}])
def test_another_shape_of_results_is_a_fault_and_not_a_crash(answer: Any) -> None:
    with pytest.raises(SourceError) as error:
        people_api.search(Answering(answer), "https://people.example/v1", "Bea")
    assert error.value.code == "wrong_shape"

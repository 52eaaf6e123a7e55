"""Microsoft Graph's JSON, taken in: https://learn.microsoft.com/en-us/graph/api/resources/contact"""

from __future__ import annotations

from typing import Any

import pytest

from importer.models import Contact
from importer.sources import graph
from importer.sources.contract import SourceAddress, SourceError
from tests.importer.answering import Answering
from tests.importer.conftest import Site, source_at
from tests.page_rules import look, text_of

GRAPH = "https://graph.example/v1.0"
BEA = {
    "id": "AAMk17=",
    "lastModifiedDateTime": "2024-05-11T08:30:00Z",
    "displayName": "Bea Sousa",
    "givenName": "Bea",
    "surname": "Sousa",
    "companyName": "Norte",
    "jobTitle": "Head of Legal",
    "mobilePhone": None,
    "businessPhones": ["", "+351 21 000"],
    "emailAddresses": [
        {"name": "Bea Sousa", "address": "bea@norte.example"},
        {"name": "Bea", "address": "bea@home.example"},
    ],
}


def test_a_person_becomes_what_we_keep_and_no_more() -> None:
    page = graph.parse({"value": [BEA], "@odata.nextLink": f"{GRAPH}/me/contacts?$skip=1"})
    (person,) = page.people
    assert (person.key, person.name, person.company) == ("AAMk17=", "Bea Sousa", "Norte")
    assert (person.title, person.phone, person.updated) == ("Head of Legal", "+351 21 000", 2024)
    assert person.addresses == (
        SourceAddress("bea@norte.example"),
        SourceAddress("bea@home.example"),
    )
    assert page.next_cursor == f"{GRAPH}/me/contacts?$skip=1"


def test_somebody_with_nothing_but_parts_of_a_name_has_a_name() -> None:
    (chen,) = graph.parse({"value": [{"id": "1", "givenName": "美玲", "surname": "陳"}]}).people
    assert (chen.name, chen.addresses) == ("陳美玲", ())


def test_the_next_page_s_address_is_used_whole_and_only_contacts_fields_are_asked_for() -> None:
    server = Answering({"value": []})
    graph.read_page(server, GRAPH, "")
    graph.read_page(server, GRAPH, f"{GRAPH}/me/contacts?$skip=250&secret=x")
    asked: Any = server.asked
    (first, params), second = asked
    assert first == f"{GRAPH}/me/contacts"
    assert params["$top"] == "250"
    assert not {"birthday", "personalNotes", "homeAddress"} & set(params["$select"].split(","))
    assert second == (f"{GRAPH}/me/contacts?$skip=250&secret=x", {})


def test_a_quote_in_what_is_looked_for_stays_a_part_of_the_name() -> None:
    server = Answering({"value": [BEA] * 31})
    found = graph.search(server, GRAPH, "O'Shea')")
    assert len(found) == 30
    asked: Any = server.asked
    ((_, params),) = asked
    assert params["$filter"].startswith("startswith(displayName,'O''Shea'')') or ")
    assert graph.search(server, GRAPH, "") == ()


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"value": {"unexpected": True}},
        {"value": ["Bea"]},
        {"value": [{"displayName": 7}]},
        {"value": [{"emailAddresses": ["bea@norte.example"]}]},
        {"value": [], "@odata.nextLink": 5},
    ],
)
def test_another_shape_is_a_fault_and_not_a_crash(answer: Any) -> None:
    with pytest.raises(SourceError) as error:
        graph.parse(answer)
    assert error.value.code == "wrong_shape"


def test_a_next_page_at_another_origin_never_gets_the_token(site: Site) -> None:
    site.offer(source_at(site.sandbox.url, "microsoft"))
    run = site.connect()
    run.cursor = site.sandbox.url.replace("localhost", "127.0.0.1") + "/graph/v1.0/me/contacts"
    run.save()
    site.work()
    run.refresh_from_db()
    assert run.error == "redirected"
    assert site.pages_seen() == []


def test_people_are_looked_up_by_name_and_by_address(site: Site) -> None:
    site.offer(source_at(site.sandbox.url, "microsoft"))
    run = site.looks_up()
    for words in ("be", "sou", "BEA@norte.example"):
        page = site.browser.post(f"/invitations/look-up/{run.uid}/", {"q": words}, follow=True)
        assert "Bea Sousa" in text_of(page)
    assert not Contact.objects.exists()
    words = text_of(look(site.browser, "/contacts/"))
    assert "Microsoft can’t end a single access." in words

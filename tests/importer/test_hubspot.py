"""HubSpot's JSON, taken in, and what is different about its access."""

from __future__ import annotations

from typing import Any

import pytest

from importer import grants
from importer.models import Grant, ImportState
from importer.sources import hubspot
from importer.sources.contract import SourceAddress, SourceError
from tests.importer.answering import Answering
from tests.importer.conftest import Site, source_at
from tests.page_rules import text_of

HUB = "https://api.hub.example"
BEA = {
    "id": "17",
    "properties": {
        "firstname": "Bea",
        "lastname": "Sousa",
        "email": "bea@norte.example",
        "hs_additional_emails": "bea@home.example;  ;b.sousa@norte.example",
        "company": "Norte",
        "jobtitle": None,
        "mobilephone": "",
        "phone": "+351 21 000",
    },
    "updatedAt": "2024-05-11T08:30:00.123Z",
    "archived": False,
}


def test_a_person_becomes_what_we_keep_and_no_more() -> None:
    page = hubspot.parse({"results": [BEA], "paging": {"next": {"after": "18", "link": "…"}}})
    (person,) = page.people
    assert (person.key, person.name, person.company, person.title) == (
        "17",
        "Bea Sousa",
        "Norte",
        "",
    )
    assert (person.phone, person.updated) == ("+351 21 000", 2024)
    assert person.addresses == (
        SourceAddress("bea@norte.example"),
        SourceAddress("bea@home.example"),
        SourceAddress("b.sousa@norte.example"),
    )
    assert page.next_cursor == "18"


def test_somebody_with_nothing_has_nothing() -> None:
    page = hubspot.parse({"results": [{"id": "1", "properties": {}}]})
    assert (page.people[0].name, page.people[0].addresses, page.next_cursor) == ("", (), "")


def test_reading_and_searching_ask_for_the_same_fields() -> None:
    server = Answering({"results": []})
    hubspot.read_page(server, HUB, "100")
    hubspot.search(server, HUB, "bea")
    asked: Any = server.asked
    (_, read), (_, searched) = asked
    assert read["after"] == "100"
    assert read["properties"].split(",") == searched["properties"]
    assert hubspot.search(server, HUB, "") == ()


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"results": {"unexpected": True}},
        {"results": [{"id": "1"}]},
        {"results": [{"id": 1, "properties": {}}]},
        {"results": [{"id": "1", "properties": {"email": ["a@b.example"]}}]},
        {"results": [], "paging": {"next": {"after": 5}}},
    ],
)
def test_another_shape_is_a_fault_and_not_a_crash(answer: Any) -> None:
    with pytest.raises(SourceError) as error:
        hubspot.parse(answer)
    assert error.value.code == "wrong_shape"


def test_an_access_of_half_an_hour_is_renewed_once_with_what_hubspot_gave_unasked(
    site: Site,
) -> None:
    site.offer(source_at(site.sandbox.url, "hubspot"))
    run = site.connect()
    grant = Grant.objects.get()
    grants.replace(grant, grants.opened(grant) | {"access_token": "expired"})
    Grant.objects.update(refreshed=False)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.DONE, 12)
    # The refresh token is revoked, and the report claims no more than that.
    assert [one["refresh_alive"] for one in site.sandbox.control.tokens()] == [False, False]
    words = text_of(site.report(run))
    assert "HubSpot confirmed that our access can’t be renewed." in words
    assert "ends by itself within 30 minutes" in words


def test_people_are_looked_up(site: Site) -> None:
    site.offer(source_at(site.sandbox.url, "hubspot"))
    run = site.looks_up()
    page = site.browser.post(f"/invitations/look-up/{run.uid}/", {"q": "lantern"}, follow=True)
    assert [one.contact.display_name for one in page.context["results"]] == [
        "Priya Raman",
        "陳美玲",
    ]

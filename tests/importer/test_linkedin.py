"""LinkedIn's member snapshot, taken in, and the minutes until there is one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from importer.models import Grant, Import, ImportState
from importer.sources import linkedin
from importer.sources.contract import AskLater, NotFound, SourceAddress, SourceError
from ledger import clock
from tests.importer.answering import Answering
from tests.importer.conftest import Site, source_at
from tests.page_rules import text_of

API = "https://api.linked.example/rest"
BEA = {
    "First Name": "Bea",
    "Last Name": "Sousa",
    "URL": "https://www.linked.example/in/bea",
    "Email Address": "bea@norte.example",
    "Company": "Norte",
    "Position": "Head of Legal",
    "Connected On": "07 Nov 2023",
}
NEXT = {"rel": "next", "href": "/rest/memberSnapshotData?count=10&q=criteria&start=1"}


def snapshot(*rows: object, domain: str = "CONNECTIONS", links: Any = ()) -> dict[str, Any]:
    elements = [{"snapshotDomain": domain, "snapshotData": list(rows)}]
    return {"paging": {"links": list(links), "total": 2}, "elements": elements}


def test_a_row_becomes_what_we_keep_and_no_more() -> None:
    page = linkedin.parse(snapshot(BEA, links=[{"rel": "prev", "href": "x"}, NEXT]))
    (person,) = page.people
    assert (person.key, person.name) == ("https://www.linked.example/in/bea", "Bea Sousa")
    assert (person.company, person.title) == ("Norte", "Head of Legal")
    assert person.addresses == (SourceAddress("bea@norte.example"),)
    assert (page.next_cursor, page.total) == ("1", None)


def test_most_people_have_no_address_and_none_is_made_up() -> None:
    (person,) = linkedin.parse(snapshot(BEA | {"Email Address": ""})).people
    assert person.addresses == ()


def test_other_parts_of_the_snapshot_are_passed_over() -> None:
    assert linkedin.parse(snapshot({"First Name": "Me"}, domain="PROFILE")).people == ()


def test_of_the_next_page_s_link_only_its_number_is_taken() -> None:
    server = Answering(snapshot())
    linkedin.read_page(server, API, "1")
    assert server.asked == [
        (f"{API}/memberSnapshotData", {"q": "criteria", "domain": "CONNECTIONS", "start": "1"})
    ]


def test_nothing_at_first_means_later_and_nothing_afterwards_means_the_end() -> None:
    with pytest.raises(AskLater) as later:
        linkedin.read_page(Answering(NotFound()), API, "")
    assert (later.value.code, later.value.permanent) == ("preparing", False)
    assert linkedin.read_page(Answering(NotFound()), API, "3").next_cursor == ""


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"elements": {"unexpected": True}},
        {"elements": ["row"]},
        snapshot("row"),
        snapshot({"First Name": 7}),
        snapshot(links=[{"rel": "next", "href": "/rest/memberSnapshotData"}]),
        snapshot(links=[{"rel": "next", "href": "https://evil.example/?start=x"}]),
    ],
)
def test_another_shape_is_a_fault_and_not_a_crash(answer: Any) -> None:
    with pytest.raises(SourceError) as error:
        linkedin.parse(answer)
    assert error.value.code == "wrong_shape"


@pytest.fixture
def linked_in(site: Site) -> Site:
    site.offer(source_at(site.sandbox.url, "linkedin"))
    return site


def test_while_linkedin_prepares_the_data_we_ask_again_later(linked_in: Site) -> None:
    run = linked_in.connect()
    linked_in.sandbox.control.fault("linkedin", "preparing", times=9)
    # More often than an error would be forgiven.
    for _ in range(9):
        linked_in.work(patiently=False)
        run.refresh_from_db()
        assert run.state == ImportState.WAITING
        assert run.not_before is not None
        assert run.not_before <= clock.now() + timedelta(seconds=60)
        words = text_of(linked_in.report(run))
        assert "LinkedIn is still preparing your data. We try again at" in words
        assert "You need not do anything." in words
        Import.objects.update(not_before=None)
    linked_in.work(patiently=False)
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.DONE, 12)


def test_after_the_hour_it_is_said_and_trying_again_begins(linked_in: Site) -> None:
    run = linked_in.connect()
    linked_in.sandbox.control.fault("linkedin", "preparing", times=0)
    Grant.objects.update(ends_at=clock.now() + timedelta(seconds=30))
    linked_in.work(patiently=False)
    run.refresh_from_db()
    assert (run.state, run.error) == (ImportState.FAILED, "preparing")
    words = text_of(linked_in.report(run))
    assert "LinkedIn is still preparing your data. Nothing was read." in words
    assert "Try again" in words


def test_cancelling_at_linkedin_is_a_no(linked_in: Site) -> None:
    linked_in.start()
    question = linked_in.browser.session["contacts_question"]
    answer = {
        "error": "user_cancelled_login",
        "state": question["state"],
        "iss": linked_in.sandbox.url,
    }
    assert "You said no at LinkedIn. Nothing was read." in text_of(linked_in.come_back(answer))

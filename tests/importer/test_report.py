"""What the import's page says while it reads and afterwards, row by row: what the tables hold."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from importer import actions, describing, reading
from importer.models import Contact, Import, ImportState, LeftOut, MergedEntry
from importer.sources import KINDS
from importer.sources.contract import Asks, Page
from ledger import clock
from tests.importer.conftest import NETWORK, TWELVE, Site
from tests.page_rules import look, text_of


def rows(site: Site, run: Import, which: str) -> str:
    return text_of(look(site.browser, f"/contacts/imports/{run.uid}/?rows={which}"))


def test_each_entry_is_in_one_list_with_what_became_of_it(site: Site) -> None:
    run = site.read(TWELVE)
    assert (run.kept, run.merged, run.left_out) == (11, 1, 0)
    merged = rows(site, run, "merged")
    assert "Kept (11)" in merged
    assert "Merged (1)" in merged
    (entry,) = MergedEntry.objects.all()
    assert f"Beatriz Sousa Entry {entry.number}: has the address Bea@Norte.example" in merged
    assert "One with Bea Sousa (Google contacts)" in merged
    kept = rows(site, run, "kept")
    assert all(contact.name in kept for contact in Contact.objects.all())
    assert "Shared mailbox: can’t be invited." in kept
    assert "Nothing was left out." in rows(site, run, "left-out")
    # without being asked, the page shows what needs a look
    assert "Beatriz Sousa" in text_of(site.report(run))


def test_a_book_that_is_read_again_has_as_many_addresses_as_before(site: Site) -> None:
    first = text_of(site.report(site.read(TWELVE)))
    again = site.read(TWELVE)
    words = text_of(site.report(again))
    (sentence,) = re.findall(r"12 people read\. \d+ have an address\.", first)
    assert sentence in words
    assert "Merged (12)" in words
    assert "the same entry, read again" in words
    assert "Kept (0)" in words
    assert Contact.objects.count() == 11


def test_rows_are_counted_from_the_tables(site: Site) -> None:
    run = site.read(NETWORK)
    words = rows(site, run, "kept")
    counts = {name: int(n.replace(",", "")) for name, n in re.findall(r"(\w+) \(([\d,]+)\)", words)}
    assert counts["Kept"] == Contact.objects.count() == run.kept
    assert counts["Merged"] == MergedEntry.objects.count() == run.merged
    assert counts["out"] == LeftOut.objects.count()
    assert run.kept + run.merged + run.left_out == run.read == 1_200
    assert "1 to 50 of" in words


def test_what_was_merged_is_forgotten_with_everybody(site: Site) -> None:
    run = site.read(TWELVE)
    actions.forget_contacts(site.ana)
    assert not MergedEntry.objects.exists()
    assert "Row by row" not in text_of(site.report(run))


def progress(site: Site, run: Import) -> str:
    """The moving part of the page, as htmx asks for it."""
    answer = site.browser.get(
        f"/contacts/imports/{run.uid}/", headers={"HX-Request": "true"}
    ).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", answer).split())


def test_the_time_that_is_left_comes_from_the_speed_of_reading(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = site.connect(NETWORK)
    assert "left" not in progress(site, run)
    kind, said = KINDS["people_api"], []

    def watched(server: Asks, api_url: str, cursor: str) -> Page:
        # Ten seconds have gone by since this worker took its turn.
        Import.objects.update(turn_at=clock.now() - timedelta(seconds=10))
        said.append(progress(site, run))
        return kind.read_page(server, api_url, cursor)

    monkeypatch.setitem(KINDS, "people_api", replace(kind, read_page=watched))
    site.work()
    assert [re.sub(r" People we.*", "", one) for one in said] == [
        "Asking Google for the first page. Mails sent: 0.",
        "250 of about 1,200 people read, about 40 seconds left. Mails sent: 0.",
        "500 of about 1,200 people read, about 15 seconds left. Mails sent: 0.",
        "750 of about 1,200 people read, a few seconds left. Mails sent: 0.",
        "1,000 of about 1,200 people read, a few seconds left. Mails sent: 0.",
    ]


def test_without_a_total_or_while_waiting_nobody_guesses(site: Site) -> None:
    run = Import(state=ImportState.READING, read=500, turn_at=clock.now() - timedelta(seconds=5))
    assert describing.time_left(run) == ""
    run.estimated_total = 400  # a provider that lies
    assert describing.time_left(run) == ""
    run.estimated_total = 1000
    assert describing.time_left(run) == "a few seconds"
    run.turn_read = 500  # another worker has just begun
    assert describing.time_left(run) == ""
    run.turn_read, run.not_before = 0, clock.now()
    assert describing.time_left(run) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"), (12, "about 10 seconds"), (54, "about 55 seconds"),
        (58, "about a minute"), (89, "about a minute"), (150, "about 2 minutes"),
        (3000, "about 50 minutes"), (7200, "about 2 hours"),
    ],
)  # fmt: skip
def test_a_length_of_time_in_words(seconds: float, words: str) -> None:
    assert describing.about(seconds) == words


def test_a_second_turn_measures_its_own_speed(site: Site) -> None:
    run = site.connect(NETWORK)
    site.sandbox.control.fault("connections", "rate_limit", page=3, retry_after=60)
    site.work(patiently=False)
    run.refresh_from_db()
    assert (run.read, describing.time_left(run)) == (500, "")
    Import.objects.update(not_before=None)
    assert reading._claim(run.pk) is not None
    run.refresh_from_db()
    assert run.turn_read == 500

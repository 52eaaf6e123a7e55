"""Every fault at every provider: a clear state, a clear sentence, what was read is kept, and
*Try again* brings the rest.

Ana's book is read in pages of four, so each provider has a second page to fail at. The faults come one
after the other to the same import: that is quicker than an import for each, and harder.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest

from importer import reading, storing
from importer.models import Contact, Grant, Import, ImportState
from importer.sources import KINDS, connection
from ledger import clock
from tests.importer.conftest import TWELVE, Site, source_at
from tests.page_rules import hold_to_rules, text_of
from tests.sandbox.browser import Person

PEOPLE = {
    "google": 12,
    "google_other": 5,
    "microsoft": 12,
    "hubspot": 12,
    "linkedin": 12,
    "jmap": 12,
}
PAGE = 4
# After these, "try again" goes on at the same page; with or without asking for access again.
NOT_AN_ADDRESS_BOOK = "sent something that is not an address book."
GOES_ON = {
    "html": NOT_AN_ADDRESS_BOOK,
    "truncated": NOT_AN_ADDRESS_BOOK,
    "wrong_shape": "sent an answer of a shape that we don’t know.",
    "server_error": "had an error of its own.",
    "drip": "took too long to answer.",
    "slow": "took too long to answer.",
    "rate_limit": "asked us to wait longer than our access lasts.",
    "token_dies": "ended our access.",
    "scope_goes": "refused to show its contacts to us.",
}
# After these the cursor is worth nothing, and "try again" begins at the front, as another import.
STARTS_OVER = {
    "repeat_page": "sent the same page again and again.",
    "bad_request": "did not know any more where we had stopped.",
}
ORDERS: dict[str, dict[str, Any]] = {
    "drip": {"seconds": 0.1},
    "slow": {"seconds": 1.0},
    "rate_limit": {"retry_after": 7200},
}


@pytest.fixture(params=PEOPLE)
def site(request: pytest.FixtureRequest, site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site with one of the providers, and small pages."""
    for kind in KINDS.values():
        module = sys.modules[kind.read_page.__module__]
        if hasattr(module, "PAGE_SIZE"):
            monkeypatch.setattr(module, "PAGE_SIZE", PAGE)
    site.offer(source_at(site.sandbox.url, request.param))
    return site


@pytest.fixture
def person(site: Site) -> Person:
    """Ana, who stays signed in at the provider."""
    return Person(site.sandbox.url, TWELVE)


def connected(site: Site, person: Person) -> Import:
    return site.shown(site.come_back(person.allows(site.start())))


def fails(site: Site, fault: str) -> None:
    """From now on page two has this fault, and a worker has done what can be done."""
    site.sandbox.control.clear_faults()
    site.sandbox.control.fault(site.endpoint, fault, page=2, times=0, **ORDERS.get(fault, {}))
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr(reading, "WAIT_SECONDS", (2,))
        if fault in ("drip", "slow"):
            patience.setattr(reading, "WAIT_SECONDS", ())
            patience.setattr(connection, "READ_SECONDS", 0.25)
            patience.setattr(connection, "PAGE_SECONDS", 0.25)
        site.work()


def try_again(site: Site, person: Person, run: Import) -> Import:
    """By way of the consent screen if the access is gone; returns the import that it leads to."""
    address = site.browser.post(f"/contacts/imports/{run.uid}/retry/").headers["Location"]
    if address.startswith(site.source.authorize_url):
        return site.shown(site.come_back(person.allows(address)))
    return run


def is_kept_and_said(site: Site, run: Import, sentence: str) -> None:
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert (run.read, run.kept + run.merged) == (PAGE, PAGE)
    assert Contact.objects.filter(import_run=run).count() == run.kept
    says(site, run, f"{site.source.label} {sentence}", "What was read is kept.", "Try again")


def says(site: Site, run: Import, *sentences: str) -> None:
    page = site.report(run)
    hold_to_rules(page.content.decode())
    for sentence in sentences:
        assert sentence in text_of(page)


def is_done(site: Site, run: Import) -> None:
    """Everybody is there, once, and the access is gone, here and wherever the provider can end it."""
    run.refresh_from_db()
    assert (run.state, run.error, run.read) == (ImportState.DONE, "", PEOPLE[site.source.name])
    assert run.read == run.kept + run.merged + run.left_out
    assert not Grant.objects.exists()
    kind = KINDS[site.source.kind]
    if not site.source.revoke_url:
        assert run.revocation == "impossible"
        says(site, run, "can’t end a single access. We deleted ours; remove it at")
        return
    assert run.revocation == "revoked"
    for issued in site.sandbox.control.tokens():
        assert not issued["refresh_alive"]
        assert not (issued["access_alive"] and "access_token" in kind.revokes)


def test_after_each_fault_trying_again_goes_on_where_it_stopped(site: Site, person: Person) -> None:
    run = connected(site, person)
    for fault, sentence in GOES_ON.items():
        fails(site, fault)
        is_kept_and_said(site, run, sentence)
        assert try_again(site, person, run) == run, fault
    site.sandbox.control.clear_faults()
    site.work()
    is_done(site, run)
    # No page was asked for again once it was stored.
    seen = site.pages_seen()
    assert [page for page in seen if page != 2] == [1, *range(3, run.pages + 1)]


def test_after_a_lost_place_trying_again_starts_anew_and_keeps_everybody_once(
    site: Site, person: Person
) -> None:
    run = connected(site, person)
    for fault, sentence in STARTS_OVER.items():
        fails(site, fault)
        is_kept_and_said(site, run, sentence)
        again = try_again(site, person, run)
        assert again != run, fault
        run = again
    site.sandbox.control.clear_faults()
    site.work()
    is_done(site, run)


def test_a_pause_costs_time_alone_and_a_killed_worker_loses_no_page(
    site: Site, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = connected(site, person)
    site.sandbox.control.fault(site.endpoint, "rate_limit", page=2, retry_after=600)
    site.work(patiently=False)
    run.refresh_from_db()
    assert run.not_before is not None
    assert 590 < (run.not_before - clock.now()).total_seconds() <= 600
    says(site, run, f"{site.source.label} asks us to wait until", "You need not do anything.")

    site.sandbox.control.fault(site.endpoint, "server_error", page=2)
    store_page = storing.store_page

    def die(*args: Any, **how: Any) -> Any:
        raise SystemExit("killed")

    monkeypatch.setattr(storing, "store_page", die)
    with pytest.raises(SystemExit):
        site.work()
    monkeypatch.setattr(storing, "store_page", store_page)
    Import.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    site.work()
    is_done(site, run)
    # Page two: refused for now, an error, read by the worker that died, and read.
    assert site.pages_seen() == [1, 2, 2, 2, *range(2, run.pages + 1)]


def test_a_no_and_a_token_that_is_refused_at_once_read_nothing(site: Site, person: Person) -> None:
    provider = site.source.label
    page = site.come_back(person.declines(site.start()))
    assert f"You said no at {provider}. Nothing was read." in text_of(page)
    assert not Import.objects.exists()

    site.sandbox.control.fault(site.endpoint, "token_dies", page=1)
    run = connected(site, person)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.read, run.error) == (ImportState.FAILED, 0, "access_ended")
    says(site, run, f"{provider} ended our access", "Nothing was read.")

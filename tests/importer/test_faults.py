"""Whatever a provider does: a clear state, a sentence, and what was read is kept.

test_fault_matrix.py plays what can happen at every provider; here is what is not theirs alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.fernet import Fernet

from importer import grants, reading
from importer.models import Contact, Grant, Import, ImportState
from importer.sources import connection
from importer.sources.contract import Access, RateLimited, SourceError
from ledger import clock
from tests.importer.conftest import NETWORK, Site
from tests.page_rules import hold_to_rules, text_of

# 1,200 people are five pages of 250, and the last of 200.


def after(site: Site, fault: str, **order: Any) -> Import:
    """An import of 1,200 people that meets this fault, worked on until nothing is left to do."""
    site.sandbox.control.fault("connections", fault, **order)
    return site.read(NETWORK)


def says(site: Site, run: Import, *sentences: str) -> None:
    page = site.report(run)
    hold_to_rules(page.content.decode())
    for sentence in sentences:
        assert sentence in text_of(page)


def half_was_kept(run: Import, people: int = 500) -> None:
    assert (run.read, run.kept) == (people, people)
    assert Contact.objects.filter(import_run=run).count() == people


def test_an_expired_access_token_is_refreshed_once(site: Site) -> None:
    run = site.connect(NETWORK)
    grant = Grant.objects.get()
    token = grants.opened(grant)
    grants.replace(grant, token | {"access_token": "expired"})
    Grant.objects.update(refreshed=False)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.DONE, 1200)
    assert not any(
        one["access_alive"] or one["refresh_alive"] for one in site.sandbox.control.tokens()
    )


def test_without_a_refresh_token_an_expired_access_has_ended(site: Site) -> None:
    run = site.connect(NETWORK)
    grant = Grant.objects.get()
    grants.replace(grant, {"access_token": "expired"})
    Grant.objects.update(refreshed=False)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.error) == (ImportState.FAILED, "access_ended")
    says(site, run, "Nothing was read.")


def test_a_quota_is_obeyed_and_reading_goes_on(site: Site) -> None:
    run = site.connect(NETWORK)
    site.sandbox.control.fault("connections", "rate_limit", page=3, retry_after=600)
    site.work(patiently=False)
    run.refresh_from_db()
    assert run.state == ImportState.READING
    assert run.not_before is not None
    assert timedelta(seconds=590) < run.not_before - clock.now() <= timedelta(seconds=600)
    reading.read_pages(import_id=run.pk)  # somebody woke us up too early
    assert site.pages_seen() == [1, 2, 3]
    says(site, run, "Google asks us to wait until", "You need not do anything.")
    site.work()
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.DONE, 1200)
    assert site.pages_seen() == [1, 2, 3, 3, 4, 5]


def test_an_error_that_stays_ends_the_import_after_five_tries(site: Site) -> None:
    run = after(site, "server_error", page=3, times=0)
    assert run.state == ImportState.FAILED
    half_was_kept(run)
    assert site.pages_seen() == [1, 2, 3, 3, 3, 3, 3]
    says(site, run, "What was read is kept.", "Our access lasts until")


def test_kept_access_can_be_ended_by_hand(site: Site) -> None:
    run = after(site, "server_error", times=0)
    assert Grant.objects.exists()
    site.browser.post(f"/contacts/imports/{run.uid}/stop/")
    site.work()
    run.refresh_from_db()
    assert (run.state, run.revocation) == (ImportState.FAILED, "revoked")
    assert not Grant.objects.exists()


def test_kept_access_ends_by_itself_after_an_hour(site: Site) -> None:
    run = after(site, "server_error", times=0)
    Grant.objects.update(ends_at=clock.now() - timedelta(seconds=1))
    site.work()
    run.refresh_from_db()
    assert run.revocation == "revoked"
    assert not Grant.objects.exists()


def test_a_provider_that_lies_about_its_size_is_read_to_the_end(site: Site) -> None:
    run = after(site, "wrong_total", times=0)
    assert (run.state, run.read) == (ImportState.DONE, 1200)


def test_a_name_of_ten_megabytes_is_cut(site: Site) -> None:
    run = after(site, "huge_names", page=2)
    assert (run.state, run.read) == (ImportState.DONE, 1200)
    assert max(len(name) for name in Contact.objects.values_list("name", flat=True)) == 200


def test_an_answer_larger_than_we_read_ends_the_import(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PAGE_BYTES", 5_000_000)
    run = after(site, "huge_names", page=3)
    assert run.state == ImportState.FAILED
    half_was_kept(run)
    says(site, run, "Google sent a page that is larger than we read.")


def test_a_provider_that_does_not_answer_is_left_in_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_SECONDS", 0.2)
    monkeypatch.setattr(reading, "WAIT_SECONDS", ())
    run = after(site, "slow", page=3, seconds=1)
    assert (run.state, run.error) == (ImportState.FAILED, "slow")
    half_was_kept(run)


def test_a_provider_that_is_gone_half_way(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run = site.connect(NETWORK)
    site.offer(replace(site.source, api_url="http://127.0.0.1:1/v1"))
    site.work()
    run.refresh_from_db()
    assert (run.state, run.error) == (ImportState.FAILED, "unreachable")


def test_a_source_that_the_site_no_longer_offers(site: Site) -> None:
    run = site.connect(NETWORK)
    site.settings.SOURCES = {}
    site.work()
    run.refresh_from_db()
    assert (run.state, run.error, run.revocation) == (
        ImportState.FAILED,
        "source_gone",
        "impossible",
    )
    says(site, run, "This site no longer offers Google contacts.")


def test_a_changed_key_loses_the_access_and_says_so(site: Site) -> None:
    run = site.connect(NETWORK)
    site.settings.GRANT_KEYS = [Fernet.generate_key()]
    site.work(patiently=False)
    run.refresh_from_db()
    assert (run.state, run.error) == (ImportState.FAILED, "grant_unreadable")


def test_an_older_key_still_opens_the_grant(site: Site) -> None:
    run = site.connect(NETWORK)
    site.settings.GRANT_KEYS = [Fernet.generate_key(), *site.settings.GRANT_KEYS]
    site.work()
    run.refresh_from_db()
    assert run.state == ImportState.DONE


def test_a_revocation_that_fails_is_tried_again_until_the_hour_is_over(site: Site) -> None:
    run = site.connect(NETWORK)
    site.sandbox.control.fault("revoke", "server_error", times=2)
    site.work(patiently=False)
    run.refresh_from_db()
    assert (run.state, run.revocation) == (ImportState.DONE, "")
    says(site, run, "Our access is being ended at Google.")
    site.work()
    run.refresh_from_db()
    assert run.revocation == "revoked"


def test_after_the_hour_the_access_is_deleted_whatever_the_provider_says(site: Site) -> None:
    run = site.connect(NETWORK)
    site.offer(replace(site.source, revoke_url="http://127.0.0.1:1/revoke"))
    site.work(patiently=False)
    Grant.objects.update(created_at=clock.now() - timedelta(minutes=61))
    site.work()
    run.refresh_from_db()
    assert run.revocation == "failed"
    assert not Grant.objects.exists()
    says(site, run, "Google could not be told that our access has ended.")


def test_a_provider_without_revocation_is_told_about(site: Site) -> None:
    site.offer(replace(site.source, revoke_url=""))
    run = site.read(NETWORK)
    assert run.revocation == "impossible"
    says(site, run, "Google can’t end a single access. We deleted ours; remove it at Google, too.")


# --- the fetching itself, against a server that answers whatever a test wants ----------------------


@contextmanager
def server(answer: Any) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def fetched(url: str) -> object:
    with connection.opened(Access("token"), url) as asked:
        return asked.get(f"{url}/people")


def test_one_byte_a_second_must_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PAGE_SECONDS", 0.5)

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(100):
            try:
                handler.wfile.write(b" ")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    started = time.monotonic()
    with server(drip) as url, pytest.raises(SourceError) as error:
        fetched(url)
    assert error.value.code == "slow"
    assert time.monotonic() - started < 3


def test_an_answer_that_is_cut_off_is_no_answer() -> None:
    def cut(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"connections": [')

    with server(cut) as url, pytest.raises(SourceError) as error:
        fetched(url)
    assert error.value.code in {"unreachable", "not_json"}
    assert not error.value.permanent


def test_json_nested_without_end_is_not_json() -> None:
    def nest(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"[" * 500_000)

    with server(nest) as url, pytest.raises(SourceError) as error:
        fetched(url)
    assert error.value.code == "not_json"


def test_the_token_follows_no_redirect_and_no_foreign_address() -> None:
    def elsewhere(handler: Any) -> None:
        handler.send_response(302)
        handler.send_header("Location", "http://127.0.0.1:1/")
        handler.end_headers()

    with server(elsewhere) as url:
        with pytest.raises(SourceError) as error:
            fetched(url)
        assert error.value.code == "redirected"
        with connection.opened(Access("token"), url) as asked, pytest.raises(SourceError) as error:
            asked.get("http://127.0.0.1:1/people")
        assert error.value.code == "redirected"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("", 30), ("soon", 30), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("-5", 30)],
)
def test_retry_after_is_a_number_or_a_date(header: str, seconds: float) -> None:
    def limit(handler: Any) -> None:
        handler.send_response(429)
        handler.send_header("Retry-After", header)
        handler.end_headers()

    with server(limit) as url, pytest.raises(RateLimited) as error:
        fetched(url)
    assert error.value.retry_after == seconds

"""CardDAV, against a real Radicale: found, read in batches, searched; and what may go wrong."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from importer import reading
from importer.models import Contact, Grant, Import, ImportState
from importer.sources import carddav, connection
from importer.sources.contract import Access, SourceError
from ledger.models import Entry
from sandbox.people import Person as Invented
from sandbox.people import large_person
from tests.importer.conftest import TWELVE, Site, own_server, source_at
from tests.importer.far_away import says, server
from tests.importer.radicale_server import PASSWORD, USER, Gate, Radicale, card, gate, radicale
from tests.importer.test_secrets import everything_stored
from tests.page_rules import hold_to_rules, look, text_of

PEOPLE = [large_person(index) for index in range(120)]
GROUP = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:g1\r\nFN:Old friends\r\nN:Old friends;;;;\r\n"
    "X-ADDRESSBOOKSERVER-KIND:group\r\nEND:VCARD\r\n"
)


@pytest.fixture(scope="module")
def dav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with radicale(tmp_path_factory.mktemp("radicale")) as server:
        server.put_book("people", [card(one, f"p{i}") for i, one in enumerate(PEOPLE[:100])])
        server.put_book(
            "more", [GROUP, *(card(one, f"m{i}") for i, one in enumerate(PEOPLE[100:]))]
        )
        yield server


@pytest.fixture
def front(dav: Radicale) -> Iterator[Gate]:
    with gate(dav) as proxy:
        yield proxy


@pytest.fixture
def own(site: Site, front: Gate, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site on which members name their CardDAV servers, and may name this one. Pages are of 40."""
    site.offer(own_server("carddav"))
    site.settings.PRIVATE_SERVERS = {front.name}
    monkeypatch.setattr(carddav, "PAGE_SIZE", 40)
    return site


def typed(site: Site, front: Gate, **changes: str) -> Any:
    values = {"known": "", "server": front.url, "user": USER, "secret": PASSWORD}
    return site.browser.post("/contacts/server/carddav/", values | changes, follow=True)


def connected(site: Site, front: Gate) -> Import:
    return site.shown(typed(site, front))


def told(site: Site, run: Import, *sentences: str) -> None:
    page = site.report(run)
    hold_to_rules(page.content.decode())
    for sentence in sentences:
        assert sentence in text_of(page)


def test_pressing_connect_leads_to_the_page_that_asks_for_a_server(own: Site) -> None:
    page = own.browser.post("/contacts/connect/carddav/", {"purpose": "look_up"}, follow=True)
    where = "/contacts/server/carddav/?purpose=look_up&continues="
    assert page.redirect_chain[-1][0] == where
    words = text_of(look(own.browser, where))
    assert "Not the password that you sign in with" in words
    assert "at some providers the calendar and the files as well" in words
    assert "Look up people" in words
    assert own.browser.get("/contacts/server/google/").status_code == 404


def test_all_books_are_read_and_the_password_is_gone(own: Site, front: Gate) -> None:
    run = connected(own, front)
    assert PASSWORD not in everything_stored()
    assert front.url not in everything_stored()
    own.work()
    run.refresh_from_db()
    assert (run.state, run.read, run.revocation) == (ImportState.DONE, 120, "impossible")
    assert run.estimated_total == 121  # a group is a card, but nobody
    assert not Grant.objects.exists()
    told(own, run, "120 people read.", "We deleted your password here.")
    names = {one.name for one in PEOPLE if one.name} - set(
        Contact.objects.values_list("name", flat=True)
    )
    assert {name for name in names if len(name) <= 200} == set()
    wanted = {address.value for one in PEOPLE for address in one.addresses}
    with connection.opened(Access(PASSWORD, USER, server=front.url), "") as asked:
        read = carddav.search(asked, front.url, "@")
    assert {address.value for one in read for address in one.addresses} <= wanted
    assert not Contact.objects.filter(name="Old friends").exists()
    recorded = str(list(Entry.objects.values_list("action", "facts")))
    assert "import.connected" in recorded
    assert USER not in recorded
    assert "localhost" not in recorded


def test_reading_again_finds_the_same_people(own: Site, front: Gate) -> None:
    connected(own, front)
    own.work()
    held = Contact.objects.count()
    again = connected(own, front)
    own.work()
    again.refresh_from_db()
    assert (again.kept, Contact.objects.count()) == (0, held)


def test_a_wrong_password_is_told_at_once_and_never_shown_again(own: Site, front: Gate) -> None:
    page = typed(own, front, secret="wrong-pass-9")
    html = page.content.decode()
    hold_to_rules(html.replace("<title>Not yet: ", "<title>"))
    assert "localhost did not accept this." in text_of(page)
    assert f'value="{USER}"' in html
    assert f'value="{front.url}"' in html
    assert "wrong-pass-9" not in html
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"secret": ""}, "Type the app password."),
        ({"user": ""}, "Type your user name."),
        ({"server": ""}, "Type the address of your server"),
        ({"server": "http://169.254.169.254/latest/meta-data/"}, "https alone"),
        ({"server": "https://169.254.169.254/"}, "not its number"),
        ({"server": "https://nowhere.invalid/"}, "no server on the public internet"),
        ({"known": "elsewhere"}, "Select a valid choice"),
    ],
)
def test_a_mistake_is_explained(
    own: Site, front: Gate, changes: dict[str, str], sentence: str
) -> None:
    page = typed(own, front, **changes)
    assert sentence in text_of(page)
    assert not Import.objects.exists()


def test_a_server_without_an_address_book_is_told(own: Site, front: Gate) -> None:
    own.settings.PRIVATE_SERVERS = {front.name, own.sandbox.url.removeprefix("http://")}
    page = typed(own, front, server=own.sandbox.url)
    assert "There is no address book of yours at that address." in text_of(page)


def test_many_tries_come_to_an_end(own: Site, front: Gate) -> None:
    for _ in range(10):
        typed(own, front, secret="wrong")
    asked = front.reports
    assert "These were many tries" in text_of(typed(own, front))
    assert front.reports == asked


def test_a_book_a_principal_or_the_root_may_be_typed(own: Site, front: Gate) -> None:
    access = Access(PASSWORD, USER, server=front.url)
    with connection.opened(access, "") as asked:
        home = carddav.find(asked, front.url)
        assert home == f"{front.url}/ana%40diaz.example/"
        assert carddav.find(asked, home) == home
        assert carddav.find(asked, f"{home}more/") == f"{home}more/"
        assert len(carddav.read_page(asked, f"{home}more/", "").people) == 20


def test_who_is_looked_for_is_found_by_name_work_or_address(own: Site, front: Gate) -> None:
    somebody = next(one for one in PEOPLE if one.addresses and one.organization)
    with connection.opened(Access(PASSWORD, USER, server=front.url), "") as asked:
        for words in (somebody.name, somebody.organization, somebody.addresses[0].value.upper()):
            assert somebody.name in [one.name for one in carddav.search(asked, front.url, words)]
        assert carddav.search(asked, front.url, "Nobody <&> here") == ()
        assert carddav.search(asked, front.url, "") == ()
        assert "Old friends" not in [one.name for one in carddav.search(asked, front.url, "Old f")]


def test_people_are_looked_up_on_one_s_own_server(own: Site, front: Gate) -> None:
    somebody = next(one for one in PEOPLE if one.name and one.addresses)
    page = typed(own, front, purpose="look_up")
    run = Import.objects.get()
    assert page.redirect_chain[-1][0].endswith(f"{run.uid}/")
    found = own.browser.post(page.redirect_chain[-1][0], {"q": somebody.name})
    assert somebody.name in text_of(found)
    assert not Contact.objects.exists()


def test_cards_that_come_and_go_between_two_turns_cost_nobody(
    own: Site, front: Gate, dav: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "RUN_SECONDS", 0)  # each turn is over before its first page …
    run = connected(own, front)
    monkeypatch.setattr(reading, "RUN_SECONDS", 120)
    front.faults = [None, says(b"", 503)]
    own.work(patiently=False)
    run.refresh_from_db()
    assert (run.state, run.pages, run.error) == (ImportState.READING, 1, "server_error")
    assert USER not in run.cursor
    late = card(Invented(given="Late", family="Comer"), "late")
    dav.ask("PUT", f"{USER}/people/late.vcf", late.encode(), "text/vcard; charset=utf-8")
    try:
        own.work()
    finally:
        dav.ask("DELETE", f"{USER}/people/late.vcf")
    run.refresh_from_db()
    assert run.state == ImportState.DONE
    assert run.read in (120, 121)  # Late Comer's place may lie before or behind ours
    assert run.merged < 20  # nobody was read twice but who stands on two cards


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + (
    b'<multistatus xmlns="DAV:"><response><href>&b;</href></response></multistatus>'
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x>&y;</x>'


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (says(b"<!doctype html><title>Be right back</title>", 207), "not_xml"),
        (says(b"<html><body>Be right back</body></html>", 200), "refused"),
        (says(b'{"json": true}', 207), "not_xml"),
        (says(b'<multistatus xmlns="DAV:"><response><href>/x', 207), "not_xml"),
        (says(b"<other/>", 207), "not_xml"),
        (says(BOMB, 207), "not_xml"),
        (says(OUTSIDE, 207), "not_xml"),
        (says(b"<a>" * 100_000, 207), "not_xml"),
        (says(b"", 207), "not_xml"),
        (says(b"", 302, Location="https://[broken"), "wrong_shape"),
        (says(b"", 500), "server_error"),
        (says(b"", 302, Location="http://127.0.0.1:1/"), "redirected"),
        (says(b"", 401), "access_ended"),
        (says(b"", 403), "refused"),
    ],
)
def test_whatever_the_server_answers_is_a_fault_and_not_a_crash(
    front: Gate, settings: Any, fault: Callable[[Any], None], error: str
) -> None:
    settings.PRIVATE_SERVERS = {front.name}
    front.faults = [fault]
    with connection.opened(Access(PASSWORD, USER, server=front.url), "") as asked:
        with pytest.raises(SourceError) as raised:
            carddav.read_page(asked, front.url, "")
        assert raised.value.code == error
        assert carddav.read_page(asked, front.url, "").people  # the connection is of use again


def test_a_server_that_fails_half_way_leaves_what_was_read(own: Site, front: Gate) -> None:
    run = connected(own, front)
    front.faults = [None, *[says(b"<!doctype html><title>Be right back</title>", 207)] * 5]
    own.work()
    run.refresh_from_db()
    assert (run.state, run.error, run.pages) == (ImportState.FAILED, "not_xml", 1)
    assert Contact.objects.filter(import_run=run).count() == run.kept > 0
    told(own, run, "The server sent something that is not", "What was read is kept.", "Try again")


def test_a_quota_is_obeyed_and_a_fault_that_passes_costs_time_alone(own: Site, front: Gate) -> None:
    run = connected(own, front)
    front.faults = [
        says(b"", 429, **{"Retry-After": "7"}), says(b"", 500), None, says(b"<cut", 207),
    ]  # fmt: skip
    own.work()
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.DONE, 120)


def test_one_byte_a_second_ends(own: Site, front: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(handler: Any) -> None:
        handler.send_response(207)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(100):
            try:
                handler.wfile.write(b" ")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    run = connected(own, front)
    monkeypatch.setattr(connection, "PAGE_SECONDS", 0.5)
    monkeypatch.setattr(reading, "WAIT_SECONDS", ())
    front.faults = [None, drip]
    own.work()
    run.refresh_from_db()
    assert (run.state, run.error, run.pages) == (ImportState.FAILED, "slow", 1)


def test_cards_that_are_too_large_together_are_asked_for_apart(
    own: Site, front: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = connected(own, front)
    monkeypatch.setattr(carddav, "PAGE_SIZE", 250)
    monkeypatch.setattr(connection, "PAGE_BYTES", 25_000)
    own.work()
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.DONE, 120)
    assert front.reports >= 4  # two books, of which one was parted


def test_trying_again_asks_for_the_password_and_goes_on(own: Site, front: Gate) -> None:
    run = connected(own, front)
    front.faults = [None, says(b"", 401)]
    own.work()
    assert not Grant.objects.exists()
    page = own.browser.post(f"/contacts/imports/{run.uid}/retry/", follow=True)
    assert f"continues={run.uid}" in page.redirect_chain[-1][0]
    assert own.shown(typed(own, front, continues=str(run.uid))) == run
    own.work()
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.DONE, 120)


def test_no_log_has_the_password_or_whose_it_is(
    own: Site, front: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    connected(own, front)
    own.work()
    typed(own, front, secret="wrong-pass-9")
    written = "\n".join(f"{one.getMessage()} {one.args}" for one in caplog.records)
    for secret in (PASSWORD, "wrong-pass-9", USER):
        assert secret not in written


def test_a_site_s_own_server_is_read_with_a_token_of_its_authorization_server(
    site: Site, front: Gate
) -> None:
    """As a Nextcloud would be: real OAuth, and at the book only a token that lives opens."""

    def is_alive(token: str) -> bool:
        params = {"personFields": "names", "pageSize": "1"}
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{site.sandbox.url}/v1/people/me/connections"
        return requests.get(url, params=params, headers=headers, timeout=10).status_code == 200

    front.is_alive = is_alive
    google = source_at(site.sandbox.url)
    site.offer(replace(google, kind="carddav", api_url=front.url, scope="contacts.readonly"))
    run = site.read(TWELVE)
    assert (run.state, run.read, run.revocation) == (ImportState.DONE, 120, "revoked")


def test_a_token_that_dies_ends_the_reading(front: Gate) -> None:
    front.is_alive = lambda token: token == "alive"
    with (
        connection.opened(Access("dead"), front.url) as asked,
        pytest.raises(SourceError) as error,
    ):
        carddav.read_page(asked, front.url, "")
    assert error.value.code == "access_ended"


def answering_all(asked: str, *, cards: int = 0) -> bytes:
    """A book that answers whatever is asked with one card, and so many links to others."""
    links = "".join(f"<response><href>/{n}</href></response>" for n in range(cards))
    return (
        '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><response><href>/</href>'
        "<propstat><prop><resourcetype><C:addressbook/></resourcetype>"
        f"<C:address-data>{asked}</C:address-data></prop></propstat></response>{links}</multistatus>"
    ).encode()


def test_a_card_that_is_no_card_costs_nobody_an_hour(settings: Any) -> None:
    with server(says(answering_all("KIND;\n" * 20_000), 207)) as (port, _):
        settings.PRIVATE_SERVERS = {f"localhost:{port}"}
        access = Access("secret", "ana", server=f"http://localhost:{port}/")
        started = time.perf_counter()
        with connection.opened(access, "") as asked:
            carddav.search(asked, asked.url, "ana")
        assert time.perf_counter() - started < 10  # it took minutes


def test_a_book_of_endless_links_is_not_held_in_memory(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carddav, "MOST_CARDS", 50)
    with server(says(answering_all("", cards=51), 207)) as (port, _):
        settings.PRIVATE_SERVERS = {f"localhost:{port}"}
        access = Access("secret", "ana", server=f"http://localhost:{port}/")
        with connection.opened(access, "") as asked, pytest.raises(SourceError) as error:
            carddav.read_page(asked, asked.url, "")
        assert error.value.code == "too_large"


@pytest.mark.parametrize("secret", ["ключ", "a\r\nX-Injected: yes", "a\nb", "\ud800"])
def test_what_no_header_can_say_is_no_access(settings: Any, secret: str) -> None:
    with server(says(b"", 207)) as (port, seen):
        settings.PRIVATE_SERVERS = {f"localhost:{port}"}
        access = Access(secret, server=f"http://localhost:{port}/")
        with connection.opened(access, "") as asked, pytest.raises(SourceError) as error:
            asked.get(asked.url)
        assert error.value.code == "access_ended"
        assert not seen.requests


@pytest.mark.parametrize(
    ("home", "code"),
    [
        ("https://[broken", "wrong_shape"),
        ("https://evil.example/", "redirected"),
        ("https://169.254.169.254/", "not_public"),
        ("http://127.0.0.1:1/", "not_public"),
        ("https://evil.example\\@localhost/", "not_public"),
        ("", "no_book"),
    ],
)
def test_what_a_server_links_to_is_looked_at_like_what_was_typed(
    settings: Any, home: str, code: str
) -> None:
    link = f"<C:addressbook-home-set><href>{home}</href></C:addressbook-home-set>"
    body = (
        '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><response><href>/</href>'
        f"<propstat><prop>{link}</prop></propstat></response></multistatus>"
    )
    with server(says(body.encode(), 207)) as (port, seen):
        settings.PRIVATE_SERVERS = {f"localhost:{port}"}
        access = Access("secret", "ana", server=f"http://localhost:{port}/dav/")
        with connection.opened(access, "") as asked, pytest.raises(SourceError) as error:
            carddav.read_page(asked, asked.url, "")
        assert error.value.code == code
        assert {path for _, path, _ in seen.requests} == {"/dav/"}

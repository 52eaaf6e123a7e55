"""JMAP for Contacts, against the sandbox behind its authorization server, and by name and password."""

from __future__ import annotations

from typing import Any

import pytest

from importer.models import Contact, Grant, Import, ImportState
from importer.sources import connection, jmap
from importer.sources.contract import Access, SourceAddress, SourceError
from tests.importer.answering import Answering
from tests.importer.conftest import NETWORK, TWELVE, Site, own_server, source_at
from tests.importer.far_away import says, server
from tests.page_rules import text_of

CARD = {
    "id": "c1",
    "uid": "urn:uuid:1",
    "kind": "individual",
    "updated": "2024-05-11T08:30:00Z",
    "name": {"components": [{"kind": "surname", "value": "Sousa"}, {"kind": "given", "value": "Bea"}]},
    "organizations": {"o": {"name": "Norte", "units": [{"name": "Law"}]}},
    "titles": {"t": {"name": "Head of Legal"}},
    "phones": {"p": {"number": "tel:+35121000"}},
    "emails": {
        "a": {"address": "bea@home.example", "contexts": {"private": True}},
        "b": {"address": "bea@norte.example", "contexts": {"work": True}, "pref": 1},
    },
}  # fmt: skip


def answer(cards: list[Any], **query: Any) -> dict[str, Any]:
    """What a server says to a query and a get, after a session that is on the same page."""
    ids = [f"c{place}" for place in range(len(cards))]
    return {
        "apiUrl": "/api",
        "primaryAccounts": {"urn:ietf:params:jmap:contacts": "a1"},
        "methodResponses": [
            ["ContactCard/query", {"ids": ids, "position": 0, **query}, "q"],
            ["ContactCard/get", {"list": cards}, "g"],
        ],
    }


def read(said: object, cursor: str = "") -> Any:
    return jmap.read_page(Answering(said), "https://jmap.example/session", cursor)


def own(site: Site) -> Site:
    """Members name their JMAP server, and may name the sandbox."""
    site.offer(own_server("jmap"))
    site.settings.PRIVATE_SERVERS = {site.sandbox.url.removeprefix("http://")}
    return site


def typed(site: Site, **changes: str) -> Any:
    values = {"known": "", "server": site.sandbox.url, "user": TWELVE, "secret": "sandbox"}
    return site.browser.post("/contacts/server/jmap/", values | changes, follow=True)


def test_behind_oauth_all_pages_are_read_and_the_access_ends(site: Site) -> None:
    url = f"{site.sandbox.url}/jmap/session"
    client = {"client_id": "handpicked-jmap", "client_secret": "sandbox-jmap-secret"}
    site.offer(source_at(site.sandbox.url, kind="jmap", api_url=url, **client))
    run = site.read(NETWORK)
    assert (run.state, run.read, run.kept, run.revocation) == (
        ImportState.DONE,
        1200,
        1200,
        "revoked",
    )
    assert run.estimated_total == 1200
    assert Contact.objects.exclude(best_address="").count() == 84
    seen = site.sandbox.control.requests("jmap")
    assert [one["page"] for one in seen] == [1, 2, 3, 4, 5]


def test_a_member_names_the_server_and_gives_a_password(site: Site) -> None:
    run = own(site).shown(typed(site))
    assert run.source_label == "JMAP contacts"
    site.work()
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.DONE, 12)
    assert not Grant.objects.exists()
    wrong = typed(site, secret="wrong")
    assert "localhost did not accept this." in text_of(wrong)
    token = typed(site, user="", secret="no-such-token")  # a token is shown as one (RFC 6750)
    assert "localhost did not accept this." in text_of(token)


def test_people_are_looked_up_and_only_who_is_picked_is_stored(site: Site) -> None:
    page = typed(own(site), purpose="look_up")
    run = Import.objects.get()
    assert page.redirect_chain[-1][0].endswith(f"{run.uid}/")
    found = site.browser.post(page.redirect_chain[-1][0], {"q": "Sousa"})
    assert "Bea Sousa" in text_of(found)
    assert not Contact.objects.exists()


def test_an_anchor_that_is_gone_costs_one_page_read_again(site: Site) -> None:
    access = Access("sandbox", TWELVE, server=f"{site.sandbox.url}/jmap/session")
    own(site)
    with connection.opened(access, "") as asked:
        page = jmap.read_page(asked, asked.url, "4 c1999999")
        assert len(page.people) == 12 - 3


def test_a_card_becomes_what_we_keep_and_no_more() -> None:
    (person,) = read(answer([CARD], total=1)).people
    assert (person.name, person.company, person.title) == ("Bea Sousa", "Norte", "Head of Legal")
    assert (person.key, person.phone, person.updated) == ("urn:uuid:1", "+35121000", 2024)
    assert person.addresses == (
        SourceAddress("bea@norte.example", "work"),
        SourceAddress("bea@home.example", "home"),
    )


def test_groups_are_no_people_and_somebody_without_anything_is_fine() -> None:
    page = read(answer([{"kind": "group", "name": {"full": "Friends"}}, {}], total=5))
    assert [person.name for person in page.people] == [""]
    assert page.next_cursor == "2 c1"
    assert read(answer([], total=0)).next_cursor == ""


def test_nothing_but_what_we_keep_is_asked_for() -> None:
    asked = Answering(answer([]))
    jmap.read_page(asked, "https://jmap.example/session", "")
    jmap.search(asked, "https://jmap.example/session", "Bea")
    (_, body) = asked.asked[-1]
    assert "notes" not in str(body)
    assert "'text'" not in str(body)  # it would look through notes, too


@pytest.mark.parametrize(
    "said",
    [
        [], "text", None, {}, {"apiUrl": 5}, {"apiUrl": "/a", "primaryAccounts": "a"},
        answer([CARD]) | {"methodResponses": {"unexpected": True}},
        answer([CARD]) | {"methodResponses": [["ContactCard/query", {}]]},
        answer([CARD]) | {"methodResponses": []},
        answer(["Bea"]), answer([{"name": "Bea"}]), answer([{"emails": [1]}]),
        answer([{"emails": {"a": {"address": 7}}}]), answer([CARD], ids=[7]),
        answer([CARD]) | {"apiUrl": "https://[broken"},
    ],
)  # fmt: skip
def test_another_shape_is_a_fault_and_not_a_crash(said: Any) -> None:
    with pytest.raises(SourceError) as error:
        read(said)
    assert error.value.code == "wrong_shape"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("serverFail", "server_error"),
        ("accountNotFound", "refused"),
        ("anchorNotFound", "cursor_refused"),
    ],
)
def test_an_error_of_a_method_is_one_of_ours(kind: str, code: str) -> None:
    said = answer([]) | {"methodResponses": [["error", {"type": kind}, "q"]]}
    with pytest.raises(SourceError) as error:
        read(said, "4 c3" if kind != "anchorNotFound" else "")
    assert error.value.code == code


def test_more_cards_than_were_asked_for_are_too_many() -> None:
    with pytest.raises(SourceError) as error:
        read(answer([CARD] * 251))
    assert error.value.code == "too_large"


@pytest.mark.parametrize(
    ("api_url", "code"),
    [
        ("http://127.0.0.1:1/api", "not_public"),
        ("https://169.254.169.254/latest/", "not_public"),
        ("https://evil.example/api", "redirected"),
        ("//evil.example/api", "not_public"),  # by http, as the session was
    ],
)
def test_a_session_can_not_send_the_password_elsewhere(
    settings: Any, api_url: str, code: str
) -> None:
    body = f'{{"apiUrl": "{api_url}", "primaryAccounts": {{"urn:ietf:params:jmap:contacts": "a"}}}}'
    with server(says(body.encode())) as (port, seen):
        settings.PRIVATE_SERVERS = {f"localhost:{port}"}
        access = Access("secret", "ana", server=f"http://localhost:{port}/session")
        with connection.opened(access, "") as asked, pytest.raises(SourceError) as error:
            jmap.read_page(asked, asked.url, "")
        assert error.value.code == code
        assert len(seen.requests) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [("rate_limit", "rate_limited"), ("html", "not_json"), ("truncated", "not_json"),
     ("server_error", "server_error"), ("wrong_shape", "wrong_shape"), ("scope_goes", "refused"),
     ("bad_request", "refused")],
)  # fmt: skip
def test_what_the_server_does_wrong_is_one_of_our_faults(
    site: Site, fault: str, error: str
) -> None:
    access = Access("sandbox", TWELVE, server=f"{own(site).sandbox.url}/jmap/session")
    site.sandbox.control.fault("jmap", fault)
    with connection.opened(access, "") as asked:
        with pytest.raises(SourceError) as raised:
            jmap.read_page(asked, asked.url, "")
        assert raised.value.code == error
        assert jmap.read_page(asked, asked.url, "").people

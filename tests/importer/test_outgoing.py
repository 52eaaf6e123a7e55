"""Nobody makes us call a machine that only we can reach: not by a name, a number, a redirect, or a
name that changes. Against real servers on loopback, which stands for the private network."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from importer.sources import connection, outgoing, server_address
from importer.sources.contract import Access, SourceError
from importer.sources.server_address import BadAddress
from tests.importer.far_away import Resolver, certificate, says, server

BOOK = "dav.example.org"
PUBLIC = "93.184.215.14"


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    return Resolver(monkeypatch)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificates"), BOOK, "other.example.org")


@pytest.fixture
def trusted(pem: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate, trusted as one of the world's authorities."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(pem))
    return pem


@pytest.fixture
def secret_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A server inside of our network. That it was called at all is what must not happen."""
    with server(says(b'{"secret": "of the inside"}')) as (port, seen):
        monkeypatch.setattr(server_address, "PORTS", {443, port})
        yield port, seen


def fetched(url: str, to: str = "", **access: str) -> object:
    with connection.opened(Access("password", "ana", server=url, **access), "") as asked:
        return asked.get(to or url)


def refused(url: str, to: str = "") -> SourceError:
    with pytest.raises(SourceError) as error:
        fetched(url, to)
    return error.value


# --- which addresses are public --------------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192",
        "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::a00:1", "100::1", "fe80::1",
        "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1", "2001:db8::1",
        "2002:7f00:1::", "2002:a00:1::1", "2002:5db8:d70e::1", "3fff::1", "4000::1", "5f00::1",
        "2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:127.0.0.1", "not an address", "",
    ],
)  # fmt: skip
def test_an_address_that_not_everybody_reaches_is_not_public(address: str) -> None:
    assert not outgoing.is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", PUBLIC, "172.32.0.1", "192.169.0.1", "223.255.255.254", "2a00:1450:4001:82b::200e",
     "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"],
)  # fmt: skip
def test_an_address_that_everybody_reaches_is_public(address: str) -> None:
    assert outgoing.is_public(address)


# --- what may be typed -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("", "Type the address of your server"),
        ("http://dav.example.org/", "https alone"),
        ("ftp://dav.example.org/", "not the address of a server"),
        ("file:///etc/passwd", "not the address of a server"),
        ("https://127.0.0.1/", "not its number"),
        ("https://2130706433/", "not its number"),
        ("https://0x7f000001/", "not its number"),
        ("https://0177.0.0.1/", "not its number"),
        ("https://127.1/", "not its number"),
        ("https://0x7f.0x0.0x0.0x1/", "not its number"),
        ("https://127.0.0.1./", "not its number"),
        ("https://１２７.０.０.１/", "not"),
        ("https://[::1]/", "not its number"),
        ("https://[::ffff:127.0.0.1]/", "not its number"),
        ("https://[fe80::1%25eth0]/", "not its number"),
        ("https://dav.example.org@127.0.0.1/", "without a user name"),
        ("https://ana:pass@dav.example.org/", "without a user name"),
        ("https://dav.example.org\\@127.0.0.1/", "not the address of a server"),
        ("https://dav.example.org /", "not the address of a server"),
        ("https://dav.example.org\r\nHost: x/", "not the address of a server"),
        ("localhost", "whole name"),
        ("https://intranet/", "whole name"),
        ("printer.local", "whole name"),
        ("metadata.google.internal", "whole name"),
        ("https://dav.example.org:22/", "We don’t call this port"),
        ("https://dav.example.org:6379/", "We don’t call this port"),
        ("https://dav.example.org:0/", "We don’t call this port"),
        ("https://dav.example.org:99999/", "not the address of a server"),
        ("https:///path", "not the address of a server"),
        ("https://" + "a" * 5000, "not the address of a server"),
    ],
)
def test_what_can_not_be_called_is_refused_with_a_sentence(written: str, sentence: str) -> None:
    with pytest.raises(BadAddress, match=sentence):
        server_address.read(written, ())


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("dav.example.org", "https://dav.example.org"),
        ("  DAV.Example.org/Ana/ ", "https://dav.example.org/Ana/"),
        ("https://dav.example.org:8443/a#b", "https://dav.example.org:8443/a"),
        ("bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_what_can_be_called_is_written_in_one_way(written: str, url: str) -> None:
    assert server_address.read(written, ()).url == url


def test_a_private_server_is_named_exactly_by_name_and_port() -> None:
    private = {"localhost:5232"}
    assert server_address.read("http://localhost:5232/ana/", private).port == 5232
    for other in ("http://localhost:5233/", "http://localhost/", "http://127.0.0.1:5232/",
                  "http://localhost.:5232/", "http://a.localhost:5232/"):  # fmt: skip
        with pytest.raises(BadAddress):
            server_address.read(other, private)


# --- what is called --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [],
    ],
)
def test_a_name_that_leads_inside_or_nowhere_is_refused_in_the_same_words(
    resolver: Resolver, secret_server: Any, addresses: list[str]
) -> None:
    port, seen = secret_server
    resolver.names[BOOK] = [addresses]
    error = refused(f"https://{BOOK}:{port}/")
    assert (error.code, error.permanent) == ("not_public", True)
    assert seen.requests == []


def test_a_name_that_changes_between_the_look_and_the_call_is_asked_once(
    resolver: Resolver, trusted: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The resolver's first word is the one that is connected to; a second one is never asked for."""
    tried: list[Any] = []

    def connect(self: socket.socket, where: Any) -> None:
        tried.append(where)
        raise ConnectionRefusedError

    class Socket(socket.socket):
        pass

    Socket.connect = connect  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(outgoing.socket, "socket", Socket)
    resolver.names[BOOK] = [[PUBLIC], ["127.0.0.1"]]
    assert refused(f"https://{BOOK}/").code == "unreachable"
    assert tried == [(PUBLIC, 443)]
    assert resolver.asked == [BOOK]
    # The next call looks again, and sees that the name leads inside by now.
    assert refused(f"https://{BOOK}/").code == "not_public"
    assert tried == [(PUBLIC, 443)]


def test_the_address_that_was_looked_at_is_connected_to_and_tls_is_for_the_name(
    resolver: Resolver, trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "is_public", lambda address: address == "127.0.0.1")
    with server(says(b'{"book": 1}'), trusted) as (port, seen):
        monkeypatch.setattr(server_address, "PORTS", {port})
        resolver.names[BOOK] = [["127.0.0.1"]]
        assert fetched(f"https://{BOOK}:{port}/") == {"book": 1}
        assert seen.requests == [("GET", "/", "Basic YW5hOnBhc3N3b3Jk")]
        # The same machine under a name that its certificate does not have.
        resolver.names["stranger.example.org"] = [["127.0.0.1"]]
        assert refused(f"https://stranger.example.org:{port}/").code == "bad_certificate"
        assert len(seen.requests) == 1


def test_no_proxy_of_the_environment_is_asked_for_a_member_s_server(
    resolver: Resolver, secret_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, seen = secret_server
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    resolver.names[BOOK] = [["127.0.0.1"]]
    assert refused(f"https://{BOOK}/").code == "not_public"
    assert seen.requests == []


@pytest.mark.parametrize(
    "to",
    ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://inside.example.org:{port}/",
     "//inside.example.org:{port}/", "http://localhost:{port}/", "https://[::1]:{port}/",
     "https://2130706433:{port}/", f"https://{BOOK}@127.0.0.1:{{port}}/"],
)  # fmt: skip
def test_a_redirect_into_the_private_network_is_not_followed(
    resolver: Resolver, trusted: Path, secret_server: Any, settings: Any, to: str
) -> None:
    port, seen = secret_server
    resolver.names["inside.example.org"] = [["127.0.0.1"]]
    resolver.names[BOOK] = [["127.0.0.1"]]
    with server(says(b"", 302, Location=to.format(port=port)), trusted) as (outside, asked):
        settings.PRIVATE_SERVERS = {f"{BOOK}:{outside}"}
        url = f"https://{BOOK}:{outside}/.well-known/carddav"
        with connection.opened(Access("password", "ana", server=url), "") as book:
            with pytest.raises(SourceError) as error:
                book.home_of(url)
            assert error.value.code == "not_public"
        assert [said for _, _, said in asked.requests] == [""]
        assert refused(url).code == "redirected"
        assert seen.requests == []


def test_a_well_known_address_may_lead_elsewhere_but_the_password_stays(
    resolver: Resolver, trusted: Path, settings: Any
) -> None:
    resolver.names |= {BOOK: [["127.0.0.1"]], "other.example.org": [["127.0.0.1"]]}
    with server(says(b"{}"), trusted) as (second, there):
        elsewhere = f"https://other.example.org:{second}/dav/"
        with server(says(b"", 301, Location=elsewhere), trusted) as (first, here):
            settings.PRIVATE_SERVERS = {f"{BOOK}:{first}", f"other.example.org:{second}"}
            home = f"https://{BOOK}:{first}/"
            with connection.opened(Access("password", "ana", server=home), "") as book:
                assert book.home_of(home) == elsewhere
                with pytest.raises(SourceError) as error:
                    book.get(elsewhere)
            assert error.value.code == "redirected"
            assert [said for _, _, said in here.requests + there.requests] == ["", ""]


def test_a_well_known_address_that_leads_in_circles_comes_to_an_end(
    resolver: Resolver, settings: Any
) -> None:
    with server(says(b"", 301, Location="/again")) as (port, seen):
        settings.PRIVATE_SERVERS = {f"localhost:{port}"}
        home = f"http://localhost:{port}/"
        book = connection.opened(Access("p", "ana", server=home), "")
        with book as asked, pytest.raises(SourceError) as error:
            asked.home_of(home)
        assert error.value.code == "looped"
        assert len(seen.requests) == connection.MOST_HOPS


@pytest.mark.parametrize("drip", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n"
                                  b"Transfer-Encoding: chunked\r\n\r\n1;"])  # fmt: skip
def test_one_byte_a_second_ends_within_the_headers_and_between_chunks_too(
    monkeypatch: pytest.MonkeyPatch, drip: bytes
) -> None:
    monkeypatch.setattr(connection, "PAGE_SECONDS", 0.5)

    def dripping(handler: Any) -> None:
        handler.wfile.write(drip)
        for _ in range(200):
            try:
                handler.wfile.write(b"a")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    started = time.monotonic()
    with server(dripping) as (port, _):
        url = f"http://127.0.0.1:{port}"
        with connection.opened(Access("token"), url) as asked, pytest.raises(SourceError) as error:
            asked.get(url)
    assert error.value.code == "slow"
    assert time.monotonic() - started < 3


def test_a_redirect_with_a_body_without_end_is_not_read() -> None:
    sent = 0

    def endless(handler: Any) -> None:
        nonlocal sent
        handler.send_response(302)
        handler.send_header("Location", "https://[broken")
        handler.end_headers()
        try:
            while sent < 50_000_000:
                sent += handler.wfile.write(b"x" * 100_000)
        except OSError:
            pass

    with server(endless) as (port, _):
        url = f"http://127.0.0.1:{port}"
        with connection.opened(Access("token"), url) as asked, pytest.raises(SourceError) as error:
            asked.get(url)
    assert error.value.code == "wrong_shape"
    assert sent < 50_000_000


def test_many_questions_that_are_slow_one_by_one_end_together() -> None:
    def slowly(handler: Any) -> None:
        time.sleep(0.2)
        says(b"{}")(handler)

    with server(slowly) as (port, seen):
        url = f"http://127.0.0.1:{port}"
        with connection.opened(Access("token"), url) as asked:
            asked.end_in(0.5)
            answers: list[object] = []
            with pytest.raises(SourceError) as error:
                answers.extend(asked.get(url) for _ in range(50))
    assert error.value.code == "slow"
    assert len(seen.requests) <= 3

"""Asks an address book's server, with the member's access, within limits of size and time.

Knows no provider. Whatever goes wrong is raised as one of contract.py's errors. The access goes to one
origin; no redirect is followed with it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from django.conf import settings
from urllib3.exceptions import HTTPError, ReadTimeoutError

from importer.sources import multistatus, server_address
from importer.sources.contract import (
    Access,
    AccessRevoked,
    BadRequest,
    Found,
    NotFound,
    RateLimited,
    Redirected,
    SourceError,
    T,
)
from importer.sources.outgoing import Lines
from importer.sources.server_address import BadAddress, Place
from importer.sources.shapes import joined

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0  # between two pieces of an answer
PAGE_SECONDS = 30.0  # for a whole answer: one byte a second must end, too
PAGE_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 64 * 1024
DEFAULT_WAIT_SECONDS = 30.0  # a 429 that names no time
MOST_HOPS = 5  # of a well-known address


@contextmanager
def opened(
    access: Access,
    api_url: str,
    headers: Mapping[str, str] | None = None,
    *,
    seconds: float = 3600.0,
) -> Iterator[Connection]:
    """A connection to one server that stays open: that of the access if the member named one, else
    `api_url`'s. `headers` go with every request, and all of them together end after so many seconds."""
    with _Session() as session:
        session.headers.update({"Accept": "application/json", "User-Agent": "Handpicked"})
        session.headers.update(headers or {})
        yield Connection(session, access, api_url, time.monotonic() + seconds)


class Connection:
    """One server, asked with one access. Raises the errors of contract.py, and no others."""

    def __init__(
        self, session: requests.Session, access: Access, api_url: str, until: float
    ) -> None:
        self.url = access.server or api_url
        self._until = until
        self._session = session
        self._access = access
        self._by_member = bool(access.server)
        self._private = settings.PRIVATE_SERVERS
        self._home = self._place(self.url)
        self._kept: dict[str, Any] = {}
        self._lines = Lines(only_public=self._by_member, private=self._private)
        if self._by_member:
            session.trust_env = False  # no proxy: it would resolve the name itself
        session.auth = _Credentials(access)
        for scheme in ("https://", "http://"):
            session.mount(scheme, self._lines)

    def end_in(self, seconds: float) -> None:
        """From now on all that is asked together ends after so many seconds."""
        self._until = time.monotonic() + seconds

    def get(self, url: str, params: Mapping[str, str] | None = None) -> object:
        """The JSON at an address."""
        return _json(b"".join(self._asked("GET", url, params=dict(params or {}))))

    def post(self, url: str, body: object) -> object:
        """The JSON that answers this JSON. Only for questions that change nothing."""
        return _json(b"".join(self._asked("POST", url, json=body)))

    def dav(self, method: str, url: str, body: str, depth: int = 0) -> Iterator[Found]:
        """What a WebDAV server has found, one after the other (RFC 4918, section 13)."""
        headers = {
            "Depth": str(depth),
            "Content-Type": "application/xml; charset=utf-8",
            "Accept": "application/xml, text/xml",
        }
        return multistatus.read(
            self._asked(method, url, data=body.encode(), headers=headers, expected=207)
        )

    def home_of(self, url: str, method: str = "GET") -> str:
        """Where a well-known address leads to. Goes without the access, so it may lead anywhere;
        whether the access may follow is decided when it is used."""
        for _ in range(MOST_HOPS):
            place = self._place(url)
            with self._answered(method, place, auth=_no_credentials) as response:
                if not response.is_redirect:
                    return place.url
                url = joined(place.url, response.headers["Location"])
        raise SourceError("looped", permanent=True)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives; made once for as long as the connection lasts."""
        if name not in self._kept:
            self._kept[name] = make()
        found: T = self._kept[name]
        return found

    def _asked(self, method: str, url: str, *, expected: int = 200, **how: Any) -> Iterator[bytes]:
        place = self._place(url)
        if not self._may_know(place):
            # A page may name the next one by its address; the access goes nowhere else.
            raise Redirected(place.url)
        return self._pieces(method, place, expected, how)

    def _pieces(
        self, method: str, place: Place, expected: int, how: Mapping[str, Any]
    ) -> Iterator[bytes]:
        with self._answered(method, place, **how) as response:
            _refuse_status(response, expected)
            size = 0
            # read1 hands over what has arrived; read would wait for a whole piece.
            while piece := response.raw.read1(PIECE_BYTES, decode_content=True):
                size += len(piece)
                if size > PAGE_BYTES:
                    raise SourceError("too_large", permanent=True)
                yield piece

    @contextmanager
    def _answered(self, method: str, place: Place, **how: Any) -> Iterator[requests.Response]:
        seconds = min(PAGE_SECONDS, self._until - time.monotonic())
        until = time.monotonic() + seconds
        if seconds <= 0:
            raise SourceError("slow", permanent=False)
        try:
            with (
                self._lines.within(seconds),
                self._session.request(
                    method,
                    place.url,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                    **how,
                ) as response,
            ):
                yield response
                if time.monotonic() > until:
                    raise SourceError("slow", permanent=False)
        except (requests.Timeout, ReadTimeoutError):
            raise SourceError("slow", permanent=False) from None
        except requests.exceptions.SSLError:
            raise SourceError("bad_certificate", permanent=True) from None
        except (requests.RequestException, HTTPError, OSError):
            code = "slow" if time.monotonic() > until else "unreachable"
            # `from None`: the original names the address, and with it page tokens.
            raise SourceError(code, permanent=False) from None

    def _place(self, url: str) -> Place:
        """An address, if it may be called at all."""
        try:
            place = server_address.parse(url)
            if self._by_member:
                server_address.refuse(place, self._private)
        except BadAddress:
            raise SourceError("not_public", permanent=True) from None
        return place

    def _may_know(self, place: Place) -> bool:
        """Whether our access is for whoever is there."""
        if place.origin == self._home.origin:
            return True
        family = self._access.family
        return (
            bool(family)
            and (place.scheme, place.port) == ("https", 443)
            and (place.host == family or place.host.endswith(f".{family}"))
        )


class _Session(requests.Session):
    """Looks at no redirect. Even told not to follow one, requests would parse where it leads, and read
    all of the answer for that, however large."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: there is nowhere to go."""


class _Credentials(requests.auth.AuthBase):
    """Sends the access. Being an `auth` of its own keeps a ~/.netrc from taking its place."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        header = self._access.header()
        if not (header.isascii() and header.isprintable()):
            raise AccessRevoked  # nobody gave this out, and what can't be sent would be quoted in a log
        request.headers["Authorization"] = header
        return request


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SourceError("not_json", permanent=False) from None


def _refuse_status(response: requests.Response, expected: int) -> None:
    status = response.status_code
    if status == expected:
        return
    if status == 401:
        raise AccessRevoked
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        raise RateLimited(_seconds(response.headers.get("Retry-After", "")))
    if status >= 500 or status == 408:
        raise SourceError("server_error", permanent=False)
    if 300 <= status < 400:
        raise Redirected(joined(response.url, response.headers.get("Location", "")))
    if status in (400, 410):
        raise BadRequest
    if status == 404:
        raise NotFound
    raise SourceError("refused", permanent=True)


def _seconds(retry_after: str) -> float:
    """Retry-After in seconds: a number or a date (RFC 9110, section 10.2.3)."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return DEFAULT_WAIT_SECONDS
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())

"""Asks an address book's server, with the member's access, within limits of size and time.

Knows no provider. Whatever goes wrong is raised as one of contract.py's errors.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from importer.sources.contract import (
    Access,
    AccessRevoked,
    BadRequest,
    NotFound,
    RateLimited,
    SourceError,
)

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0  # between two pieces of an answer
PAGE_SECONDS = 30.0  # for a whole answer: one byte a second must end, too
PAGE_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 64 * 1024
DEFAULT_WAIT_SECONDS = 30.0  # a 429 that names no time


@contextmanager
def opened(
    access: Access, api_url: str, headers: Mapping[str, str] | None = None
) -> Iterator[Connection]:
    """A connection to `api_url`'s origin that stays open. `headers` go with every request."""
    with requests.Session() as session:
        session.auth = _Credentials(access)
        session.headers.update({"Accept": "application/json", "User-Agent": "Handpicked"})
        session.headers.update(headers or {})
        yield Connection(session, api_url)


class Connection:
    """One server, asked with one access. Raises the errors of contract.py, and no others."""

    def __init__(self, session: requests.Session, api_url: str) -> None:
        self._session = session
        self._origin = _origin(api_url)

    def get(self, url: str, params: Mapping[str, str] | None = None) -> object:
        """The JSON at an address."""
        return _json(self._asked("GET", url, params=dict(params or {})))

    def post(self, url: str, body: object) -> object:
        """The JSON that answers this JSON. Only for questions that change nothing."""
        return _json(self._asked("POST", url, json=body))

    def _asked(self, method: str, url: str, **how: object) -> bytes:
        if _origin(url) != self._origin:
            # A page may name the next one by its address; the access goes nowhere else.
            raise SourceError("redirected", permanent=True)
        return _asked(self._session, method, url, **how)


class _Credentials(requests.auth.AuthBase):
    """Sends the access. Being an `auth` of its own keeps a ~/.netrc from taking its place."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._access.header()
        return request


def _asked(session: requests.Session, method: str, url: str, **how: object) -> bytes:
    until = time.monotonic() + PAGE_SECONDS
    try:
        response = session.request(
            method,
            url,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
            **how,  # type: ignore[arg-type]
        )
        with response:
            _refuse_status(response)
            return _body(response, until)
    except (requests.Timeout, ReadTimeoutError):
        raise SourceError("slow", permanent=False) from None
    except (requests.RequestException, HTTPError, OSError):
        # `from None`: the original names the address, and with it page tokens.
        raise SourceError("unreachable", permanent=False) from None


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SourceError("not_json", permanent=False) from None


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 401:
        raise AccessRevoked
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        raise RateLimited(_seconds(response.headers.get("Retry-After", "")))
    if status >= 500 or status == 408:
        raise SourceError("server_error", permanent=False)
    if 300 <= status < 400:
        raise SourceError("redirected", permanent=True)
    if status in (400, 410):
        raise BadRequest
    if status == 404:
        raise NotFound
    raise SourceError("refused", permanent=True)


def _body(response: requests.Response, until: float) -> bytes:
    pieces = bytearray()
    # read1 hands over what has arrived; read would wait for a whole piece, and the clock with it.
    while piece := response.raw.read1(PIECE_BYTES, decode_content=True):
        pieces += piece
        if len(pieces) > PAGE_BYTES:
            raise SourceError("too_large", permanent=True)
        if time.monotonic() > until:
            raise SourceError("slow", permanent=False)
    return bytes(pieces)


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


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return (parts.scheme, parts.netloc)

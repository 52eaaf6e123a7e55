"""Fetches JSON with an access token, within limits of size and time. Knows no provider."""

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

from importer.sources.contract import AccessRevoked, GetJson, RateLimited, SourceError

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0  # between two pieces of an answer
PAGE_SECONDS = 30.0  # for a whole answer: one byte a second must end, too
PAGE_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 64 * 1024
DEFAULT_WAIT_SECONDS = 30.0  # a 429 that names no time


@contextmanager
def opened(access_token: str, api_url: str) -> Iterator[GetJson]:
    """A function that fetches JSON at `api_url`'s origin, over one connection that stays open."""
    with requests.Session() as session:
        session.auth = _Bearer(access_token)
        session.headers.update({"Accept": "application/json", "User-Agent": "Handpicked"})

        def get(url: str, params: Mapping[str, str]) -> object:
            if _origin(url) != _origin(api_url):
                # A page may name the next one by its address; the token goes nowhere else.
                raise SourceError("redirected", permanent=True)
            return _get(session, url, params)

        yield get


class _Bearer(requests.auth.AuthBase):
    """Sends the token. Being an `auth` of its own keeps a ~/.netrc from taking its place."""

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._access_token}"
        return request


def _get(session: requests.Session, url: str, params: Mapping[str, str]) -> object:
    until = time.monotonic() + PAGE_SECONDS
    try:
        response = session.get(
            url,
            params=dict(params),
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        )
        with response:
            _refuse_status(response, asked_with_cursor=len(params) > 0 and "pageToken" in params)
            body = _body(response, until)
    except (requests.Timeout, ReadTimeoutError):
        raise SourceError("slow", permanent=False) from None
    except (requests.RequestException, HTTPError, OSError):
        # `from None`: the original names the address, and with it page tokens.
        raise SourceError("unreachable", permanent=False) from None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SourceError("not_json", permanent=False) from None


def _refuse_status(response: requests.Response, *, asked_with_cursor: bool) -> None:
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
    if status in (400, 410) and asked_with_cursor:
        raise SourceError("cursor_refused", permanent=True)
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

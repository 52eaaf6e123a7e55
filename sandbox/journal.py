"""What the sandbox remembers for tests: API requests and issued tokens, by fingerprint.

In memory, and only while the controls are on. Never a token itself.
"""

import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.conf import settings

from sandbox.tokens import fingerprint_of, is_alive

_lock = threading.Lock()
_ids = count(1)


def _now() -> str:
    return datetime.now(UTC).isoformat()


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request: `page` counts from 1 and is None where there are no pages."""

    endpoint: str
    account: str
    page: int | None
    token: str
    status: int
    fault: str
    id: int = field(default_factory=lambda: next(_ids))
    at: str = field(default_factory=_now)


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """Fingerprints of an access token and of the refresh token issued with it."""

    access: str
    refresh: str
    client_id: str
    account: str
    scope: str
    id: int = field(default_factory=lambda: next(_ids))
    at: str = field(default_factory=_now)


_requests: deque[SeenRequest] = deque(maxlen=20_000)
_tokens: deque[IssuedTokens] = deque(maxlen=20_000)


def note_request(
    *, endpoint: str, account: str, page: int | None, token: str, status: int, fault: str = ""
) -> None:
    """Remember a request. `token` is its fingerprint, `fault` the kind that was played."""
    if settings.SANDBOX_CONTROL:
        with _lock:
            _requests.append(SeenRequest(endpoint, account, page, token, status, fault))


def note_tokens(*, access: str, refresh: str, client_id: str, account: str, scope: str) -> None:
    """Remember that these tokens were issued; only their fingerprints are kept."""
    if settings.SANDBOX_CONTROL:
        refresh_print = fingerprint_of(refresh) if refresh else ""
        with _lock:
            _tokens.append(
                IssuedTokens(fingerprint_of(access), refresh_print, client_id, account, scope)
            )


def seen_requests(since_id: int = 0) -> list[dict[str, Any]]:
    """The requests with a greater id, oldest first."""
    with _lock:
        return [asdict(seen) for seen in _requests if seen.id > since_id]


def issued_tokens() -> list[dict[str, Any]]:
    """The issued tokens, oldest first, each with whether access and refresh token live now."""
    with _lock:
        issued = list(_tokens)
    return [
        asdict(tokens)
        | {"access_alive": is_alive(tokens.access), "refresh_alive": is_alive(tokens.refresh)}
        for tokens in issued
    ]


def forget() -> None:
    """Empty the journal."""
    with _lock:
        _requests.clear()
        _tokens.clear()

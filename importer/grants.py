"""Keeps an OAuth token encrypted for as long as one import needs it. Nobody else reads it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings

from importer import ciphering
from importer.models import Grant, Import
from importer.sources.contract import Access
from ledger import clock

Token = dict[str, Any]

# Of an OAuth answer only these are kept (RFC 6749, section 5.1).
_KEPT = ("access_token", "refresh_token", "token_type", "expires_at")
# And of what a member types: where the server is, whose password it is; the password itself is kept
# as the access token.
_TYPED = ("user", "server", "family")


class Unreadable(Exception):
    """The grant was encrypted with a key that is no longer in GRANT_KEYS."""


def keep(run: Import, token: Token, at: datetime) -> Grant:
    """Stores the token of an import, in the caller's transaction. It ends in GRANT_MINUTES."""
    return Grant.objects.create(
        import_run=run,
        ciphertext=_sealed(token),
        created_at=at,
        ends_at=at + timedelta(minutes=settings.GRANT_MINUTES),
    )


def replace(grant: Grant, token: Token) -> bool:
    """Stores the token that a refresh has brought. When the grant ends does not change.

    False when the grant is there no more: then nobody remembers this token.
    """
    grant.ciphertext, grant.refreshed, grant.ready = _sealed(token), True, False
    same = Grant.objects.filter(pk=grant.pk)
    return bool(same.update(ciphertext=grant.ciphertext, refreshed=True, ready=False))


def opened(grant: Grant) -> Token:
    """The token itself. Raises Unreadable."""
    try:
        token: Token = json.loads(ciphering.cipher().decrypt(bytes(grant.ciphertext)))
    except InvalidToken:
        raise Unreadable from None
    return token


def seconds_left(grant: Grant) -> float:
    """How long it may still be used to read; 0 or less: it only waits for its end.

    Looks at both moments, so that nothing but the clock can make a grant last longer.
    """
    return (min(grant.ends_at, last_moment(grant)) - clock.now()).total_seconds()


def access(token: Token) -> Access:
    """How a token is shown to the address book."""
    typed = {name: str(token[name]) for name in _TYPED if name in token}
    return Access(secret=str(token["access_token"]), **typed)


def last_moment(grant: Grant) -> datetime:
    """When the grant is deleted even if the provider could not be told."""
    return grant.created_at + timedelta(minutes=settings.GRANT_MINUTES)


def _sealed(token: Token) -> bytes:
    kept = {name: token[name] for name in (*_KEPT, *_TYPED) if name in token}
    return ciphering.cipher().encrypt(json.dumps(kept).encode())

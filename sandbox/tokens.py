"""Bearer tokens as the API sees them (RFC 6750): who they speak for, and whether they live."""

import hashlib
from base64 import b64decode
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from sandbox.accounts import ACCOUNTS, PASSWORD

EMAILS = frozenset(account.email for account in ACCOUNTS)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A live access token: the account's e-mail address, its scopes by short name, and the
    token's fingerprint."""

    email: str
    scopes: frozenset[str]
    fingerprint: str


def short_scope(scope: str) -> str:
    """A scope without the address that Google and Microsoft put before it."""
    return scope.rpartition("/")[2]


def fingerprint_of(token: str) -> str:
    """SHA-256 of a token in hex: what logs may hold instead of it. The toolkit's checksum is the
    same, so a fingerprint finds the token's row."""
    return hashlib.sha256(token.encode()).hexdigest()


def shown_token(request: HttpRequest) -> str:
    """The token of the Authorization header, or an empty string."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def find_owner(request: HttpRequest, scope: str) -> Bearer | None:
    """Who shows an account's own name and password (RFC 7617), with this scope; None for others."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    try:
        email, _, password = b64decode(shown).decode().partition(":")
    except ValueError:
        return None
    if scheme.lower() != "basic" or password != PASSWORD or email not in EMAILS:
        return None
    return Bearer(email=email, scopes=frozenset({scope}), fingerprint=fingerprint_of(shown))


def find_bearer(token: str) -> Bearer | None:
    """Whom this access token speaks for; None when it is unknown, expired or revoked."""
    fingerprint = fingerprint_of(token)
    row = (
        get_access_token_model()
        .objects.select_related("user")
        .filter(token_checksum=fingerprint, expires__gt=timezone.now(), user__isnull=False)
        .first()
    )
    if row is None:
        return None
    scopes = frozenset(map(short_scope, row.scope.split()))
    return Bearer(email=row.user.email, scopes=scopes, fingerprint=fingerprint)


def is_alive(fingerprint: str) -> bool:
    """Whether the access or refresh token with this fingerprint would still be accepted."""
    access = get_access_token_model().objects.filter(
        token_checksum=fingerprint, expires__gt=timezone.now()
    )
    refresh = get_refresh_token_model().objects.filter(
        token_checksum=fingerprint, revoked__isnull=True, access_token__isnull=False
    )
    return bool(access.exists() or refresh.exists())


def kill_access_token(fingerprint: str) -> None:
    """Revoke the grant of this access token, as when a person removes the app half-way."""
    refresh_tokens = get_refresh_token_model()
    rows = refresh_tokens.objects.filter(access_token__token_checksum=fingerprint)
    for row in rows:
        refresh_tokens.revoke_family(row.token_family)
    get_access_token_model().objects.filter(token_checksum=fingerprint).delete()


def kill_grants(email: str, client_id: str) -> None:
    """Revoke all that an account ever allowed to a client: the account page's "Remove access"."""
    owner = {"user__username": email, "application__client_id": client_id}
    get_refresh_token_model().objects.filter(revoked__isnull=True, **owner).update(
        revoked=timezone.now()
    )
    get_access_token_model().objects.filter(**owner).delete()

"""The recipient's secret link. The token is derived when a mail leaves and stored nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

from django.conf import settings

LENGTH = 43  # base64url of 32 bytes without padding; token and hash are equally long


def token(uid: UUID) -> str:
    """The secret of one invitation: HMAC-SHA-256 of its uid under TOKEN_KEY, base64url."""
    return _base64url(hmac.new(settings.TOKEN_KEY, uid.bytes, hashlib.sha256).digest())


def hash_of(secret: str) -> str:
    """What the tables, the card and the digest hold in the token's place: its SHA-256, base64url."""
    return _base64url(hashlib.sha256(secret.encode()).digest())


def proof_of_domain(domain: str) -> str:
    """What only somebody who came here for this domain can put into its DNS."""
    return _base64url(
        hmac.new(settings.TOKEN_KEY, f"domain\0{domain}".encode(), hashlib.sha256).digest()
    )


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

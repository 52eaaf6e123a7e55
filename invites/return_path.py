"""The envelope sender of an invitation: an address of its own, so that what bounces says what bounced.

VERP with a MAC: whoever writes to such an address has seen the mail's envelope, or guessed 80 bits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from uuid import UUID

from django.conf import settings

# bounce+<26>-<16>: 50 characters of the 64 that a local part may have (RFC 5321, 4.5.3.1.1). Base32,
# for some servers change the case of what they return.
_ID, _MAC = 26, 16
_LOCAL = re.compile(
    rf"bounce\+([a-z2-7]{{{_ID}}})-([a-z2-7]{{{_MAC}}})@([a-z0-9.-]+)", re.IGNORECASE
)


def address(uid: UUID) -> str:
    """Where this invitation's bounces go: its own address below RETURN_PATH_DOMAIN, else everybody's."""
    if not settings.RETURN_PATH_DOMAIN:
        return str(settings.INVITATIONS_ADDRESS)
    return f"bounce+{_base32(uid.bytes)}-{_mac(uid)}@{settings.RETURN_PATH_DOMAIN}"


def invitation_in(text: str) -> UUID | None:
    """The invitation of the first of our return paths in a text; None without one whose MAC is right."""
    if not settings.RETURN_PATH_DOMAIN:
        return None
    for name, mac, domain in _LOCAL.findall(text):
        if domain.lower() != settings.RETURN_PATH_DOMAIN:
            continue
        uid = UUID(bytes=base64.b32decode(f"{name.upper()}======"))
        if hmac.compare_digest(mac.lower(), _mac(uid)):
            return uid
    return None


def _mac(uid: UUID) -> str:
    message = b"return path\0" + uid.bytes  # never as long as what a link's token is made of
    return _base32(hmac.new(settings.TOKEN_KEY, message, hashlib.sha256).digest()[:10])


def _base32(value: bytes) -> str:
    return base64.b32encode(value).rstrip(b"=").decode().lower()

"""DKIM (RFC 6376, RFC 8463): the signature that stands above a mail. Knows keys and bytes, nothing else.

Only delivery.py signs; the settings read the keys, check_deliverability compares them with the DNS.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SMALLEST_RSA = 1024  # bits; RFC 8301 has verifiers ignore anything shorter
# Each as often as it is there and once more, so that nobody can add another (RFC 6376, 8.15). One-click
# wants both List-Unsubscribe fields in here (RFC 8058, 4).
SIGNED = (
    "From", "To", "Subject", "Reply-To", "Date", "Message-ID", "List-Unsubscribe",
    "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
)  # fmt: skip


class CannotSign(Exception):
    """This mail or these keys are not fit for a signature. Nothing was changed."""


class BadKey(ValueError):
    """What should be a private key is none that can sign mail."""


@dataclass(frozen=True, slots=True)
class Key:
    """One signing key. `private` is as dkimpy wants it; `public` is the p= of its DNS record."""

    selector: str
    kind: str
    public: str
    private: bytes = field(repr=False)

    @property
    def record(self) -> str:
        """The TXT record of `<selector>._domainkey.<domain>` (RFC 6376, 3.6.1)."""
        return f"v=DKIM1; k={self.kind}; p={self.public}"


def load(selector: str, pem: bytes) -> Key:
    """An RSA or Ed25519 private key from PEM without a password. Raises BadKey."""
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise BadKey("holds no private key in PEM without a password") from error
    raw, no_encryption = serialization.Encoding.Raw, serialization.NoEncryption()
    if isinstance(private, Ed25519PrivateKey):
        seed = private.private_bytes(raw, serialization.PrivateFormat.Raw, no_encryption)
        public = private.public_key().public_bytes(raw, serialization.PublicFormat.Raw)
        return Key(selector, "ed25519", _base64(public), _base64(seed).encode())
    if not isinstance(private, RSAPrivateKey):
        raise BadKey("holds a key that is neither RSA nor Ed25519")
    if private.key_size < SMALLEST_RSA:
        raise BadKey(f"holds an RSA key of {private.key_size} bits: take 2048")
    return Key(
        selector,
        "rsa",
        _base64(
            private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        ),
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            no_encryption,
        ),
    )


def signed(raw: bytes, *, domain: str, keys: Iterable[Key]) -> bytes:
    """The same mail below one signature per key. Raises CannotSign.

    An RSA signature of 2048 bits costs some 8 ms here (dkimpy reckons in plain Python), Ed25519 0.3 ms.
    """
    import dkim  # brings dnspython along, and most processes never sign

    try:
        mail = dkim.DKIM(raw)
        there = [name.lower() for name, _ in mail.headers]
        names = [name.lower().encode() for name in SIGNED]
        covered = [name for name in names for _ in range(there.count(name) + 1)]
        signatures = [
            mail.sign(
                key.selector.encode(),
                domain.encode(),
                key.private,
                signature_algorithm=f"{key.kind}-sha256".encode(),
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=covered,
            )
            for key in keys
        ]
    except dkim.DKIMException as error:
        raise CannotSign(str(error)) from error
    return b"".join([*signatures, raw])


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()

"""Signed tree heads, as C2SP's tlog-checkpoint and signed-note write them, and their Ed25519 keys.

https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note. A head is text that a person can read
and keep: the log's name, the number of leaves, the root; then two lines of ours, the hash of the head
before it and the moment; an empty line, and a signature.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

_ED25519 = b"\x01"  # the algorithm's number in a signed note
_HEAD = re.compile(
    r"(?P<origin>[^\n+ ]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"previous (?P<previous>[A-Za-z0-9+/]{43}=|none)\nat (?P<at>[0-9T:.Z-]{20,27})\n"
)
_SIGNATURE = re.compile(r"— (?P<name>[^\n+ ]+) (?P<signature>[A-Za-z0-9+/]+=*)\n")


class BadHead(ValueError):
    """A text that is not a head of this ledger, signed with a key that we trust; says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is signed. `root` and `previous` are 32 bytes; `previous` is None in the first head."""

    origin: str
    size: int
    root: bytes
    previous: bytes | None
    at: datetime

    def text(self) -> str:
        """The text that is signed; its last line ends with a line break."""
        previous = _base64(self.previous) if self.previous else "none"
        at = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\nprevious {previous}\nat {at}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it signs under."""

    name: str
    key: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that say in a note which key signed."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    def text(self) -> str:
        """The key in one line, as `LEDGER_OLD_KEYS` and other tools want it (a "vkey")."""
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.key)}"


def origin() -> str:
    """The ledger's name: the site's host and /ledger."""
    return f"{urlsplit(settings.SITE_URL).netloc}/ledger"


def signing_key() -> Ed25519PrivateKey | None:
    """The private key, or None: then nothing is sealed."""
    seed: bytes = settings.LEDGER_KEY
    return Ed25519PrivateKey.from_private_bytes(seed) if seed else None


def verifiers() -> list[Verifier]:
    """The public keys whose heads count: the present one, and those of LEDGER_OLD_KEYS."""
    key = signing_key()
    ours = [public(key)] if key else []
    return ours + [verifier(line) for line in settings.LEDGER_OLD_KEYS]


def public(key: Ed25519PrivateKey) -> Verifier:
    """The public half of our key, under the ledger's name."""
    return Verifier(origin(), key.public_key().public_bytes_raw())


def verifier(line: str) -> Verifier:
    """A public key from its one line. Raises BadHead."""
    name, _, rest = line.partition("+")
    number, _, data = rest.partition("+")
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise BadHead(f"{line!r} is not a public key: its last part is not base64.") from None
    found = Verifier(name, raw[1:])
    if raw[:1] != _ED25519 or len(raw) != 33 or found.id.hex() != number:
        raise BadHead(f"{line!r} is not a public key of a ledger.")
    return found


def sign(head: Head, key: Ed25519PrivateKey) -> str:
    """The head with its signature: a signed note."""
    return note(head.text(), key)


def note(text: str, key: Ed25519PrivateKey) -> str:
    """A text that ends with a line break, and our signature under it."""
    by = public(key)
    return f"{text}\n— {by.name} {_base64(by.id + key.sign(text.encode()))}\n"


def read(signed: str, trusted: list[Verifier]) -> Head:
    """The head in a signed note. Raises BadHead unless a trusted key signed exactly this text."""
    found = parse(signed)
    text, _, signatures = signed.partition("\n\n")
    if not any(_signed(text + "\n", by, signatures) for by in trusted):
        raise BadHead("No key that we trust signed this head.")
    return found


def parse(signed: str) -> Head:
    """The head in a note, whoever signed it. Raises BadHead."""
    found = _HEAD.fullmatch(signed.partition("\n\n")[0] + "\n")
    if not found:
        raise BadHead("This is not a ledger head: five lines, an empty one, and a signature.")
    try:
        at = datetime.fromisoformat(found["at"])
    except ValueError:
        raise BadHead(f"{found['at']} is not a moment.") from None
    previous = None if found["previous"] == "none" else base64.b64decode(found["previous"])
    return Head(found["origin"], int(found["size"]), base64.b64decode(found["root"]), previous, at)


def signers(signed: str) -> set[tuple[str, bytes]]:
    """The names and key numbers under a note; says nothing of whether their signatures are good."""
    _, _, signatures = signed.partition("\n\n")
    return {
        (line["name"], base64.b64decode(line["signature"])[:4])
        for line in _SIGNATURE.finditer(signatures)
    }


def fingerprint(signed: str) -> bytes:
    """What the next head says about this one: SHA-256 over the whole note."""
    return sha256(signed.encode()).digest()


def _signed(text: str, by: Verifier, signatures: str) -> bool:
    for line in _SIGNATURE.finditer(signatures):
        raw = base64.b64decode(line["signature"])
        if line["name"] != by.name or raw[:4] != by.id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(by.key).verify(raw[4:], text.encode())
        except InvalidSignature:
            return False
        return True
    return False


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

#!/usr/bin/env python3
"""Checks an evidence file of an invitation. Needs Python 3.9 or newer and nothing else, no network.

    python3 verify.py evidence-….zip [PUBLIC_KEY]

PUBLIC_KEY is the ledger's key in one line, as the site publishes it. Without it, the key inside the file
is taken: then this shows that the file is whole and fits together, and not who made it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import zipfile
from typing import IO

FILES = [
    "README.txt",
    "consent.json",
    "head.txt",
    "key.txt",
    "ledger.json",
    "steps.txt",
    "verify.py",
]
OUTCOMES = {"sent": "taken by the mail server", "failed": "refused by the mail server",
            "unknown": "handed over without an answer", "cancelled": "taken back",
            "bounced": "returned", "blocked": "not sent: this person can't be invited",
            "requested": "shown inside the site", "expired": "too late and not sent"}  # fmt: skip
OPTIONAL = ["message.eml"]  # erased together with the recipient's name and address


class Wrong(Exception):
    """The file is not what the site made; says where."""


def check(path: str | IO[bytes], public_key: str = "") -> list[str]:
    """Checks the evidence file at `path`; returns what it shows, as sentences. Raises Wrong."""
    files = read(path)
    key = public_key.strip() or files["key.txt"].decode().strip()
    if files["key.txt"].decode().strip() != key:
        raise Wrong("key.txt is another key than the one you gave")
    text = signed(files["manifest.txt"].decode(), key, "manifest.txt").splitlines()
    listed = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)
              if name != "manifest.txt"]  # fmt: skip
    for line in sorted(set(listed) ^ set(text[1:])):
        raise Wrong(f"{line[66:]} is not the file that was signed")
    head = signed(files["head.txt"].decode(), key, "head.txt").splitlines()
    size, root = int(head[1]), base64.b64decode(head[2])
    facts: dict[tuple[str, str], tuple[str, dict[str, object]]] = {}
    ledger = json.loads(files["ledger.json"])
    for entry in ledger:
        leaf = hashlib.sha256(b"\0" + entry["line"].encode()).digest()
        proof = [bytes.fromhex(value) for value in entry["proof"]]
        if climb(leaf, entry["position"], size, proof) != root:
            raise Wrong(f"ledger.json: the entry at {entry['position']} is not under the head")
        _, at, action, subject, _, values = entry["line"].split("\t")
        # PostgreSQL writes a UUID with dashes and doubles backslashes, SQLite does neither.
        values = json.loads(values.replace("\\\\", "\\"))
        facts[action, subject.replace("-", "")] = (at, values)
    consent = json.loads(files["consent.json"])
    invitation = consent["invitation"].replace("-", "")
    batch = consent["batch"].replace("-", "")
    confirmed_at, confirmed = facts.get(("invitation.confirmed", invitation), ("", {}))
    _, at_once = facts.get(("batch.confirmed", batch), ("", {}))
    entered = {**at_once, **confirmed, "notice_version": at_once.get("notice")}
    for name in ("digest", "fingerprint", "count", "notice_version"):
        if consent[name] is None or consent[name] != entered.get(name):
            raise Wrong(f"consent.json: {name} is not what the ledger says was confirmed")
    said = [
        f"The file is whole, and signed by {key.split('+')[0]}.",
        f"{len(ledger)} ledger entries are under the head of {head[4][3:]} ({size} entries).",
        f"Mail {consent['digest']} was confirmed at {confirmed_at} UTC, one of {consent['count']}.",
    ]
    if "message.eml" in files:
        mail = consent["recipient"].encode() + b"\r\n" + files["message.eml"]
        if hashlib.sha256(mail).hexdigest() != consent["digest"]:
            raise Wrong("message.eml is not the mail that was confirmed")
        said.append("message.eml is that mail, to the byte.")
    else:
        said.append("The mail itself was erased, with the recipient's name and address.")
    for action, words in OUTCOMES.items():
        if ("invitation." + action, invitation) in facts:
            said.append(f"It was {words} at {facts['invitation.' + action, invitation][0]} UTC.")
    return said


def read(path: str | IO[bytes]) -> dict[str, bytes]:
    """The files inside, by name. Raises Wrong when one is missing, twice there or unexpected."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            expected = sorted([*FILES, "manifest.txt"])
            if sorted(set(names) - set(OPTIONAL)) != expected or len(names) != len(set(names)):
                raise Wrong(f"the file holds {sorted(names)}, not {expected}")
            if sum(item.file_size for item in archive.infolist()) > 50_000_000:
                raise Wrong("the file is too large")
            return {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, OSError, NotImplementedError) as problem:
        raise Wrong(f"this is not a ZIP file that can be read ({problem})") from None


def signed(note: str, key: str, name: str) -> str:
    """The text of a signed note (https://c2sp.org/signed-note). Raises Wrong unless `key` signed it."""
    text, _, signature = note.partition("\n\n")
    signer, number, public = key.split("+", 2)
    start = f"— {signer} "
    found = base64.b64decode(signature[len(start) :]) if signature.startswith(start) else b""
    raw = base64.b64decode(public)
    whole = f"{text}\n\n{start}{base64.b64encode(found).decode()}\n"
    if note != whole or found[:4].hex() != number or raw[:1] != b"\1":
        raise Wrong(f"{name} is not signed by {signer}")
    if not ed25519(raw[1:], (text + "\n").encode(), found[4:]):
        raise Wrong(f"{name} was changed after it was signed")
    return text


def climb(leaf: bytes, position: int, size: int, proof: list[bytes]) -> bytes | None:
    """The root that a proof leads to (RFC 9162, section 2.1.3.2); None when it can't."""
    here, last = position, size - 1
    for other in proof:
        if last == 0:
            return None
        if here % 2 or here == last:
            leaf = hashlib.sha256(b"\1" + other + leaf).digest()
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            leaf = hashlib.sha256(b"\1" + leaf + other).digest()
        here, last = here // 2, last // 2
    return leaf if last == 0 else None


# Ed25519 (RFC 8032, section 5.1): the curve -x² + y² = 1 + dx²y² over the field of P.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int, int, int]
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def decode(data: bytes) -> Point | None:
    """The point behind 32 bytes as (x, y, 1, xy), or None (RFC 8032, section 5.1.3)."""
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if len(data) != 32 or y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == P - u:
        x = x * ROOT % P
    if (v * x * x - u) % P or (x == 0 and sign):
        return None
    x = P - x if x % 2 != sign else x
    return (x, y, 1, x * y % P)


def add(one: Point, other: Point) -> Point:
    """The sum of two points in extended coordinates (RFC 8032, section 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number: int, point: Point) -> Point:
    """A multiple of a point."""
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key signed the message (RFC 8032, section 5.1.7)."""
    point, half = decode(public), decode(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or half is None or len(signature) != 64 or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    left = times(scalar, BASE)
    right = add(half, times(challenge, point))
    return all((left[n] * right[2] - right[n] * left[2]) % P == 0 for n in (0, 1))


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)

if __name__ == "__main__":
    try:
        print("\n".join(check(sys.argv[1], "".join(sys.argv[2:3]))))
    except (Wrong, ValueError, KeyError, IndexError, TypeError) as problem:
        sys.exit(f"This evidence does not hold: {problem}")

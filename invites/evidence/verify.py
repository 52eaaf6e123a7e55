#!/usr/bin/env python3
"""Checks the evidence of an invitation, or a receipt. Needs Python 3.9 or newer, no network.

    python3 verify.py FILE.zip [PUBLIC_KEY]

PUBLIC_KEY is the ledger's key in one line, as the site publishes it. Without it, the key inside the file
is taken: then this shows that the file is whole and fits together, and not who made it.
"""

from __future__ import annotations

import base64
import json
import sys
import zipfile
import zlib
from hashlib import sha256, sha512
from typing import IO

COMMON = ["README.txt", "key.txt", "manifest.txt", "verify.py"]
EVIDENCE = [*COMMON, "consent.json", "head.txt", "ledger.json", "steps.txt"]
RECEIPT = [*COMMON, "receipt.html", "receipt.json"]
OUTCOMES = {"sent": "taken by the mail server", "failed": "refused by the mail server",
            "unknown": "handed over without an answer", "cancelled": "taken back",
            "bounced": "returned", "blocked": "not sent: this person can't be invited",
            "requested": "shown inside the site", "expired": "too late and not sent"}  # fmt: skip


class Wrong(Exception):
    """The file is not what the site made; says where."""


def check(path: str | IO[bytes], public_key: str = "") -> list[str]:
    """Checks the file at `path`; returns what it shows, as sentences. Raises Wrong."""
    files = read(path)
    key = public_key.strip() or files["key.txt"].decode().strip()
    if files["key.txt"].decode().strip() != key:
        raise Wrong("key.txt is another key than the one you gave")
    text = signed(files["manifest.txt"].decode(), key, "manifest.txt").splitlines()
    listed = [f"{sha256(files[n]).hexdigest()}  {n}" for n in files if n != "manifest.txt"]
    for line in sorted(set(listed) ^ set(text[1:])):
        raise Wrong(f"{line[66:]} is not the file that was signed")
    said = receipt(files) if "receipt.json" in files else evidence(files, key)
    return [f"The file is whole, and signed by {key.split('+')[0]}.", *said]


def evidence(files: dict[str, bytes], key: str) -> list[str]:
    """That one mail was confirmed, and what became of it. Raises Wrong."""
    head = signed(files["head.txt"].decode(), key, "head.txt").splitlines()
    size, root = int(head[1]), base64.b64decode(head[2])
    ledger, consent = json.loads(files["ledger.json"]), json.loads(files["consent.json"])
    facts: dict[tuple[str, str], tuple[str, dict[str, object]]] = {}
    for entry in ledger:
        leaf = sha256(b"\0" + entry["line"].encode()).digest()
        if climb(leaf, entry["position"], size, list(map(bytes.fromhex, entry["proof"]))) != root:
            raise Wrong(f"ledger.json: the entry at {entry['position']} is not under the head")
        _, at, action, subject, _, values = entry["line"].split("\t")
        # PostgreSQL writes a UUID with dashes and doubles backslashes, SQLite does neither.
        values = values.replace("\\\\", "\\") if "-" in subject else values
        facts[action, subject.replace("-", "")] = at, json.loads(values)
    invitation, batch = (consent[name].replace("-", "") for name in ("invitation", "batch"))
    confirmed_at, confirmed = facts.get(("invitation.confirmed", invitation), ("", {}))
    _, at_once = facts.get(("batch.confirmed", batch), ("", {}))
    entered = {**at_once, **confirmed, "notice_version": at_once.get("notice")}
    for name in ("digest", "fingerprint", "count", "notice_version"):
        if consent[name] is None or consent[name] != entered.get(name):
            raise Wrong(f"consent.json: {name} is not what the ledger says was confirmed")
    said = [
        f"{len(ledger)} ledger entries are under the head of {head[4][3:]} ({size} entries).",
        f"Mail {consent['digest']} was confirmed at {confirmed_at} UTC, one of {consent['count']}.",
        is_that_mail(files, "message.eml", consent),
    ]
    for action, words in OUTCOMES.items():
        if ("invitation." + action, invitation) in facts:
            said.append(f"It was {words} at {facts['invitation.' + action, invitation][0]} UTC.")
    return said


def receipt(files: dict[str, bytes]) -> list[str]:
    """What one member confirmed at once. Raises Wrong."""
    whole = json.loads(files["receipt.json"])
    digests = sorted(record["digest"] for record in whole["records"])
    together = sha256("\n".join(digests).encode()).hexdigest()
    if (together, len(digests)) != (whole["fingerprint"], whole["count"]):
        raise Wrong("receipt.json: the fingerprint is not over these mails")
    mails = [is_that_mail(files, record["mail"], record) for record in whole["records"]]
    return [f"Mails confirmed at once at {whole['confirmed_at']}: {len(mails)}.", *mails]


def is_that_mail(files: dict[str, bytes], name: str, consent: dict[str, str]) -> str:
    """That the mail has the digest that was confirmed, if it is there. Raises Wrong."""
    if name not in files:
        return f"{name} was erased, with the recipient's name and address."
    mail = consent["recipient"].encode() + b"\r\n" + files[name]
    if sha256(mail).hexdigest() != consent["digest"]:
        raise Wrong(f"{name} is not the mail that was confirmed")
    return f"{name} is the mail {consent['digest']}, to the byte."


def read(path: str | IO[bytes]) -> dict[str, bytes]:
    """The files inside, by name. Raises Wrong when one is missing, unexpected, twice there or hidden."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            expected = sorted(RECEIPT if "receipt.json" in names else EVIDENCE)
            others = sorted(n for n in names if not n.endswith(".eml"))  # mails can be erased
            if others != expected or len(names) != len(set(names)):
                raise Wrong(f"the file holds {sorted(names)}, not {expected}")
            items, end = archive.infolist(), archive.fp.seek(0, 2) if archive.fp else 0
            listed = 22 + sum(76 + 2 * len(one.filename) + one.compress_size for one in items)
            if end != listed or sum(one.file_size for one in items) > 50_000_000:
                raise Wrong("the file is too large, or holds more than its list of files")
            return {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError) as problem:
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
    """The root that a proof leads to (RFC 6962, section 2.1.1), lowest hash first; None: to none."""
    if size == 1 or not proof:
        return leaf if (position, size, proof) == (0, 1, []) else None
    half = 1 << ((size - 1).bit_length() - 1)  # leaves on the left
    if position < half:
        below = climb(leaf, position, half, proof[:-1])
        return below and sha256(b"\1" + below + proof[-1]).digest()
    below = climb(leaf, position - half, size - half, proof[:-1])
    return below and sha256(b"\1" + proof[-1] + below).digest()


# Ed25519 (RFC 8032, section 5.1): the curve -x² + y² = 1 + dx²y² over the field of P.
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int, int, int]
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)


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
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number: int, point: Point) -> Point:
    """A multiple of a point."""
    rest = times(number >> 1, add(point, point)) if number else (0, 1, 1, 0)
    return add(rest, point) if number & 1 else rest


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key signed the message (RFC 8032, section 5.1.7)."""
    point, half = decode(public), decode(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or half is None or len(signature) != 64 or scalar >= ORDER:
        return False
    challenge = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left = times(scalar, BASE)
    right = add(half, times(challenge, point))
    return all((left[n] * right[2] - right[n] * left[2]) % P == 0 for n in (0, 1))


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)
if __name__ == "__main__":
    try:
        print("\n".join(check(*(sys.argv[1:3] or sys.exit(str(__doc__))))))
    except (Wrong, ValueError, KeyError, IndexError, TypeError) as problem:
        sys.exit(f"This file does not hold: {problem}")

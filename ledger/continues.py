#!/usr/bin/env python3
"""Checks that a later head of a ledger holds all that an earlier one held. Python 3.9 or newer, no network.

    python3 continues.py EARLIER LATER

LATER is what `manage.py ledger_head --since EARLIER` printed, or what the site published the next day: a
head and, below its signature, the proof. Whoever signed them is checked elsewhere (`verify_ledger --since`,
or any tool for signed notes). This file shares no code with what makes the proofs.
"""

from __future__ import annotations

import base64
import sys
from hashlib import sha256
from pathlib import Path


class Wrong(Exception):
    """The later head does not show that it goes on from the earlier one; says why."""


def check(earlier: str, later: str) -> str:
    """What two texts show, as a sentence. Raises Wrong."""
    origin, old, old_root = head(earlier)
    name, new, new_root = head(later)
    if name != origin:
        raise Wrong(f"{name} is another ledger than {origin}")
    _, _, below = later.partition("\nsince ")
    since, *hashes = below.split() or ["no"]
    if since != str(old):
        raise Wrong(f"the proof begins at {since} entries, and the earlier head is about {old}")
    if not contains(old, old_root, new, new_root, [base64.b64decode(one) for one in hashes]):
        raise Wrong("what the earlier head sealed was changed or cut off")
    return (
        f"The {new} entries of the later head begin with the {old} of the earlier one, unchanged."
    )


def head(note: str) -> tuple[str, int, bytes]:
    """The ledger's name, how many entries, and the root."""
    origin, size, root, *_ = note.split("\n")
    return origin, int(size), base64.b64decode(root)


def contains(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    """Whether the proof shows that the tree of `new` begins with that of `old` (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return old_root == new_root and not proof
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    if not path:
        return False
    found_old = found_new = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            found_old, found_new = node(other, found_old), node(other, found_new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found_new = node(found_new, other)
        here, last = here >> 1, last >> 1
    return last == 0 and (found_old, found_new) == (old_root, new_root)


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours (RFC 9162, 2.1.1)."""
    return sha256(b"\1" + left + right).digest()


if __name__ == "__main__":
    try:
        print(check(Path(sys.argv[1]).read_text(), Path(sys.argv[2]).read_text()))
    except (Wrong, ValueError, IndexError, OSError) as problem:
        sys.exit(f"This does not hold: {problem}")

"""How fast a filled ledger is verified, and how long its proofs are. `python -m bench.ledger_lane ROUNDS`.

Seals everything first. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from hashlib import sha256

import django

django.setup()

from ledger import heads, lines, proofs, sealing  # noqa: E402
from ledger.models import Entry, Run  # noqa: E402
from ledger.verifying import verify  # noqa: E402

PROVED = 200  # entries, drawn by lot


def main(rounds: int) -> None:
    """Everything, in turn."""
    started = time.perf_counter()
    sealing.seal()
    seal_seconds = time.perf_counter() - started
    entries = Entry.objects.count()
    verifying, hashing, hashing_lines, reading = [], [], [], []
    for _ in range(rounds):
        started = time.perf_counter()
        found = verify(trusted=heads.verifiers(), processes=os.cpu_count())
        verifying.append(time.perf_counter() - started)
        read_seconds, line_seconds, node_seconds = _bare_loop()
        reading.append(read_seconds)
        hashing_lines.append(line_seconds)
        hashing.append(line_seconds + node_seconds)
        if found.entries != entries:
            raise RuntimeError(f"{entries} entries are there, and {found.entries} were verified")
    most, seconds = _proofs()
    print(
        json.dumps(
            {
                "entries": entries,
                "seal_seconds": round(seal_seconds, 1),
                "verify_seconds": round(statistics.median(verifying), 1),
                "hash_seconds": round(statistics.median(hashing), 1),
                "read_seconds": round(statistics.median(reading), 1),
                "verify_vs_hash": _beside(hashing, verifying),
                "verify_vs_lines": _beside(hashing_lines, verifying),
                "proof_hashes": most,
                "proof_ms": round(seconds * 1000, 1),
            }
        )
    )


def _beside(bare: list[float], whole: list[float]) -> float:
    return round(statistics.median(map(float.__truediv__, bare, whole)), 2)


def _bare_loop() -> tuple[float, float, float]:
    """One process: seconds to fetch the lines, and seconds of SHA-256 over the bytes that make the tree.

    Those of the leaves, and those of the nodes above them within each run, which are all but a few.
    """
    reading = hashing = hashing_nodes = 0.0
    runs = Run.objects.order_by("position").values_list("first_entry", "count")
    for first, count in runs.iterator():
        began = time.perf_counter()
        text = lines.read(first, first + count - 1)
        reading += time.perf_counter() - began
        hashing += _seconds([b"\0" + line for line in text])
        hashing_nodes += _seconds(_nodes(lines.leaf_hashes(text)))
    return reading, hashing, hashing_nodes


def _seconds(messages: list[bytes]) -> float:
    began = time.perf_counter()
    for message in messages:
        sha256(message).digest()
    return time.perf_counter() - began


def _nodes(hashes: list[bytes]) -> list[bytes]:
    """What is hashed for the nodes above these leaves: one fewer than there are leaves."""
    found: list[bytes] = []
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        level = [b"\1" + left + right for left, right in pairs]
        found += level
        odd = hashes[len(level) * 2 :]
        hashes = [sha256(message).digest() for message in level] + odd
    return found


def _proofs() -> tuple[int, float]:
    """The most hashes that a proof has, and the median of the seconds that one takes to make."""
    seal = proofs.newest()
    ends = [Entry.objects.order_by(order)[0].pk for order in ("id", "-id")]
    dice = random.Random(1)
    drawn = [dice.randint(*ends) for _ in range(PROVED)]
    most, seconds = 0, []
    for entry in [*ends, *drawn]:
        started = time.perf_counter()
        (proved,) = proofs.prove([entry], seal)
        seconds.append(time.perf_counter() - started)
        most = max(most, len(proved.hashes))
    return most, statistics.median(seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]))

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
    entries = sealing.seal()
    seal_seconds = time.perf_counter() - started
    verifying, hashing, reading = [], [], []
    for _ in range(rounds):
        started = time.perf_counter()
        found = verify(trusted=heads.verifiers(), processes=os.cpu_count())
        verifying.append(time.perf_counter() - started)
        read_seconds, hash_seconds = _bare_loop()
        reading.append(read_seconds)
        hashing.append(hash_seconds)
        if found.entries != entries:
            raise RuntimeError(f"{entries} entries were sealed, and {found.entries} verified")
    most, seconds = _proofs()
    print(
        json.dumps(
            {
                "entries": entries,
                "seal_seconds": round(seal_seconds, 1),
                "verify_seconds": round(statistics.median(verifying), 1),
                "hash_seconds": round(statistics.median(hashing), 1),
                "read_seconds": round(statistics.median(reading), 1),
                "verify_vs_hash": round(
                    statistics.median(map(float.__truediv__, hashing, verifying)), 2
                ),
                "proof_hashes": most,
                "proof_ms": round(seconds * 1000, 1),
            }
        )
    )


def _bare_loop() -> tuple[float, float]:
    """One process, every entry: seconds to fetch the lines, and seconds of SHA-256 over their bytes."""
    reading = hashing = 0.0
    runs = Run.objects.order_by("position").values_list("first_entry", "count")
    for first, count in runs.iterator():
        began = time.perf_counter()
        text = lines.read(first, first + count - 1)
        fetched = time.perf_counter()
        for line in text:
            sha256(line).digest()
        reading += fetched - began
        hashing += time.perf_counter() - fetched
    return reading, hashing


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

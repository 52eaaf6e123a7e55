"""What `bin/bench alike` does: strangers, members and who asked not to be invited, at the same pages."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from math import erfc, sqrt
from pathlib import Path

from bench import databases, site
from bench.lost_redis import new_redis

DESCRIPTION = """\
bin/bench alike: whether any page tells that an address is a member's or suppressed.

At each page a stranger's address is asked for beside a member's and beside a suppressed one, in
pairs and in an order drawn by lot; each request is rolled back. Compared are the bytes of the
answers (but for what was typed, ids and form tokens), and the times by the Mann-Whitney rank test.
"p" is how likely times so different are by chance, "larger" how often the other one took longer
(0.5 is never to be told apart). Exit code 0 when all bytes are the same and no p is below
0.001 over the number of comparisons."""
LEAST_P = 0.001


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for."""
    parser.add_argument("--pairs", type=int, default=2000, metavar="N", help="per page (2000)")
    parser.add_argument("--page", action="append", help="only this one (may be repeated)")
    parser.add_argument(
        "--database", choices=databases.KINDS, default=databases.asked_for(),
        help="of this kind (that of DATABASE_URL, else sqlite)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="nothing but the last line")


def run(options: argparse.Namespace) -> int:
    """Measures, prints. Returns 0 when nothing can be told, else 1."""
    found = {}
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="alike-")))
        redis = parts.enter_context(new_redis(folder, to_lose=False))
        kind = parts.enter_context(databases.of_kind(options.database, folder, durable=False))
        more = {"LEDGER_HEAD_FILE": str(folder / "ledger-head.txt"), "EVEN_SECONDS": "1"}
        site.enter(site.settings(kind.empty(), REDIS_URL=redis.url, **more))
        from bench.alike_pages import OTHERS, Pages  # they need settings

        pages = parts.enter_context(Pages())
        for name in options.page or pages.names:
            for other in OTHERS:
                measured = pages.compare(name, other, options.pairs, random.Random(name + other))
                z, larger = rank_test(measured.strangers, measured.others)
                found[f"{name}, {other}"] = {
                    "pairs": options.pairs,
                    "same_bytes": measured.same,
                    "p": float(f"{erfc(abs(z) / sqrt(2)):.3g}"),
                    "larger": round(larger, 3),
                    "median_ms": [
                        round(statistics.median(times) * 1000, 2)
                        for times in (measured.strangers, measured.others)
                    ],
                }
                if not options.json:
                    print(f"{name}, {other}: {found[f'{name}, {other}']}", flush=True)
    told = [
        name
        for name, one in found.items()
        if one["same_bytes"] != options.pairs or one["p"] < LEAST_P / len(found)
    ]
    print(json.dumps({"told_apart": told, "pages": found}), flush=True)
    return 1 if told else 0


def rank_test(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Mann and Whitney's U as a z-value, and how often one of `second` is larger than one of `first`.

    Ties count half, and the variance is corrected for them.
    """
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    total, place, sum_of_ranks, ties = len(ranked), 0, 0.0, 0
    while place < total:
        end = place
        while end < total and ranked[end][0] == ranked[place][0]:
            end += 1
        rank = (place + 1 + end) / 2
        sum_of_ranks += rank * sum(side for _, side in ranked[place:end])
        ties += (end - place) ** 3 - (end - place)
        place = end
    n, m = len(first), len(second)
    u = sum_of_ranks - m * (m + 1) / 2
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    return ((u - n * m / 2) / sqrt(variance) if variance else 0.0), u / (n * m)

"""What `bin/bench audit` does: a ledger of ten million entries, and the desk of staff on top of it."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import arguments, big_database, databases, seal_cost
from bin.virtual_environment import ROOT

SMALL = 10_000
WORST = 8  # pages that are named, each with its ratio and both medians in ms
MAILS = 10_000  # sent in each round, beside a sealer or alone
DESCRIPTION = f"""\
bin/bench audit: whether staff can still prove everything when the tables are large.

Makes a database with {big_database.ROWS:,} invitations and ten times as many ledger entries, by SQL, which
takes minutes. The figures, each a ratio within this run:
  verify_vs_hash  verify_ledger beside a bare loop in one process that hashes the same bytes, those of
                       each leaf and each node, fetched already (verify_vs_lines: those of the leaves alone)
  proof_hashes    the longest proof that an entry is under the newest head
  seal_cost       how much slower mails leave while a sealer works beside them
  worst_full_vs_small  each page, filter and search of the staff beside the same one in a database with
                       {SMALL:,} invitations, in turn: the worst of some three hundred, by name
On SQLite and on PostgreSQL, and the worse one counts. Last line: the figures, and all that was measured."""
AT_LEAST = {"verify_vs_hash": 0.5}
AT_MOST = {"proof_hashes": 24, "seal_cost": 0.15, "worst_full_vs_small": 3.0}
LIMIT_SECONDS = 7_200

Figures = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `bin/bench audit`."""
    parser.add_argument(
        "--rows", type=arguments.positive, default=big_database.ROWS, metavar="N",
        help=f"invitations ({big_database.ROWS}); at least {big_database.LEAST}",
    )  # fmt: skip
    parser.add_argument(
        "--rounds", type=arguments.positive, default=3, metavar="N", help="per figure (3)"
    )
    parser.add_argument(
        "--mails", type=int, default=MAILS, metavar="M",
        help=f"sent in each round for seal_cost ({MAILS}); 0 leaves that figure out",
    )  # fmt: skip
    parser.add_argument(
        "--every", type=arguments.positive, default=1, metavar="N",
        help="time each N-th page of the staff alone, for a quick look (1)",
    )  # fmt: skip
    parser.add_argument(
        "--database", choices=[*databases.KINDS, "both"], default="both", help="(both)"
    )
    parser.add_argument("--json", action="store_true", help="nothing but the last line")


def run(options: argparse.Namespace) -> int:
    """Measures, and prints the figures. Returns 0 when all that was promised is reached, else 1."""
    kinds = databases.KINDS if options.database == "both" else (options.database,)
    found = {kind: _measured(kind, options) for kind in kinds}
    worst = {
        name: pick(figures[name] for figures in found.values())
        for promised, pick in ((AT_LEAST, min), (AT_MOST, max))
        for name in promised
        if any(name in figures for figures in found.values())
    }
    print(json.dumps({**worst, **found}), flush=True)
    missed = [name for name, least in AT_LEAST.items() if worst.get(name, least) < least]
    missed += [name for name, most in AT_MOST.items() if worst.get(name, most) > most]
    return int(bool(missed))


def _measured(kind: str, options: argparse.Namespace) -> Figures:
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        made = parts.enter_context(databases.of_kind(kind, folder, durable=False))
        # Sending waits for the disk with every mail; filling must not.
        durable = parts.enter_context(databases.of_kind(kind, folder, durable=True))
        started = time.monotonic()
        environment = big_database.filled(made, options.rows)
        seconds = round(time.monotonic() - started)
        if not options.json:
            print(f"{options.rows:,} invitations on {kind}, made in {seconds} s", flush=True)
        ledger = lane("bench.ledger_lane", environment, options.rounds)
        if options.mails:
            ledger |= seal_cost.measured(durable, folder, options.mails, options.rounds)
        small = big_database.filled(made, SMALL) if options.rows > SMALL else environment
        desk = _desk(small, environment, options.rounds, options.every)
        return {"rows": options.rows, "fill_seconds": seconds, **ledger, **desk}


def _desk(small: dict[str, str], full: dict[str, str], rounds: int, every: int) -> Figures:
    """What staff wait for, with few and with many rows. Both are asked in turn, and medians compared."""
    times: dict[str, tuple[list[float], list[float]]] = {}
    for _ in range(min(rounds, 2)):
        for place, environment in enumerate((small, full)):
            for name, seconds in lane("bench.desk_lane", environment, rounds, every).items():
                times.setdefault(name, ([], []))[place].extend(seconds)
    pages = {name: tuple(map(statistics.median, both)) for name, both in times.items() if all(both)}
    slowest = max(pages, key=lambda name: pages[name][1])
    ratios = {name: round(full / few, 2) for name, (few, full) in pages.items()}
    worst = sorted(ratios, key=ratios.__getitem__, reverse=True)[:WORST]
    return {
        "worst_full_vs_small": ratios[worst[0]],
        "worst_pages": {
            name: [ratios[name], *(round(seconds * 1000, 1) for seconds in pages[name])]
            for name in worst
        },
        "slowest_page": slowest,
        "slowest_page_ms": round(pages[slowest][1] * 1000, 1),
        "pages": len(pages),
    }


def lane(module: str, environment: dict[str, str], *arguments: object) -> Figures:
    """What a process that measures prints as its last line."""
    ended = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=environment, cwd=ROOT, check=True, timeout=LIMIT_SECONDS, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    figures: Figures = json.loads(ended.stdout.splitlines()[-1])
    return figures

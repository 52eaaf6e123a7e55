"""What `bin/bench tamper` does: somebody who owns the database changes what was sealed, and is found."""

from __future__ import annotations

import argparse
import json
import secrets
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench import arguments, databases, site

DESCRIPTION = """\
bin/bench tamper: seals a small ledger, keeps its head elsewhere, takes the guards away, and then, again
and again, edits, lengthens, deletes, inserts or swaps entries by lot, cuts them off, puts all tables back
to an earlier head, or rewrites everything and seals it anew with the real key. verify_ledger has to
notice each time. Exit code 0 when nothing got by, else 1, with what did and the seed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `bin/bench tamper`."""
    parser.add_argument(
        "--rounds", type=arguments.positive, default=10_000, metavar="N", help="(10000)"
    )
    parser.add_argument(
        "--seed", type=int, metavar="S", help="draw the same lots as an earlier run"
    )
    parser.add_argument(
        "--database", choices=[*databases.KINDS, "both"], default="both", help="(both)"
    )
    parser.add_argument("--json", action="store_true", help="nothing but the last line")


def run(options: argparse.Namespace) -> int:
    """On the database(s) asked for. Returns 0 when everything was found, else 1."""
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    if options.database == "both":
        asked = ["--rounds", str(options.rounds), "--seed", str(seed)]
        return databases.on_each("bench", ["tamper", *asked, *(["--json"] if options.json else [])])
    started = time.monotonic()
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        made = parts.enter_context(databases.of_kind(options.database, folder, durable=False))
        site.enter(site.settings(made.empty()))
        from django.db import connection

        from ledger import guards, sealing, verifying
        from tests.ledger.tampering import unnoticed

        guards.remove(connection)
        verifying.STRETCH = sealing.BLOCK  # several stretches, although the ledger is small
        missed = unnoticed(rounds=options.rounds, seed=seed)
        connection.close()
    if not options.json:
        print("\n".join(f"NOT FOUND: {one}" for one in missed) or "Everything was found.")
    figures = {"database": options.database, "rounds": options.rounds, "seed": seed}
    seconds = round(time.monotonic() - started)
    print(json.dumps({**figures, "found": options.rounds - len(missed), "seconds": seconds}))
    return int(bool(missed))

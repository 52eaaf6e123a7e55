"""What `bin/races` does: people stop mails while real workers send them, and no DATA may begin after."""

from __future__ import annotations

import argparse
import json
import random
import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import databases, site
from bench.chaos import CELERY, worker_at
from bench.lost_redis import new_redis
from tests import servers
from tests.smtp_sink import smtp_sink

AT_ONCE = 500  # invitations in the outbox at a time
CHUNK_SECONDS = 180  # no end after that: something hangs
DESCRIPTION = """\
Sends confirmed invitations with two real Celery workers to a real SMTP server, while each of them is
  stopped     by its recipient, by the button behind the secret link
  suppressed  by staff, by the address
  declined    by its recipient
  withdrawn   by its sender
  cancelled   ("take back") by its sender
at a moment drawn by lot: before a worker has it, at MAIL, RCPT, DATA, at the dot, when the server has
taken it, or when it said "451" though it had taken it, so that a second attempt is due. When the page
has said "done", no DATA may begin for that person. One in ten is left alone, and has to arrive. Exit
code 0 when no DATA began after a "done" and everybody who was left alone got the mail; else 1."""


def main(arguments: Sequence[str]) -> int:
    """Runs on the database(s) asked for. Returns 0 when the promise held, else 1."""
    options = _parse(arguments)
    if options.database == "both":
        return databases.on_each("races", arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    started = time.monotonic()
    found = {"database": options.database, "seed": seed, **_run(options, random.Random(seed))}
    found["seconds"] = round(time.monotonic() - started, 1)
    broken = broken_promises(found)
    for sentence in broken:
        print(f"BROKEN: {sentence}", flush=True)
    if options.json:
        print(json.dumps(found), flush=True)
    else:
        print("\n".join(f"{name:>15}  {value}" for name, value in found.items()), flush=True)
    return 1 if broken else 0


def broken_promises(found: dict[str, Any]) -> list[str]:
    """A sentence for each invariant that does not hold."""
    sentences = {
        "a mail began after the page had said that none will": found["began_after_done"] > 0,
        "somebody who was left alone got nothing": found["alone"] != found["alone_arrived"],
        "some invitations never came to rest": found["restless"] > 0,
        "a racer failed": found["errors"] > 0,
    }
    return [sentence for sentence, broken in sentences.items() if broken]


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/races",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--races", type=int, default=300, metavar="N", help="how many (300)")
    parser.add_argument(
        "--database",
        choices=[*databases.KINDS, "both"],
        default=databases.asked_for(),
        help="a new database of this kind (that of DATABASE_URL, else sqlite)",
    )
    parser.add_argument(
        "--hasty",
        action="store_true",
        help="break the pages on purpose: they say “done” while a mail is leaving",
    )
    parser.add_argument(
        "--seed", type=int, metavar="S", help="draw the same lots as an earlier run"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")
    options = parser.parse_args(arguments)
    if options.races < 10:
        parser.error("fewer than ten races say nothing")
    return options


def _run(options: argparse.Namespace, chance: random.Random) -> dict[str, Any]:
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="races-")))
        redis = parts.enter_context(new_redis(folder, to_lose=False))
        kind = databases.of_kind(options.database, folder, durable=False)
        site.enter(
            site.settings(
                parts.enter_context(kind).empty(),
                REDIS_URL=redis.url,
                LEDGER_HEAD_FILE=str(folder / "ledger-head.txt"),
                SWEEP_SECONDS="0.3",
                CLAIM_SIZE="10",
            )
        )
        from bench.racers import Racers  # it needs settings

        racers = parts.enter_context(Racers(chance, hasty=options.hasty))
        for pipelining in (True, False):
            sink = parts.enter_context(smtp_sink(pipelining=pipelining))
            sink.answer = racers.answer
            worker = worker_at(sink, folder)
            worker.process = worker.start()
            parts.callback(worker.process.stop)
        beat = ["beat", "--schedule", str(folder / "beat"), "--pidfile="]
        parts.enter_context(servers.running([*CELERY, *beat], log=folder / "beat.log"))
        for first in range(0, options.races, AT_ONCE):
            racers.race(first, min(AT_ONCE, options.races - first), seconds=CHUNK_SECONDS)
        return racers.figures()

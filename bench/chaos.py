"""What `bin/chaos` does: real workers, killed by the SMTP server they talk to, and a count at the end."""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import databases, site
from bench.killer import KILL, KILL_ALL, PAUSE, Killer, Worker, plan
from bench.lost_redis import Redis, new_redis
from bin.virtual_environment import ROOT
from tests import servers
from tests.servers import Process
from tests.smtp_sink import Sink, smtp_sink

CELERY = [sys.executable, "-m", "celery", "-A", "config"]
LEASE_SECONDS = 2
DESCRIPTION = """\
Sends confirmed invitations with two real Celery workers, through a real Redis, from a real database
to an SMTP server that kills the worker it talks to at a random mail and moment:
  EHLO MAIL RCPT DATA   the command came, the answer did not leave
  BODY                  between the first bytes of the mail and its final dot
  DOT                   the dot came; the server falls too and keeps nothing
  TAKEN                 the server has the mail, its answer did not leave
  TIMER                 at any time: between mails, at a claim, in a commit
Every eighth kill takes the whole worker, the others the process that sends. Then it compares what
arrived with what was confirmed. Exit code 0 when nobody got two mails, nothing was lost, nothing
left unconfirmed, and at most one outcome per kill is unknown; else 1."""
EPILOG = """\
It starts all it needs on loopback and ends all it started. DATABASE_URL and REDIS_URL name servers
of your own. The printed seed repeats a plan; when each blow really falls also depends on the machine."""


def main(arguments: Sequence[str]) -> int:
    """Runs on the database(s) asked for. Returns 0 when every promise held, else 1."""
    options = _parse(arguments)
    if options.database == "both":
        return databases.on_each("chaos", arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    if not options.json:
        print(f"Database {options.database}, seed {seed}", flush=True)
    started = time.monotonic()
    found = _run(options, random.Random(seed))
    found |= {"database": options.database, "seed": seed}
    found["seconds"] = round(time.monotonic() - started, 1)
    broken = broken_promises(found)
    for sentence in broken:
        print(f"BROKEN: {sentence}", flush=True)
    print(json.dumps(found) if options.json else _in_words(found), flush=True)
    return 1 if broken else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/chaos",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="how many kills (20)")
    parser.add_argument(
        "--pauses",
        type=int,
        default=0,
        metavar="N",
        help="how often a worker is stopped until its lease is over, and then goes on (0)",
    )
    parser.add_argument(
        "--mails", type=int, default=1000, metavar="M", help="how many invitations (1000)"
    )
    parser.add_argument(
        "--database",
        choices=[*databases.KINDS, "both"],
        default=databases.asked_for(),
        help="a new database of this kind (that of DATABASE_URL, else sqlite)",
    )
    parser.add_argument(
        "--lose-redis",
        action="store_true",
        help="kill Redis in the middle, and start it again empty",
    )
    parser.add_argument(
        "--without-intent",
        action="store_true",
        help="break the outbox on purpose, to see that duplicates would show",
    )
    parser.add_argument("--seed", type=int, metavar="S", help="repeat the plan of an earlier run")
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")
    options = parser.parse_args(arguments)
    if options.kills < 0 or options.pauses < 0 or options.mails < 10 + options.kills:
        parser.error("there must be more mails than kills, and none of them less than zero")
    return options


def broken_promises(found: dict[str, Any]) -> list[str]:
    """A sentence for each invariant that does not hold."""
    sentences = {
        "somebody got two mails": found["duplicates"] > 0,
        "a confirmed mail was lost": found["lost"] > 0,
        "a mail arrived that was not confirmed so": found["unconfirmed"] > 0,
        "a mail arrived, and its invitation says that it did not": found["misreported"] > 0,
        "there are more unknown outcomes than kills and pauses": (
            found["unknown"] > found["kills"] + found["pauses"]
        ),
        "some kills or pauses never fell": found["missed"] > 0,
    }
    return [sentence for sentence, broken in sentences.items() if broken]


def _in_words(found: dict[str, Any]) -> str:
    return "\n".join(f"{name:>15}  {value}" for name, value in found.items())


def _run(options: argparse.Namespace, chance: random.Random) -> dict[str, Any]:
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        redis = parts.enter_context(new_redis(folder, to_lose=options.lose_redis))
        kind = databases.of_kind(options.database, folder, durable=False)
        site.enter(
            site.settings(
                parts.enter_context(kind).empty(),
                REDIS_URL=redis.url,
                LEDGER_HEAD_FILE=str(folder / "ledger-head.txt"),
                LEASE_SECONDS=str(LEASE_SECONDS),
                SWEEP_SECONDS="0.5",
                CLAIM_SIZE="20",
                **({"CHAOS_WITHOUT_INTENT": "1"} if options.without_intent else {}),
            )
        )
        sinks = [parts.enter_context(smtp_sink()) for _ in range(2)]
        workers = [worker_at(sink, folder) for sink in sinks]
        killer = Killer(
            blows=plan(chance, kills=options.kills, pauses=options.pauses, mails=options.mails),
            workers=workers,
            pause_seconds=LEASE_SECONDS + 1,
            chance=chance,
        )
        for worker, sink in zip(workers, sinks, strict=True):
            sink.answer = killer.answer_for(worker)
            worker.process = worker.start()
            parts.callback(lambda worker=worker: worker.process.stop())
        beat = ["beat", "--schedule", str(folder / "beat"), "--pidfile="]
        parts.enter_context(servers.running([*CELERY, *beat], log=folder / "beat.log"))
        from bench import arrivals, confirmed  # they need settings

        confirmed.make(options.mails)
        _drain(options, killer, redis)
        for worker in workers:
            assert worker.process is not None
            worker.process.stop()
        found = arrivals.compare([mail for sink in sinks for mail in sink.taken])
        return {
            "kills": killer.count(KILL, KILL_ALL),
            "kills_by_stage": killer.kills_by_stage(),
            "pauses": killer.count(PAUSE),
            "missed": len(killer.blows),
            "redis_lost": redis.lost,
            **found,
        }


def worker_at(sink: Sink, folder: Path) -> Worker:
    """A real Celery worker with one process, which sends to that server; not started yet."""
    name = f"worker-{sink.port}"
    note = folder / f"{name}.pid"
    quiet = ["--without-mingle", "--without-gossip", "--without-heartbeat"]
    command = [sys.executable, "-m", "bench.chaos_worker", "-A", "config", "worker", *quiet]
    command += ["--concurrency", "1", "--hostname", f"{name}@%h", "--loglevel", "INFO"]
    mine = {"EMAIL_URL": f"smtp://127.0.0.1:{sink.port}", "CHAOS_NOTE": str(note)}

    def start() -> Process:
        return Process(command, log=folder / f"{name}.log", env=os.environ | mine, cwd=ROOT)

    return Worker(name, note, start)


def _drain(options: argparse.Namespace, killer: Killer, redis: Redis) -> None:
    """Starts killed workers again until every mail has come to rest, or time is up."""
    from bench import arrivals

    give_up = time.monotonic() + 30 + options.mails / 100 + 3 * len(killer.blows)
    look = 0.0
    while time.monotonic() < give_up:
        for worker in killer.workers:
            if worker.process is not None and not worker.process.is_running():
                worker.process = worker.start()
        killer.by_time()
        if options.lose_redis and killer.mails > options.mails // 2 and not redis.lost:
            redis.lose()
        if time.monotonic() > look:
            if not arrivals.on_their_way():
                return
            look = time.monotonic() + 0.25
        time.sleep(0.005)

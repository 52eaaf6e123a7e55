"""What `bin/bench send` does: two lanes in turn, the same mails, the same server, a clock."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import arguments, databases, postfix_sink, site
from bin.virtual_environment import ROOT

DESCRIPTION = """\
bin/bench send: how many confirmed invitations leave per second, beside django-post_office.

Handpicked: two worker processes, every mail with its consent check, its durable intent before DATA,
its ledger entry, and all guards of the database. django-post_office: send_queued_mail --processes 2,
its documented way to be fast, which writes results once per batch. Both have the same mails, the
same kind of database with the same settings, and send to Postfix's smtp-sink on this machine, in
alternating rounds. The clock runs from the moment at which all processes are ready until the last
one has nothing to send. The figures are medians; the last line is
{"per_second": ..., "post_office_per_second": ..., "vs_post_office": ...}."""
LIMIT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the two: its module, its settings, and how many processes are started."""

    name: str
    module: str
    settings: str
    processes: int


OURS = Lane("Handpicked", "bench.our_lane", "tests.settings", 2)
POST_OFFICE = Lane("django-post_office", "bench.post_office_lane", "bench.post_office_settings", 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `bin/bench send`."""
    parser.add_argument(
        "--mails", type=arguments.positive, default=10_000, metavar="M", help="per round (10000)"
    )
    parser.add_argument(
        "--rounds", type=arguments.positive, default=3, metavar="N", help="per lane (3)"
    )
    parser.add_argument(
        "--database", choices=databases.KINDS, default=databases.asked_for(),
        help="of this kind (that of DATABASE_URL, else sqlite)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="nothing but the last line")


def run(options: argparse.Namespace) -> int:
    """Measures what is asked for and prints it. Returns 0."""
    figures = _measure(options)
    ours, theirs = (statistics.median(figures[lane.name]) for lane in (OURS, POST_OFFICE))
    print(
        json.dumps(
            {
                "per_second": round(ours),
                "post_office_per_second": round(theirs),
                "vs_post_office": round(ours / theirs, 2),
            }
        )
    )
    return 0


def _measure(options: argparse.Namespace) -> dict[str, list[float]]:
    """Mails per second of each round, by the lane's name."""
    figures: dict[str, list[float]] = {OURS.name: [], POST_OFFICE.name: []}

    def say(words: str) -> None:
        if not options.json:
            print(words, flush=True)

    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        port = parts.enter_context(postfix_sink.smtp_sink(folder))
        ours = parts.enter_context(databases.of_kind(options.database, folder, durable=True))
        environment = os.environ | site.settings("", EMAIL_URL=f"smtp://127.0.0.1:{port}")
        mails = folder / "mails"
        say(f"Confirming {options.mails} invitations on {options.database}")
        full = {}
        for lane, what in (
            (OURS, ["fill", str(options.mails), str(mails)]),
            (POST_OFFICE, ["fill", str(mails)]),
        ):
            full[lane] = ours.empty()
            subprocess.run(
                _command(lane, *what), env=_environment(environment, lane, full[lane]),
                cwd=ROOT, check=True, timeout=LIMIT_SECONDS,
            )  # fmt: skip
        for number in range(1, options.rounds + 1):
            for lane in (OURS, POST_OFFICE):
                url = ours.copy_of(full[lane])
                seconds = one_round(lane, _environment(environment, lane, url), options.mails)
                figures[lane.name].append(options.mails / seconds)
                say(f"Round {number}, {lane.name}: {options.mails / seconds:,.0f} mails/s")
    return figures


def _environment(environment: dict[str, str], lane: Lane, url: str) -> dict[str, str]:
    return environment | {"DJANGO_SETTINGS_MODULE": lane.settings, "DATABASE_URL": url}


def _command(lane: Lane, *arguments: str) -> list[str]:
    return [sys.executable, "-m", lane.module, *arguments]


def one_round(lane: Lane, environment: dict[str, str], mails: int) -> float:
    """Seconds from "go" until every process has nothing left to send."""
    with ExitStack() as parts:
        running = []
        for _ in range(lane.processes):
            process = subprocess.Popen(
                _command(lane, "send"), env=environment, cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            parts.callback(process.kill)
            running.append(process)
        for process in running:
            assert process.stdout is not None
            if process.stdout.readline() != site.READY:
                raise RuntimeError(f"{lane.name} did not start")
        started = time.perf_counter()
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=LIMIT_SECONDS)[0] for process in running]
        seconds = time.perf_counter() - started
    sent = sum(int(words.split()[-1]) for words in said)
    if sent != mails:
        raise RuntimeError(f"{lane.name} sent {sent} of {mails} mails")
    return seconds

"""How much slower mails leave while a sealer works beside them: the lane of `bin/bench send`, in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
from pathlib import Path

from bench import postfix_sink, sending, site
from bench.databases import Databases
from bin.virtual_environment import ROOT

SEAL_SECONDS = (
    5  # beat asks every 60: this is the worse case, and several heads fall into one round
)


def measured(made: Databases, folder: Path, mails: int, rounds: int) -> dict[str, float]:
    """Mails per second without and with the sealer, medians, and what share the sealer costs."""
    with postfix_sink.smtp_sink(folder) as port:
        environment = os.environ | site.settings(
            made.empty(),
            EMAIL_URL=f"smtp://127.0.0.1:{port}",
            DJANGO_SETTINGS_MODULE=sending.OURS.settings,
        )
        full = environment["DATABASE_URL"]
        subprocess.run(
            [sys.executable, "-m", sending.OURS.module, "fill", str(mails), str(folder / "mails")],
            env=environment, cwd=ROOT, check=True, timeout=sending.LIMIT_SECONDS,
        )  # fmt: skip
        found: dict[bool, list[float]] = {False: [], True: []}
        for number in range(2 * rounds):
            sealed = number % 4 in (1, 2)  # whatever grows with time meets both alike
            url = made.copy_of(full)
            one = environment | {"DATABASE_URL": url}
            seconds = _sealed_round(one, mails) if sealed else _round(one, mails)
            found[sealed].append(mails / seconds)
    without, beside = (statistics.median(found[sealed]) for sealed in (False, True))
    return {
        "sent_per_second": round(without),
        "sent_per_second_sealed": round(beside),
        "seal_cost": round(max(0.0, 1 - beside / without), 3),
    }


def _round(environment: dict[str, str], mails: int) -> float:
    return sending.one_round(sending.OURS, environment, mails)


def _sealed_round(environment: dict[str, str], mails: int) -> float:
    sealer = subprocess.Popen(
        [sys.executable, "-m", "bench.seal_cost"],
        env=environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert sealer.stdout is not None
        if sealer.stdout.readline() != site.READY:
            raise RuntimeError("the sealer did not start")
        assert sealer.stdin is not None
        sealer.stdin.write("go\n")
        sealer.stdin.flush()
        seconds = _round(environment, mails)
        said, _ = sealer.communicate(timeout=sending.LIMIT_SECONDS)
    finally:
        sealer.kill()
    if int(said) < mails:
        raise RuntimeError(f"Only {said} entries were sealed beside {mails} mails")
    return seconds


def _seal() -> None:
    """The sealer: every few seconds, until nobody listens any more. Prints how many entries."""
    from ledger import sealing

    site.wait_for_go()
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    total = 0
    while not over.wait(SEAL_SECONDS):
        total += sealing.seal()
    print(total + sealing.seal(), flush=True)


if __name__ == "__main__":
    import django

    django.setup()
    _seal()

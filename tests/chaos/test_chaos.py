"""Workers die in the middle of mails, and nobody gets two, nothing is lost, and every doubt is told.

Each test runs `bin/chaos` as a person would, on the database of this run.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from bench.chaos import broken_promises
from bench.killer import STAGES
from bin.virtual_environment import ROOT


def chaos(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code of `bin/chaos` and the figures in its last line."""
    ran = subprocess.run(
        [str(ROOT / "bin" / "chaos"), "--json", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=140, check=False,
    )  # fmt: skip
    print(ran.stdout)
    return ran.returncode, json.loads(ran.stdout.splitlines()[-1])


def test_twenty_kills_over_a_thousand_mails() -> None:
    code, found = chaos("--kills", "20", "--mails", "1000")
    assert code == 0, broken_promises(found)
    assert (found["kills"], found["confirmed"]) == (20, 1000)
    assert set(found["kills_by_stage"]) == set(STAGES)
    assert all(found["kills_by_stage"].values()), "a stage at which nobody was killed"
    assert found["duplicates"] == found["lost"] == found["unconfirmed"] == 0
    assert found["unknown"] <= found["kills"], "one connection each"
    assert found["delivered"] >= found["confirmed"] - found["unknown"]
    assert found["seconds"] <= 60


def test_a_worker_that_was_stopped_beyond_its_lease_and_goes_on_sends_nothing_twice() -> None:
    code, found = chaos("--kills", "0", "--pauses", "8", "--mails", "120")
    assert code == 0, broken_promises(found)
    assert found["pauses"] == 8


def test_losing_redis_with_everything_in_it_loses_no_mail() -> None:
    code, found = chaos("--kills", "0", "--mails", "200", "--lose-redis")
    assert code == 0, broken_promises(found)
    assert found["redis_lost"]
    assert found["delivered"] == 200


def test_without_the_intent_before_data_the_same_harness_sees_duplicates() -> None:
    code, found = chaos("--kills", "8", "--mails", "80", "--without-intent")
    assert found["kills_by_stage"]["TAKEN"] == 1
    assert found["duplicates"] > 0
    assert code == 1

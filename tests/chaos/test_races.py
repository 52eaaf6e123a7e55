"""Once a page has said "done", no mail begins. Runs `bin/races` as a person would."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from bench.races import broken_promises
from bin.virtual_environment import ROOT


def races(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code of `bin/races` and the figures in its last line."""
    ran = subprocess.run(
        [str(ROOT / "bin" / "races"), "--json", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=140, check=False,
    )  # fmt: skip
    print(ran.stdout)
    return ran.returncode, json.loads(ran.stdout.splitlines()[-1])


def test_no_mail_begins_after_a_page_has_said_that_none_will() -> None:
    code, found = races("--races", "200")

    assert code == 0, broken_promises(found)
    assert found["said_done"] > 80
    assert found["nothing_began"] > 0
    assert set(found["by_way"]) == {"stopped", "suppressed", "declined", "withdrawn", "cancelled"}
    assert found["alone"] == found["alone_arrived"] == 20


def test_pages_that_do_not_wait_for_a_mail_in_mid_air_are_caught() -> None:
    code, found = races("--races", "40", "--hasty")

    assert found["began_after_done"] > 0
    assert code == 1

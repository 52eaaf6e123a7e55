"""A database as large as a busy site's after two years, for whatever is measured on it."""

from __future__ import annotations

import os
import subprocess
import sys

from bench import site
from bench.databases import Databases
from bin.virtual_environment import ROOT

ROWS = 1_000_000  # invitations; ten times as many ledger entries
LEAST = 1_000
LIMIT_SECONDS = 3_600


def filled(made: Databases, rows: int = ROWS, **more: str) -> dict[str, str]:
    """The environment of a site with `rows` invitations (at least 1,000) and 10 × `rows` ledger entries.

    For processes of their own (`subprocess.run(..., env=…)`), since Django knows one site per process;
    `more` are further settings. The database goes when `made` (see `databases.of_kind`) goes. Nothing
    is sealed. Every guard is in place. `filling_plan` says who invites whom: members are numbered from 1
    (`member7@members.example`; 1 is the big one, who has a tenth of everything), people have the
    addresses of `filling_plan.address`, and person 0 was invited by one member for every hundred
    invitations. Mails are kept for whoever complained, and for one in fifty of those not erased.
    """
    environment = os.environ | site.settings(made.empty(), **more)
    subprocess.run(
        [sys.executable, "-m", "bench.filling", str(rows)],
        env=environment, cwd=ROOT, check=True, timeout=LIMIT_SECONDS,
    )  # fmt: skip
    return environment

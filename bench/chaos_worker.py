"""The real Celery worker, started so that chaos can aim. Run as `python -m bench.chaos_worker`.

It leaves the id of the process that sends in a file, and holds the moment between a mail's body and
its dot open for milliseconds instead of microseconds, so that a kill can fall into it.
"""

from __future__ import annotations

import os
import smtplib
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from celery.__main__ import main
from celery.concurrency.asynpool import AsynPool
from celery.signals import worker_process_init

BEFORE_THE_DOT = 0.004  # seconds
LOOK_FOR_THE_DEAD = 0.2  # seconds; Celery's own five would make a long run of many kills
_send = smtplib.SMTP.send


def _send_slowly(self: smtplib.SMTP, data: Any) -> None:
    if data == b".\r\n":
        time.sleep(BEFORE_THE_DOT)
    _send(self, data)


@worker_process_init.connect
def _leave_note(**kwargs: Any) -> None:
    note = Path(os.environ["CHAOS_NOTE"])
    unfinished = note.with_suffix(".new")
    unfinished.write_text(str(os.getpid()))
    unfinished.rename(note)
    if os.environ.get("CHAOS_WITHOUT_INTENT"):
        _forget_the_intent()


def _forget_the_intent() -> None:
    """Writes a mail's intent only together with its outcome, as a careless outbox would.

    It shows that the harness can see duplicates. The product has no switch for this.
    """
    from django.db import transaction

    from invites import outbox

    depart, record = outbox.depart, outbox._record

    def depart_later(claim: uuid.UUID, mail: Any, previous: Any) -> bool:
        if previous is not None:
            record_all(claim, previous)
        return True

    def record_all(claim: uuid.UUID, outcome: Any) -> None:
        with transaction.atomic():
            if depart(claim, outcome.mail, None):
                record(claim, outcome)

    outbox.depart, outbox._record = depart_later, record_all


if __name__ == "__main__":
    smtplib.SMTP.send = _send_slowly  # type: ignore[method-assign]
    AsynPool.timers = property(lambda pool: {pool.maintain_pool: LOOK_FOR_THE_DEAD})
    sys.argv[0] = "celery"
    main()

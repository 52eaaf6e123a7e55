"""The moment between a worker's intent to send and the server's answer, in which nothing can be stopped.

Whoever stops, declines or withdraws is told "done" after that moment, never in it: otherwise a mail
could begin after the page has said that none will.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from invites.consent import State
from invites.models import Invitation


def let_pass(which: Q) -> None:
    """After the commit of the present transaction, waits until none of these is just leaving.

    It waits LEAVING_SECONDS at most: a server that takes longer keeps nobody at a page.
    """
    transaction.on_commit(lambda: _wait(which), robust=True)


def is_leaving(which: Q) -> bool:
    """Whether a mail of these may be on its way at this very moment."""
    return Invitation.objects.filter(which, state=State.SENDING).exists()


def _wait(which: Q) -> None:
    give_up = time.monotonic() + settings.LEAVING_SECONDS
    pause = 0.005
    while is_leaving(which) and time.monotonic() < give_up:
        time.sleep(pause)
        pause = min(2 * pause, 0.2)

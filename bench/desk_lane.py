"""How long staff wait for each page, filter and search. `python -m bench.desk_lane ROUNDS EVERY` asks
for all of them, or each EVERY-th, in a database that `bench.filling` made, and prints one line of JSON:
name → seconds of each round.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import time
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from bench import filling_plan  # noqa: E402
from invites import rendering  # noqa: E402
from invites.actions import counting  # noqa: E402
from invites.models import Batch, Hold, Invitation, PreparedMail  # noqa: E402
from invites.recipients.models import Case  # noqa: E402
from ledger import sealing  # noqa: E402
from tests.staff import visits  # noqa: E402
from tests.test_audiences import ADMIN_TABLES  # noqa: E402

STAFF = "root@staff.example"


def middle(model: Any) -> Any:
    """The key of a row half-way through a table; 1 where it is empty."""
    keys = model._default_manager.values_list("pk", flat=True)
    first, last = keys.order_by("pk").first(), keys.order_by("-pk").first()
    if first is None:
        return 1
    return keys.filter(pk__gte=(first + last) // 2).order_by("pk").first()


def known() -> dict[str, Any]:
    """What staff have in hand: as much of it in a small database as in a large one."""
    big = User.objects.get(pk=filling_plan.BIG_SENDER)
    keys = {f"row of {name}": middle(apps.get_model(name)) for name in ADMIN_TABLES}
    mail = PreparedMail.objects.filter(invitation__state="sent").order_by("-pk")[:1].get()
    arrived = Invitation.objects.get(pk=mail.invitation_id)
    batch = Batch.objects.filter(sender=big).order_by("-pk")[:1].get()
    # What is done by now has fewer pages than what still waits for somebody.
    waiting = {
        "row of invites.case": Case.objects.filter(decided_at=None).order_by("opened_at"),
        "row of invites.hold": Hold.objects.filter(lifted_at=None, scope__startswith="sender:"),
    }
    keys |= {name: getattr(rows.first(), "pk", keys[name]) for name, rows in waiting.items()}
    return keys | {
        "reopening": 1,
        "user": big.pk,
        "batch": batch.uid,
        "arrived": arrived.uid,
        "fingerprint": batch.fingerprint[:8],
        "message id": f"<{rendering.message_id(arrived.uid)}>",
        "address of a sender": big.email,
        "address of a recipient": filling_plan.address(filling_plan.EVERYBODYS_FRIEND),
        "wording": filling_plan.wording(filling_plan.note_of(4)),
        "day": f"{arrived.chosen_at:%Y-%m-%d}",
    }


def browser() -> Client:
    """Of somebody who may see everything and has just typed the password."""
    settings.ALLOWED_HOSTS = ["localhost"]
    # Pages that refuse are timed, too; what they log would bury the figures.
    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    if not User.objects.filter(username=STAFF).exists():
        User.objects.create_superuser(STAFF, first_name="Root", last_name="Person")
    signed_in = Client(SERVER_NAME="localhost")
    person = User.objects.get(username=STAFF)
    signed_in.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    session: Any = signed_in.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session.save()
    return signed_in


def main(rounds: int, every: int) -> None:
    """Everything once to get warm, then so many times by the clock."""
    # One process works with SQLite, so its own time is what counts, whoever else is busy.
    clock = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    sealing.seal()
    counting.count()  # of ten million entries in minutes, the first time
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as PostgreSQL does by itself
    call_command("createcachetable")
    staff, site = browser(), known()
    everything = [*visits.pages(site), *visits.searches(site), *visits.lists(site),
                  *visits.figures(site), *visits.tables(site, staff)]  # fmt: skip
    seconds: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        # What is there by now is no garbage: looking through all of it falls on some page or other.
        gc.collect()
        gc.freeze()
        for visit in everything[::every]:
            started = clock()
            answer = visit.made_by(staff)
            taken = clock() - started
            if answer.status_code >= 500:
                raise RuntimeError(f"{visit.path}: {answer.status_code}")
            if number and answer.status_code == 200:
                seconds.setdefault(visit.name, []).append(taken)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

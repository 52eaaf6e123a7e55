"""Celery wakes somebody up; it never carries anything. Task arguments are row ids, nothing else."""

import os
import sys
from pathlib import Path
from typing import Any

from celery import Celery
from celery.exceptions import WorkerShutdown
from celery.signals import beat_init, worker_init

from config.starting import read_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if "celery" in Path(sys.argv[0]).parts[-2:]:  # `celery` or `python -m celery`: worker and beat
    read_settings()

app = Celery("handpicked")
app.set_default()  # a web server's threads each begin without a current app, and would use another
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def look_before_starting(**kwargs: Any) -> None:
    """A worker sends only beside the database's own checks, and not yet from a restored database."""
    from django.db import connection  # settings must be complete first

    from invites.actions.restored import pause_if_restored
    from ledger import guards

    missing = guards.missing(connection)
    if not missing:
        pause_if_restored()
    connection.close()  # the children must not share it
    if missing:
        raise WorkerShutdown(f"Missing database guards: {missing}. Run: python manage.py migrate")


@worker_init.connect
@beat_init.connect
def refuse_a_wrong_key(**kwargs: Any) -> None:
    """Under another ADDRESS_KEY nobody who said "never again" would be recognised."""
    from config.starting import refuse_a_wrong_address_key

    refuse_a_wrong_address_key()

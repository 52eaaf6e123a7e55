"""A site of its own for one run: settings for a new database, and for processes that start together."""

from __future__ import annotations

import os
import secrets
import sys

import django
from django.core.management import call_command

READY = "ready\n"


def settings(database_url: str, **more: str) -> dict[str, str]:
    """The environment of a site on that database; `more` wins over it.

    The site's own settings are used, with keys for tests.
    """
    return {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url,
        # A Redis that was handed to us may serve others too.
        "CELERY_QUEUE": f"handpicked-{secrets.token_hex(4)}",
        "UNDO_SECONDS": "0",
        "INVITATIONS_PER_PERIOD": "1000",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def enter(environment: dict[str, str]) -> None:
    """Makes this process (and its children, by their environment) part of a site, and migrates it."""
    os.environ.update(environment)
    django.setup()
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)


def wait_for_go() -> None:
    """Says that this process is ready, with its connection to the database, and waits for a line."""
    from django.db import connection

    connection.ensure_connection()
    sys.stdout.write(READY)
    sys.stdout.flush()
    sys.stdin.readline()

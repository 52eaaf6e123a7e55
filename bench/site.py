"""A site of its own for one run: a new database, a Redis queue, and settings that point at a sink."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command

from tests import servers

DATABASES = ("sqlite", "postgresql")


def database_asked_for() -> str:
    """The kind of database that DATABASE_URL names: `sqlite` or `postgresql`."""
    return "postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database: an SQLite file in `folder`, or on a PostgreSQL server."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'site.sqlite3'}"
    else:
        with servers.postgresql() as server, servers.new_database(server) as url:
            yield url


def enter(database_url: str, **more: str) -> None:
    """Makes this process (and its children, by their environment) part of a site on that database.

    `more` are settings of the environment. The site's own settings are used, with keys for tests.
    """
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url,
            # A Redis that was handed to us may serve others too.
            "CELERY_QUEUE": f"handpicked-{secrets.token_hex(4)}",
            "UNDO_SECONDS": "0",
            "INVITATIONS_PER_PERIOD": "1000",
            "PYTHONUNBUFFERED": "1",
            **more,
        }
    )
    django.setup()
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)

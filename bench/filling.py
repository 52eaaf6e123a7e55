"""Fills an empty database with invitations and ledger entries, by SQL. `python -m bench.filling ROWS`.

`big_database.filled` starts it; the environment names the database.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import connection  # noqa: E402

from bench import filling_entries, filling_plan, filling_rows  # noqa: E402
from bench.big_database import LEAST  # noqa: E402
from bench.filling_sql import execute, is_sqlite  # noqa: E402
from ledger import guards, heartbeat  # noqa: E402

ENTRIES = 10  # per invitation
_BIG = ("ledger_entry", "invites_invitation", "invites_consentrecord")


def fill(rows: int) -> None:
    """`rows` invitations and ten times as many ledger entries, with all that belongs to them.

    The guards are away meanwhile, and in place afterwards.
    """
    if rows < LEAST:
        raise ValueError(f"Fewer than {LEAST} invitations make no picture.")
    now = int(time.time() * 1000)
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    guards.remove(connection)
    with _careless(), _without_indexes():
        filling_plan.make(rows, now)
        filling_rows.make(now)
        filling_entries.make(rows * ENTRIES, now)
    guards.install(connection)
    if missing := guards.missing(connection):
        raise RuntimeError(f"These guards did not come back: {missing}")
    connection.check_constraints()
    _go_on_counting()
    heartbeat.beat()
    if not is_sqlite():
        execute("VACUUM ANALYZE")  # what autovacuum does within minutes


@contextmanager
def _careless() -> Iterator[None]:
    """SQLite neither waits for the disk nor keeps a way back, and has a large cache."""
    if is_sqlite():
        for word in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "threads=2"):
            execute(f"PRAGMA {word}")
    yield
    connection.close()  # the next connection has the site's own settings again, and no plan


@contextmanager
def _without_indexes() -> Iterator[None]:
    """The largest tables' indexes are made again when the rows are there: sorting beats inserting."""
    dropped = [found for table in _BIG for found in _indexes(table)]
    for name, _ in dropped:
        execute(f'DROP INDEX "{name}"')
    yield
    for _, statement in dropped:
        execute(statement)


def _indexes(table: str) -> list[tuple[str, str]]:
    """Name and statement of each that is no constraint's."""
    if is_sqlite():
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> '' AND tbl_name = %s"
    else:
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint)"
        )
    with connection.cursor() as cursor:
        cursor.execute(query, [table])
        return [(name, statement) for name, statement in cursor.fetchall()]


def _go_on_counting() -> None:
    """The next row of each table gets the next number."""
    for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
        execute(statement)


if __name__ == "__main__":
    fill(int(sys.argv[1]))

"""Checks that live in the database: triggers, put in place after every migration.

SQLite drops triggers silently when Django rebuilds a table, so all are removed before a migration and
installed after it, and a start refuses when one is missing. Used by ledger/ and invites/guards.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate, pre_migrate


@dataclass(frozen=True, slots=True)
class Guard:
    """One trigger: its name, its table, and the statements that create it, per vendor."""

    name: str
    table: str
    sqlite: str
    postgresql: str

    def drop(self, vendor: str) -> str:
        """The statement that removes it, whether or not it is there."""
        if vendor == "sqlite":
            return f"DROP TRIGGER IF EXISTS {self.name}"
        return f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}"


_declared: dict[str, Guard] = {}


def declare(guards: list[Guard]) -> None:
    """Adds guards to those that must be in place. Called once, by an app's `ready`."""
    _declared.update({guard.name: guard for guard in guards})


def declared() -> list[Guard]:
    """Every guard that must be in place."""
    return list(_declared.values())


def refusal(name: str, table: str, event: str, when: str, sentence: str) -> Guard:
    """A guard that refuses `event` (as in `UPDATE OF state`) on rows where `when` holds.

    `when` is SQL over OLD and NEW, the same for both vendors. The refusal is an IntegrityError whose
    message is `sentence`.
    """
    condition = f"WHEN {when}" if when else ""
    operation = event.split()[0]
    result = "OLD" if operation == "DELETE" else "NEW"
    return Guard(
        name=name,
        table=table,
        sqlite=(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        ),
        # A PostgreSQL trigger's WHEN may not hold a subquery, so the condition moves into the body.
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard$ BEGIN "
            f"IF {when or 'TRUE'} THEN RAISE EXCEPTION '{sentence}' "
            f"USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {result}; END $guard$; "
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        ),
    )


def append_only(table: str, unique: tuple[str, ...] = ("id",)) -> list[Guard]:
    """Guards that leave INSERT as the only thing one can do to `table`.

    SQLite's INSERT OR REPLACE deletes the old row without firing DELETE triggers, so an insert whose
    `unique` columns are taken is refused before it replaces anything. PostgreSQL has TRUNCATE instead.
    """
    sentence = f"{table} is append-only"
    taken = " OR ".join(f"{column} = NEW.{column}" for column in unique)
    truncate = f"{table}_no_truncate"
    return [
        refusal(f"{table}_no_update", table, "UPDATE", "", sentence),
        refusal(f"{table}_no_delete", table, "DELETE", "", sentence),
        refusal(
            f"{table}_no_replace", table, "INSERT",
            f"EXISTS (SELECT 1 FROM {table} WHERE {taken})", sentence,
        ),
        Guard(
            name=truncate,
            table=table,
            sqlite="",  # SQLite has no TRUNCATE
            postgresql=(
                f"CREATE OR REPLACE FUNCTION {truncate}() RETURNS trigger LANGUAGE plpgsql AS $guard$ "
                f"BEGIN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation'; "
                f"END $guard$; CREATE TRIGGER {truncate} BEFORE TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {truncate}()"
            ),
        ),
    ]  # fmt: skip


def install(connection: BaseDatabaseWrapper) -> None:
    """Puts every declared guard in place. Doing it twice is the same as once."""
    remove(connection)
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for guard in declared():
            statement = getattr(guard, connection.vendor)
            if statement and guard.table in tables:
                cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Takes every declared guard away. For migrations and the teardown of tests."""
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for guard in declared():
            if guard.table in tables:
                cursor.execute(guard.drop(connection.vendor))


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of declared guards that are not in this database, are off, or say something else."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            present = dict(cursor.fetchall())
            return [g.name for g in declared() if g.sqlite and present.get(g.name) != g.sqlite]
        cursor.execute(
            "SELECT t.tgname, c.relname, p.prosrc FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)"
        )
        bodies = {name: (table, body) for name, table, body in cursor.fetchall()}
    return [
        guard.name
        for guard in declared()
        if bodies.get(guard.name) != (guard.table, guard.postgresql.split("$guard$")[1])
    ]


def connect() -> None:
    """Hooks the removal and the installation onto migrations, and the check onto `manage.py check`."""
    pre_migrate.connect(_before_migration, dispatch_uid="guards")
    post_migrate.connect(_after_migration, dispatch_uid="guards")
    checks.register(checks.Tags.database)(check_guards)


def _before_migration(using: str, **kwargs: Any) -> None:
    remove(connections[using])


def _after_migration(sender: Any, using: str, **kwargs: Any) -> None:
    # The signal comes once per app; the last one sees all tables.
    if sender.name == list(apps.get_app_configs())[-1].name:
        install(connections[using])


def check_guards(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """`manage.py check --database default`: an error per guard that is missing."""
    if sys.argv[1:2] == ["migrate"]:
        return []  # it checks before it begins, and is what installs them
    return [
        checks.Error(
            f"The database guard {name} is missing. Run: python manage.py migrate", id="guards.E001"
        )
        for alias in databases or []
        for name in missing(connections[alias])
    ]

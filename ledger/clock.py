"""The database's clock. Every due time, lease and entry uses it, so that machines need not agree."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

# One expression per vendor for use inside larger statements. SQLite keeps times as text in UTC, as
# Django writes them; PostgreSQL's clock_timestamp() goes on inside a transaction, now() would not.
SQL_NOW = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "clock_timestamp()",
}


def sql_now() -> str:
    """The current database's expression for the present moment (UTC)."""
    return SQL_NOW[connection.vendor]


def now() -> datetime:
    """The database's present moment, in UTC. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql_now()}")
        (value,) = cursor.fetchone()
    return moment(value)


def moment(value: str | datetime) -> datetime:
    """A time as raw SQL gives it (SQLite: text in UTC), in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC)


def sql_in(seconds: int) -> str:
    """The current database's expression for so many whole seconds from now (UTC)."""
    if connection.vendor == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '{seconds:+d} seconds')"
    return f"clock_timestamp() + interval '{seconds:d} seconds'"

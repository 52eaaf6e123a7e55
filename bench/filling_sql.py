"""SQL that both kinds of database understand, for filling tables with millions of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

DAY = 86_400_000  # moments are milliseconds since 1970 until they stand in a table
_ODD = (2654435761, 2246822519, 3266489917, 668265263)


def is_sqlite() -> bool:
    """Else it is PostgreSQL."""
    return connection.vendor == "sqlite"


def execute(sql: str) -> int:
    """Runs one statement, in which a % is a %; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.rowcount)


def series(last: int) -> str:
    """A table of the numbers `n` from 1 to `last`."""
    if is_sqlite():
        return (
            f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {last}) "
            "SELECT n FROM s) AS series"
        )
    return f"generate_series(1::bigint, {last}::bigint) AS series(n)"


def lot(number: str, stream: int, sides: int) -> str:
    """From 0 to `sides` - 1, evenly; the same for the same number and stream (0 to 3)."""
    return f"(({number} * {_ODD[stream]} % 4294967296) / 4096 % {sides})"


def uuid() -> str:
    """A random id."""
    return "lower(hex(randomblob(16)))" if is_sqlite() else "gen_random_uuid()"


def hex_digits() -> str:
    """64 random ones."""
    if is_sqlite():
        return "lower(hex(randomblob(32)))"
    return "replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')"


def uuid_text(column: str) -> str:
    """An id with its hyphens, as it stands in JSON."""
    if not is_sqlite():
        return f"{column}::text"
    starts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({column}, {start}, {size})" for start, size in starts)


def moment(milliseconds: str) -> str:
    """A moment as `ledger.clock` writes it."""
    if is_sqlite():
        return f"strftime('%Y-%m-%d %H:%M:%f', ({milliseconds}) / 1000.0, 'unixepoch')"
    return f"to_timestamp(({milliseconds}) / 1000.0)"


def json(text: str) -> str:
    """JSON from its text."""
    return text if is_sqlite() else f"({text})::jsonb"


def raw(data: str) -> str:
    """Bytes from text in ASCII."""
    return f"CAST({data} AS BLOB)" if is_sqlite() else f"convert_to({data}, 'UTF8')"


def temporary(name: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """A table for this connection alone, filled with rows from Python. Its first column is its key."""
    execute(f"CREATE TEMP TABLE {name} ({columns})")
    left = iter(rows)
    with connection.cursor() as cursor:
        if not is_sqlite():
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in left:
                    copy.write_row(row)
            cursor.execute(f"ANALYZE {name}")
            return
        while some := list(islice(left, 10_000)):
            marks = ", ".join(["%s"] * len(some[0]))
            cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", some)


def temporary_as(name: str, select: str) -> None:
    """A table for this connection alone, with what a query found."""
    execute(f"CREATE TEMP TABLE {name} AS {select}")
    if not is_sqlite():
        execute(f"ANALYZE {name}")


def insert(model: type[models.Model], values: dict[str, str], source: str) -> int:
    """Fills a model's table from `source` (FROM and what follows); returns how many rows.

    Columns that are not named get what the model gives them.
    """
    columns = {field.column: _default(field) for field in model._meta.local_concrete_fields}
    if unknown := values.keys() - columns.keys():
        raise ValueError(f"{model.__name__} has no {unknown}")
    if "id" not in values:
        columns.pop("id", None)
    columns |= values
    return execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
        f"SELECT {', '.join(columns.values())} {source}"
    )


def _default(field: models.Field[Any, Any]) -> str:
    value = field.get_default()
    if isinstance(value, DatabaseDefault):
        value = value.expression.value
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value)) if is_sqlite() else str(value)
    if isinstance(value, list | dict):
        return json("'[]'" if value == [] else "'{}'")
    return str(value) if isinstance(value, int) else f"'{value}'"

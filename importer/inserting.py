"""New contacts and their addresses, in plain SQL: the ORM takes four times as long for these two.

Only importer/storing.py may call this, in the transaction in which it has locked the member.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from importer.addresses import Address
from importer.models import Contact, ContactAddress

ROWS_AT_ONCE = 250  # in one statement; SQLite takes 32,766 values in one


def contacts(new: Sequence[Contact]) -> None:
    """Inserts contacts, and gives each its id."""
    if not new:
        return
    fields = Contact._meta.concrete_fields
    # The moment is the same for all of a page.
    moments = {
        contact.created_at: connection.ops.adapt_datetimefield_value(contact.created_at)
        for contact in new
    }
    rows = []
    for contact, number in zip(new, _ids(len(new)), strict=True):
        contact.pk = number
        contact._state.adding = False
        values = [getattr(contact, field.attname) for field in fields]
        rows.append(values)
    flags = [field.attname for field in fields].index("flags")
    created_at = [field.attname for field in fields].index("created_at")
    for values in rows:
        values[flags] = json.dumps(values[flags])
        values[created_at] = moments[values[created_at]]
    _insert(Contact._meta.db_table, [str(field.column) for field in fields], rows)


def addresses(new: Sequence[tuple[Contact, Address]]) -> None:
    """Inserts the addresses of contacts that have ids."""
    columns = ["contact_id", "member_id", "address", "envelope", "normalised", "kind", "refusal"]
    rows = [
        [
            contact.pk,
            contact.member_id,
            address.written,
            address.envelope,
            address.normalised,
            address.kind.value,
            address.refusal,
        ]
        for contact, address in new
    ]
    _insert(ContactAddress._meta.db_table, columns, rows)


def _ids(count: int) -> list[int]:
    """Ids that nobody else gets. SQLite has one writer, and this transaction is it."""
    table = Contact._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, count],
            )
            return [number for (number,) in cursor.fetchall()]
        # AUTOINCREMENT's memory, so that the id of somebody erased is never given again.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = (cursor.fetchone() or (0,))[0]
    return list(range(last + 1, last + 1 + count))


def _insert(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    row = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        for first in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[first : first + ROWS_AT_ONCE]
            sql = f'INSERT INTO "{table}" ({names}) VALUES {", ".join([row] * len(some))}'
            cursor.execute(sql, [value for values in some for value in values])

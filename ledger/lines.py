"""Entries as the lines of text that the hash tree is built over.

One line: id, moment, action, subject, actor, facts, with a tab between them. The database writes the
lines, hundreds in one answer: that is several times as fast as reading columns, and verifying reads
millions. A line belongs to its kind of database: PostgreSQL writes moments and JSON in its own way.
"""

from __future__ import annotations

from hashlib import sha256

from django.db import connection

AT_ONCE = 1024  # lines in one answer


class NotPlain(ValueError):
    """A row that no code of ours wrote: its line would not tell it from another row."""


def read(first: int, last: int) -> list[bytes]:
    """The lines of the entries from id `first` to id `last`, in the order of ids.

    Raises NotPlain when one of these rows is not as `entries.append` writes it.
    """
    return _sqlite(first, last) if connection.vendor == "sqlite" else _postgresql(first, last)


def leaf_hashes(lines: list[bytes]) -> list[bytes]:
    """The leaf of each line (RFC 6962, section 2.1). `merkle.leaf_hash`, without a call per line."""
    return [sha256(b"\0" + line).digest() for line in lines]


def _sqlite(first: int, last: int) -> list[bytes]:
    # SQLite takes any type into any column, and '' for NULL: such rows read the same and are counted
    # out. A line break, which JSON escapes, would let one row pass for two. Put together with ||, for
    # printf ends a text at its first NUL, and whatever was added behind it would not show.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT group_concat(id || '\t' || at || '\t' || action || '\t' || subject || '\t' || "
            "coalesce(actor, '') || '\t' || facts, '\n'), count(*), "
            "count(CASE WHEN typeof(at) = 'text' AND typeof(action) = 'text' "
            "AND typeof(subject) = 'text' AND typeof(facts) = 'text' AND (actor IS NULL OR "
            "typeof(actor) = 'text' AND actor <> '') THEN 1 END) "
            "FROM ledger_entry WHERE id BETWEEN %s AND %s",  # a scan of the table: in order of ids
            [first, last],
        )
        text, rows, plain = cursor.fetchone()
    lines = text.encode().split(b"\n") if text else []
    if not len(lines) == rows == plain:
        raise NotPlain
    return lines


def _postgresql(first: int, last: int) -> list[bytes]:
    # COPY's text format escapes tabs and line breaks and writes NULL as \N, so a line is one row.
    # https://www.postgresql.org/docs/current/sql-copy.html
    connection.ensure_connection()
    style = connection.connection.info.parameter_status("DateStyle")
    if not style.startswith("ISO"):
        raise RuntimeError(f"DateStyle is {style}; the ledger's lines need ISO.")
    with connection.cursor() as cursor, cursor.copy(
        "COPY (SELECT id, at AT TIME ZONE 'UTC', action, subject, actor, facts FROM ledger_entry "
        f"WHERE id BETWEEN {int(first)} AND {int(last)} ORDER BY id) TO STDOUT"
    ) as copied:  # fmt: skip
        return b"".join(copied).split(b"\n")[:-1]

"""Entries as the lines of text that the hash tree is built over.

One line: id, moment, action, subject, actor, facts, with a tab between them. The database writes the
lines, hundreds in one answer: that is several times as fast as reading columns, and verifying reads
millions. A line belongs to its kind of database: PostgreSQL writes moments and JSON in its own way.
"""

from __future__ import annotations

from hashlib import sha256

from django.db import DatabaseError, connection
from psycopg.pq import ExecStatus

AT_ONCE = 1024  # lines in one answer


_LEAF = sha256(b"\0")


class NotPlain(ValueError):
    """A row that no code of ours wrote: its line would not tell it from another row."""


def read(first: int, last: int) -> list[bytes]:
    """The lines of the entries from id `first` to id `last`, in the order of ids.

    Raises NotPlain when one of these rows is not as `entries.append` writes it.
    """
    return _sqlite(first, last) if connection.vendor == "sqlite" else _postgresql(first, last)


def leaf_hashes(lines: list[bytes]) -> list[bytes]:
    """The leaf of each line (RFC 6962, section 2.1). `merkle.leaf_hash`, without a call per line."""
    begun, leaves = _LEAF.copy, []
    for line in lines:
        leaf = begun()
        leaf.update(line)
        leaves.append(leaf.digest())
    return leaves


def _sqlite(first: int, last: int) -> list[bytes]:
    # SQLite takes any type into any column, and '' for NULL: such rows read the same and are counted
    # out (every text is below x'', every blob is not). Each column comes as one text and is cut at its
    # line breaks, which JSON escapes: with a break or a NULL somewhere the numbers don't agree. Putting
    # lines together with || takes SQLite three times as long, and printf ends a text at its first NUL.
    # As blobs they come as the bytes they are.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(CASE WHEN at < x'' AND action < x'' AND subject < x'' "
            "AND facts < x'' AND (actor IS NULL OR actor < x'' AND actor <> '') THEN 1 END), "
            "CAST(group_concat(id, '\n') AS BLOB), CAST(group_concat(at, '\n') AS BLOB), "
            "CAST(group_concat(action, '\n') AS BLOB), CAST(group_concat(subject, '\n') AS BLOB), "
            "CAST(group_concat(coalesce(actor, ''), '\n') AS BLOB), "
            "CAST(group_concat(facts, '\n') AS BLOB) "
            "FROM ledger_entry WHERE id BETWEEN %s AND %s",  # a scan of the table: in order of ids
            [first, last],
        )
        rows, plain, *texts = cursor.fetchone()
    if not rows:
        return []
    if None in texts:
        raise NotPlain
    columns = [text.split(b"\n") for text in texts]
    if not rows == plain == min(map(len, columns)) == max(map(len, columns)):
        raise NotPlain
    return list(map(b"\t".join, zip(*columns, strict=True)))


def _postgresql(first: int, last: int) -> list[bytes]:
    # COPY's text format escapes tabs and line breaks and writes NULL as \N, so a line is one row.
    # https://www.postgresql.org/docs/current/sql-copy.html
    # Taken from libpq itself: psycopg's own loop needs three times as long for a line.
    connection.ensure_connection()
    server = connection.connection.pgconn
    style = connection.connection.info.parameter_status("DateStyle")
    if not style.startswith("ISO"):
        raise RuntimeError(f"DateStyle is {style}; the ledger's lines need ISO.")
    answer = server.exec_(
        b"COPY (SELECT id, at AT TIME ZONE 'UTC', action, subject, actor, facts FROM ledger_entry "
        b"WHERE id BETWEEN %d AND %d ORDER BY id) TO STDOUT" % (first, last)
    )
    lines: list[bytes] = []
    while answer and answer.status in (ExecStatus.COPY_OUT, ExecStatus.COMMAND_OK):
        while answer.status == ExecStatus.COPY_OUT:
            size, line = server.get_copy_data(0)
            if size < 0:
                break
            lines.append(bytes(line)[:-1])
        answer = server.get_result()
    if answer:
        raise DatabaseError(answer.error_message.decode())
    return lines

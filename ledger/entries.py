"""Appends to the ledger, in the caller's transaction: no entry, no action."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from ledger.clock import sql_now

_AT_ONCE = 500  # rows in one statement

Fact = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Event:
    """What is about to be recorded. `facts` hold ids, digests, counts and states, never personal data."""

    action: str
    subject: UUID
    actor: UUID | None = None
    facts: dict[str, Fact] = field(default_factory=dict)


def append(events: Iterable[Event]) -> None:
    """Writes one entry per event, with the moment of the database's clock.

    Raises TransactionManagementError outside a transaction: an entry stands or falls with its action.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A ledger entry belongs into its action's transaction."
        )
    native = connection.features.has_native_uuid_field
    rows = [
        (
            event.action,
            event.subject if native else event.subject.hex,
            event.actor if native or event.actor is None else event.actor.hex,
            json.dumps(event.facts),
        )
        for event in events
    ]
    # Raw, for every mail passes here: for one row the ORM needs several times as long.
    with connection.cursor() as cursor:
        for some in (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)):
            values = ", ".join([f"({sql_now()}, %s, %s, %s, %s)"] * len(some))
            cursor.execute(
                f"INSERT INTO ledger_entry (at, action, subject, actor, facts) VALUES {values}",  # noqa: S608
                [value for row in some for value in row],
            )
            if cursor.rowcount != len(some):  # a trigger that is not ours can swallow rows
                raise DatabaseError("The ledger did not take its entries.")

"""Appends to the ledger, in the caller's transaction: no entry, no action."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from ledger.models import Entry

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
    Entry.objects.bulk_create(
        [
            Entry(
                at=Now(),
                action=event.action,
                subject=event.subject,
                actor=event.actor,
                facts=event.facts,
            )
            for event in events
        ],
        batch_size=500,
    )

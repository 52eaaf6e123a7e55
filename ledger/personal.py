"""Whose rows are whose. Each app says of every table of its own which rows concern a person.

`manage.py personal_data` shows and erases by it; a test fills every table and looks for what is left.
Used by importer/personal.py and invites/personal/. docs/personal-data.md says how to add a table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from ledger.models import Subject


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody by their addresses, by their account, or by both.

    `addresses` are normalised; `hashes` are the keyed hashes of addresses and account, under every key.
    """

    addresses: tuple[str, ...]
    hashes: tuple[str, ...]
    member_id: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: which of its rows concern a person, and why they stay when the person is erased.

    With an empty `stays` none may be left. `hidden` columns are not shown: they are no words.
    """

    label: str
    rows: Callable[[Person], QuerySet[Any]]
    stays: str = ""
    hidden: tuple[str, ...] = ()


TABLES = (Table("ledger.Subject", lambda who: Subject.objects.filter(keyed_hash__in=who.hashes)),)
# Tables that say nothing about anybody, and why.
NOBODY = {
    "ledger.Entry": "Random ids and numbers. Once the subject is erased, nobody knows whose they are.",
    "ledger.Run": "Which entries are which leaves of the ledger's tree.",
    "ledger.Block": "Digests over many entries.",
    "ledger.Seal": "Signed digests of the whole ledger.",
    "ledger.Heartbeat": "Moments at which beat ran.",
    "ledger.Home": "Where the database lives.",
    "ledger.Publication": "When a signed head was taken elsewhere.",
}


def undeclared(tables: tuple[Table, ...], nobody: dict[str, str]) -> list[str]:
    """Tables of this site of which nothing is said. There must be none."""
    said = {table.label for table in tables} | nobody.keys()
    return sorted({model._meta.label for model in apps.get_models()} - said)

"""Whose rows are whose. Each app says of every table of its own which rows concern a person.

`manage.py personal_data` shows and erases by it, and a member downloads by it what is theirs; a test fills
every table and looks for what is left. Used by importer/personal.py and invites/personal/.
docs/personal-data.md says how to add a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.db.models import Model, QuerySet

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
class Mine:
    """A file of a member's download: its name, what it holds, and one dictionary per row.

    `rows` gets the member's number, and reads a page at a time: there may be 30,000.
    """

    file: str
    holds: str
    rows: Callable[[int], Iterable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: which of its rows concern a person, and why they stay when the person is erased.

    `mine` is what a member may download of it, or the reason why nothing: others have rights, too, and
    nobody must learn who stopped or reported them. With an empty `stays` no row may be left. `hidden`
    columns are not shown: they are no words.
    """

    label: str
    rows: Callable[[Person], QuerySet[Any]]
    mine: Mine | str
    stays: str = ""
    hidden: tuple[str, ...] = ()


_Row = TypeVar("_Row", bound=Model)


def pages(rows: QuerySet[_Row], size: int = 1000) -> Iterator[list[_Row]]:
    """All of these rows by their ids, some at a time: each page is a query of its own."""
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        yield page
        last = page[-1].pk


def columns(rows: QuerySet[Any], *names: str) -> Iterator[dict[str, Any]]:
    """These columns of all of these rows, by their ids."""
    for page in pages_of_columns(rows, *names):
        yield from ({name: row[name] for name in names} for row in page)


def pages_of_columns(
    rows: QuerySet[Any], *names: str, size: int = 1000
) -> Iterator[list[dict[str, Any]]]:
    """The same some at a time, with the id as "pk". Twice as fast as whole rows."""
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk").values("pk", *names)[:size]):
        yield page
        last = page[-1]["pk"]


TABLES = (
    Table(
        "ledger.Subject",
        lambda who: Subject.objects.filter(keyed_hash__in=who.hashes),
        "Random ids under which the ledger knows you. What it has of your own steps is in steps.json.",
    ),
)
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

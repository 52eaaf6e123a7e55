"""What somebody who owns the database may do to sealed entries; each way must be noticed.

`unnoticed` goes through them at random, one after the other, each on the same small ledger.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import F

from ledger import heads, sealing
from ledger.entries import Event, append
from ledger.models import Block, Entry, Run, Seal
from ledger.recomputing import DoesNotFit
from ledger.verifying import verify


def appended(count: int) -> None:
    """Entries as the site writes them, with and without an actor."""
    actor = uuid4()
    append(
        Event(
            "invitation.sent", uuid4(), actor if number % 3 else None, {"n": number, "a": "é\t\n"}
        )
        for number in range(count)
    )


def kept() -> heads.Head:
    """The newest head, as somebody keeps it elsewhere."""
    return heads.read(Seal.objects.order_by("-number")[0].note, heads.verifiers())


def edit(dice: random.Random, ids: list[int]) -> None:
    """One column of one entry."""
    entry = Entry.objects.get(pk=dice.choice(ids))
    column = dice.choice(["at", "action", "subject", "actor", "facts"])
    new = {
        "at": entry.at + timedelta(milliseconds=dice.choice([-1, 1, 86_400_000])),
        "action": entry.action + dice.choice([" ", "\t", "\n", "x"]),
        "subject": uuid4(),
        "actor": None if entry.actor else uuid4(),
        "facts": dice.choice([{**entry.facts, "n": -1}, {}, [], "x", {"n": None}]),
    }[column]
    Entry.objects.filter(pk=entry.pk).update(**{column: new})


def lengthen(dice: random.Random, ids: list[int]) -> None:
    """A text goes on behind a NUL, where what is written in C stops reading. PostgreSQL takes none."""
    is_sqlite = connection.vendor == "sqlite"
    column = dice.choice(["at", "action", "subject", "facts"] if is_sqlite else ["action"])
    end = "char(0)" if is_sqlite else "chr(1)"
    _execute(
        f"UPDATE ledger_entry SET {column} = {column} || {end} || 'x' WHERE id = %s",
        dice.choice(ids),
    )


def delete(dice: random.Random, ids: list[int]) -> None:
    """One entry."""
    _execute("DELETE FROM ledger_entry WHERE id = %s", dice.choice(ids))


def insert(dice: random.Random, ids: list[int]) -> None:
    """A copy of an entry, before the first or in the middle, where the others make room."""
    entry = Entry.objects.get(pk=dice.choice(ids))
    if dice.random() < 0.5:
        entry.pk = dice.choice([0, -5, -(10**12)])
    else:
        Entry.objects.filter(pk__gte=entry.pk).update(id=-1 - F("id"))
        Entry.objects.filter(pk__lt=0).update(id=-F("id"))
    entry.save(force_insert=True)


def reorder(dice: random.Random, ids: list[int]) -> None:
    """Two entries change places."""
    one, other = dice.sample(ids, 2)
    _execute("UPDATE ledger_entry SET id = -1 WHERE id = %s", one)
    _execute("UPDATE ledger_entry SET id = %s WHERE id = %s", one, other)
    _execute("UPDATE ledger_entry SET id = %s WHERE id = -1", other)


def truncate(dice: random.Random, ids: list[int]) -> None:
    """The newest entries."""
    _execute("DELETE FROM ledger_entry WHERE id >= %s", dice.choice(ids))


def go_back(dice: random.Random, ids: list[int]) -> None:
    """All tables to what they were at an earlier head, as restoring a backup would."""
    number = dice.randrange(1, Seal.objects.count())
    size = Seal.objects.get(number=number).size
    _execute("DELETE FROM ledger_seal WHERE number > %s", number)
    first = Run.objects.filter(position__gte=size).order_by("first_entry")[0].first_entry
    _execute("DELETE FROM ledger_entry WHERE id >= %s", first)
    _execute("DELETE FROM ledger_run WHERE position >= %s", size)
    Block.objects.filter(number__gte=size // sealing.BLOCK).delete()


def rewrite(dice: random.Random, ids: list[int]) -> None:
    """Changes an entry and seals everything again, with the real key: only a kept head shows it."""
    edit(dice, ids)
    _execute("DELETE FROM ledger_seal")
    _execute("DELETE FROM ledger_run")
    Block.objects.all().delete()
    with suppress(ValueError):  # a row that is not plain is never sealed
        sealing.seal()


WAYS: list[Callable[[random.Random, list[int]], None]] = [
    edit, lengthen, delete, insert, reorder, truncate, go_back, rewrite,
]  # fmt: skip


def unnoticed(*, rounds: int, seed: int) -> list[str]:
    """What verifying did not notice, of so many rounds. The guards must have been taken away."""
    dice = random.Random(seed)
    for count in (20, 1, 300, 9, 14):
        with transaction.atomic():
            appended(count)
        sealing.seal()
    trusted, head = heads.verifiers(), kept()
    ids = list(Entry.objects.order_by("id").values_list("id", flat=True))
    missed = []
    for number in range(rounds):
        way = WAYS[number % len(WAYS)]
        with transaction.atomic():
            way(dice, ids)
            try:
                verify(trusted=trusted, since=[head])
                missed.append(f"round {number}: {way.__name__}")
            except DoesNotFit:
                pass
            transaction.set_rollback(True)
    verify(trusted=trusted, since=[head])
    return missed


def _execute(sql: str, *values: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        if not cursor.rowcount:
            raise AssertionError(f"Nothing was changed by {sql}")

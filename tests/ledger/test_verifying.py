"""Sealing and verifying: what is sealed fits, and whatever somebody with the whole database does shows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from ledger import clock, guards, heads, sealing
from ledger.entries import Event, append
from ledger.models import Block, Entry, Run, Seal
from ledger.verifying import DoesNotFit, Verified, verify

pytestmark = pytest.mark.django_db


def appended(count: int) -> None:
    actor = uuid4()
    append(
        Event("invitation.sent", uuid4(), actor if number % 3 else None, {"number": number, "a": "é\t\n"})
        for number in range(count)
    )


def kept() -> heads.Head:
    """The newest head, as somebody keeps it elsewhere."""
    return heads.read(Seal.objects.order_by("-number")[0].note, heads.verifiers())


def verified(*since: heads.Head) -> Verified:
    return verify(trusted=heads.verifiers(), since=since)


@pytest.fixture
def unguarded() -> Iterator[None]:
    """Somebody who owns the database takes its guards away first."""
    guards.remove(connection)
    yield
    guards.install(connection)


def test_what_is_sealed_fits_and_what_came_later_waits() -> None:
    assert verified() == Verified(entries=0, seals=0, waiting=0)
    for count in (1, 300, 2_000, 7):
        appended(count)
        assert sealing.seal() == count
    assert sealing.seal() == 0
    appended(2)
    assert verified(kept()) == Verified(entries=2_308, seals=4, waiting=2)


def test_a_long_queue_is_sealed_under_several_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_AT_ONCE", 1_000)
    appended(2_500)
    assert sealing.seal() == 2_500
    assert verified() == Verified(entries=2_500, seals=3, waiting=0)


def test_without_a_key_nothing_is_sealed_and_nothing_stops(settings) -> None:
    settings.LEDGER_KEY = b""
    appended(3)
    assert sealing.seal() == 0
    assert not Seal.objects.exists()
    assert verified() == Verified(entries=0, seals=0, waiting=3)


def test_a_new_key_goes_on_where_the_old_one_ended(settings) -> None:
    appended(3)
    sealing.seal()
    old = heads.verifiers()[0].text()
    settings.LEDGER_KEY = b"n" * 32
    appended(3)
    sealing.seal()
    with pytest.raises(DoesNotFit, match="Head 1: No key that we trust"):
        verified()
    settings.LEDGER_OLD_KEYS = [old]
    assert verified() == Verified(entries=6, seals=2, waiting=0)


def test_an_entry_whose_transaction_was_slow_is_sealed_late() -> None:
    appended(10)
    slow = Entry.objects.order_by("id")[4]
    guards.remove(connection)
    Entry.objects.filter(pk=slow.pk).delete()
    guards.install(connection)
    sealing.seal()
    slow.save(force_insert=True)  # commits now
    assert verified().waiting == 1
    assert sealing.seal() == 1
    assert verified(kept()) == Verified(entries=10, seals=2, waiting=0)
    assert Seal.objects.get(number=2).gaps == []


def test_two_sealers_at_once_make_one_head() -> None:
    appended(5)
    spans = sealing._new_spans(None)
    sealing.seal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "_new_spans", lambda last: spans)
        patch.setattr(Seal.objects, "order_by", lambda *by: Seal.objects.none(), raising=False)
        with transaction.atomic():
            assert sealing.seal() == 0
    assert verified() == Verified(entries=5, seals=1, waiting=0)


def test_verifying_names_the_entry_that_was_changed(unguarded: None) -> None:
    appended(700)
    sealing.seal()
    wrong = Entry.objects.order_by("id")[345]
    Entry.objects.filter(pk=wrong.pk).update(action="invitation.failed")
    with pytest.raises(DoesNotFit, match=f"Entry {wrong.pk} is not what was sealed") as found:
        verified()
    assert found.value.entry == wrong.pk


Tamper = Callable[[random.Random, list[int]], None]


def execute(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount > 0, "nothing was changed"


def edit(dice: random.Random, ids: list[int]) -> None:
    entry = Entry.objects.get(pk=dice.choice(ids))
    column = dice.choice(["at", "action", "subject", "actor", "facts"])
    new = {
        "at": entry.at + timedelta(milliseconds=dice.choice([-1, 1, 86_400_000])),
        "action": entry.action + dice.choice([" ", "\t", "\n", "x"]),
        "subject": uuid4(),
        "actor": None if entry.actor else uuid4(),
        "facts": dice.choice([{**entry.facts, "number": -1}, {}, [], None, "x"]),
    }[column]
    if new is None and column == "facts":
        new = {"number": None}
    Entry.objects.filter(pk=entry.pk).update(**{column: new})


def delete(dice: random.Random, ids: list[int]) -> None:
    execute("DELETE FROM ledger_entry WHERE id = %s", dice.choice(ids))


def insert(dice: random.Random, ids: list[int]) -> None:
    """Before the first, or in the place of one that is moved away."""
    entry = Entry.objects.get(pk=dice.choice(ids))
    if dice.random() < 0.5:
        entry.pk = dice.choice([0, -5, -10**12])
    else:
        Entry.objects.filter(pk__gte=entry.pk).update(id=-1 - models_f())
        Entry.objects.filter(pk__lt=0).update(id=-models_f())
    entry.save(force_insert=True)


def models_f():  # noqa: ANN201
    from django.db.models import F

    return F("id")


def reorder(dice: random.Random, ids: list[int]) -> None:
    one, other = dice.sample(ids, 2)
    execute("UPDATE ledger_entry SET id = -1 WHERE id = %s", one)
    execute("UPDATE ledger_entry SET id = %s WHERE id = %s", one, other)
    execute("UPDATE ledger_entry SET id = %s WHERE id = -1", other)


def truncate(dice: random.Random, ids: list[int]) -> None:
    execute("DELETE FROM ledger_entry WHERE id >= %s", dice.choice(ids))


def truncate_cleanly(dice: random.Random, ids: list[int]) -> None:
    """Goes back to an earlier head with all tables, as restoring a backup would."""
    number = dice.randrange(1, Seal.objects.count())
    size = Seal.objects.get(number=number).size
    execute("DELETE FROM ledger_seal WHERE number > %s", number)
    first = Run.objects.filter(position__gte=size).order_by("first_entry")[0].first_entry
    execute("DELETE FROM ledger_entry WHERE id >= %s", first)
    execute("DELETE FROM ledger_run WHERE position >= %s", size)
    Block.objects.filter(number__gte=size // 256).delete()


def rewrite(dice: random.Random, ids: list[int]) -> None:
    """Changes an entry, cuts the sealer's tables off, and seals all again, with the real key."""
    edit(dice, ids)
    for table in ("ledger_seal", "ledger_run"):
        execute(f"DELETE FROM {table}")
    Block.objects.all().delete()
    try:
        sealing.seal()
    except ValueError:  # a row with a line break is never sealed
        pass


KINDS: list[Tamper] = [edit, delete, insert, reorder, truncate, truncate_cleanly, rewrite]


def test_whatever_is_done_to_sealed_entries_is_found(unguarded: None) -> None:
    dice = random.Random(1)
    for count in (20, 1, 9, 14):
        appended(count)
        sealing.seal()
    head = kept()
    ids = list(Entry.objects.order_by("id").values_list("id", flat=True))
    assert verified(head).waiting == 0
    assert clock.now() >= head.at
    for number in range(400):
        tamper = KINDS[number % len(KINDS)]
        with transaction.atomic():
            try:
                with transaction.atomic():
                    tamper(dice, ids)
            except Exception:
                raise AssertionError(f"{tamper.__name__} did not work") from None
            with pytest.raises(DoesNotFit):
                verified(head)
            transaction.set_rollback(True)
    assert verified(head).waiting == 0

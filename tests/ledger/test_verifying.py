"""Sealing and verifying: what is sealed fits, and whatever somebody with the whole database does shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from ledger import clock, guards, heads, sealing, verifying
from ledger.models import Entry, Run, Seal
from ledger.recomputing import DoesNotFit
from ledger.verifying import Verified, verify
from tests.ledger import tampering
from tests.ledger.tampering import appended, kept

pytestmark = pytest.mark.django_db


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


def test_without_a_key_nothing_is_sealed_and_nothing_stops(settings: Any) -> None:
    settings.LEDGER_KEY = b""
    appended(3)
    assert sealing.seal() == 0
    assert not Seal.objects.exists()
    assert verified() == Verified(entries=0, seals=0, waiting=3)


def test_a_new_key_goes_on_where_the_old_one_ended(settings: Any) -> None:
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
    gaps = Seal.objects.get(number=2).gaps
    assert not any(first <= slow.pk <= last for first, last, _ in gaps)


def test_two_sealers_at_once_make_one_head(monkeypatch: pytest.MonkeyPatch) -> None:
    appended(5)
    sign, sealed = heads.sign, []

    def slow_sign(*args: Any) -> str:
        monkeypatch.setattr(heads, "sign", sign)
        sealed.append(sealing.seal())  # another worker, from start to end
        return sign(*args)

    monkeypatch.setattr(heads, "sign", slow_sign)
    sealed.append(sealing.seal())
    assert sealed == [5, 0]
    assert verified() == Verified(entries=5, seals=1, waiting=0)


def test_verifying_names_the_entry_that_was_changed(unguarded: None) -> None:
    appended(700)
    sealing.seal()
    wrong = Entry.objects.order_by("id")[345]
    Entry.objects.filter(pk=wrong.pk).update(action="invitation.failed")
    with pytest.raises(DoesNotFit, match=f"Entry {wrong.pk} is not what was sealed") as found:
        verified()
    assert found.value.entry == wrong.pk


@pytest.mark.parametrize("hours", [0.9, 1.1])
@pytest.mark.parametrize("sealed", [False, True])
def test_an_entry_put_in_later_than_any_transaction_lasts_is_found_whatever_the_sealer_watches(
    unguarded: None, monkeypatch: pytest.MonkeyPatch, hours: float, sealed: bool
) -> None:
    start = clock.now()
    appended(9)
    late = Entry.objects.order_by("id")[4]
    Entry.objects.filter(pk=late.pk).delete()
    sealing.seal()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=hours))
    appended(1)
    sealing.seal()
    # Whoever owns the database writes there what they like.
    Seal.objects.filter(number=2).update(gaps=[[late.pk, late.pk, int(start.timestamp())]])
    late.save(force_insert=True)
    if sealed:
        assert sealing.seal() == 1

    if hours < 1:
        assert verified().entries == 9 + sealed
    else:
        with pytest.raises(DoesNotFit, match=f"Entry {late.pk} was put in after its time"):
            verified()


@pytest.mark.parametrize("below", ["", "\n", "\n— \n", "\n— {name} AAAA\n"])
def test_heads_that_nobody_signed_count_for_nothing(unguarded: None, below: str) -> None:
    """Whoever can't sign writes them without, from some entry on or from the first."""
    for begins in (1, 3):
        Seal.objects.all().delete()
        Run.objects.all().delete()
        for _ in range(3):
            appended(2)
            sealing.seal()
        last: Seal | None = None
        for seal in Seal.objects.filter(number__gte=begins).order_by("number"):
            previous = last or Seal.objects.filter(number=seal.number - 1).first()
            head = replace(
                heads.parse(seal.note), previous=previous and heads.fingerprint(previous.note)
            )
            seal.note = head.text() + below.format(name=heads.origin())
            seal.save()
            last = seal
        with pytest.raises(DoesNotFit, match=r"Head \d: (No key that we trust|This is not)"):
            verified()


def test_whatever_is_done_to_sealed_entries_is_found(
    unguarded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "STRETCH", sealing.BLOCK)  # so that there are two
    assert tampering.unnoticed(rounds=280, seed=1) == []

"""A restored database sends nothing until a person has looked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from invites.actions.restored import pause_if_restored
from invites.models import Hold
from ledger import guards, restoring, sealing
from ledger.models import Entry, Home, Run, Seal
from ledger.tasks import seal
from tests import people
from tests.ledger.tampering import appended

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def head(settings: Any, tmp_path: Path) -> Path:
    settings.LEDGER_HEAD_FILE = tmp_path / "machine" / "head.txt"
    return settings.LEDGER_HEAD_FILE


def is_paused() -> bool:
    """After what a worker does before it starts: whether the whole site is on hold."""
    pause_if_restored()
    return Hold.objects.filter(scope="site", lifted_at=None).exists()


def test_a_worker_that_comes_back_to_its_database_goes_on(head: Path) -> None:
    assert not is_paused()
    appended(3)
    seal()
    assert head.read_text() == Seal.objects.get().note
    assert not is_paused()


def test_a_database_that_lost_its_newest_head_is_paused(head: Path) -> None:
    for count in (3, 4):
        appended(count)
        seal()
    assert not is_paused()
    guards.remove(connection)  # what a backup of the time between would hold
    Seal.objects.filter(number=2).delete()
    Run.objects.filter(position__gte=3).delete()
    Entry.objects.filter(id__gt=Entry.objects.order_by("id")[2].id).delete()
    guards.install(connection)
    assert is_paused()
    assert "not in the database any more" in Hold.objects.get().reason
    assert Entry.objects.filter(action="hold.placed").count() == 1
    assert is_paused()  # until a person lifts it, and once
    assert Hold.objects.count() == 1


def test_a_database_at_another_place_is_paused_and_its_mails_stay(head: Path) -> None:
    assert not is_paused()
    people.confirmed(people.member())
    Home.objects.update(place="where it was copied from")
    assert is_paused()
    assert "at another place" in Hold.objects.get().reason
    assert Home.objects.get().place == restoring.place()


def test_a_second_machine_with_an_older_head_goes_on(head: Path) -> None:
    appended(3)
    seal()
    appended(4)
    assert sealing.seal() == 4  # by another machine
    assert not is_paused()
    assert head.read_text() == Seal.objects.get(number=2).note

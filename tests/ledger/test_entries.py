"""The ledger's append, and the map of random ids: all or nothing, in order, forgettable."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from ledger import subjects
from ledger.entries import Event, append
from ledger.models import Entry, Subject

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_its_actions_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        append([Event("batch.confirmed", uuid4())])
    assert not Entry.objects.exists()


def test_entries_keep_their_order_and_their_facts() -> None:
    subject, actor = uuid4(), uuid4()
    append([Event("first", subject, actor, {"count": 2, "why": None}), Event("second", subject)])
    first, second = Entry.objects.order_by("id")
    assert (first.action, first.subject, first.actor) == ("first", subject, actor)
    assert first.facts == {"count": 2, "why": None}
    assert (second.action, second.actor, second.facts) == ("second", None, {})
    assert first.at <= second.at


def test_many_entries_need_few_statements() -> None:
    uids = [uuid4() for _ in range(1_201)]
    statements: list[str] = []

    def noted(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(noted):
        append(Event("invitation.confirmed", uid) for uid in uids)
    assert len(statements) == 3
    assert list(Entry.objects.order_by("id").values_list("subject", flat=True)) == uids


def test_what_was_appended_stays() -> None:
    append([Event("first", uuid4())])
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Entry.objects.update(action="second")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Entry.objects.all().delete()
    assert Entry.objects.get().action == "first"


def test_a_person_has_one_random_id_until_it_is_erased() -> None:
    known = subjects.keyed_hash("address", "bea@norte.example")
    first = subjects.uids_for([known])[known]
    assert subjects.uids_for([known, known]) == {known: first}
    assert subjects.erase([known]) == 1
    assert not Subject.objects.exists()
    assert subjects.uids_for([known])[known] != first


def test_kinds_of_people_never_share_an_id() -> None:
    assert subjects.keyed_hash("member", "1") != subjects.keyed_hash("address", "1")


def test_a_member_s_ids_lead_back_to_the_member_those_from_before_too(settings: Any) -> None:
    ana, tom = (User.objects.create_user(username=name).pk for name in ("ana", "tom"))
    settings.OLD_ADDRESS_KEYS = [b"the key of last year, which was longer"]
    old = subjects.keyed_hash("member", str(ana), settings.OLD_ADDRESS_KEYS[0])
    of_address = subjects.uids_for([subjects.keyed_hash("address", "bea@norte.example")])
    before = [subjects.uids_for([old])[old], subjects.of_member(ana)]
    Subject.objects.update(member=None)  # as they were before there was such a column

    import_module("ledger.migrations.0007_whose_ids").say_whose(apps, None)
    toms = subjects.of_member(tom)

    assert subjects.members([*before, toms, *of_address.values(), uuid4()]) == {
        **dict.fromkeys(before, ana),
        toms: tom,
    }
    assert subjects.uids_of_member(ana) == before

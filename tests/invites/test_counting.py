"""The figures by day: each entry of the ledger counts once, and counting again gives the same."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection

from invites.actions import counting
from invites.actions.confirming import wording
from invites.figure_models import (
    EVENTS,
    RANGES,
    RANKED,
    STEPS,
    Counted,
    DailyFigure,
    FirstTime,
    Kind,
    RecentFigure,
)
from ledger import clock, sealing
from ledger.models import Entry

pytestmark = pytest.mark.django_db


def entry(
    action: str, *, subject: UUID | None = None, actor: UUID | None = None, at: datetime | None = None,
    pk: int | None = None, **facts: Any,
) -> None:  # fmt: skip
    """One entry as if it had been appended then. `pk` for one whose transaction took long."""
    last = Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0
    native = connection.features.has_native_uuid_field
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (id, at, action, subject, actor, facts) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [
                pk or last + 1,
                connection.ops.adapt_datetimefield_value(at or clock.now()),
                action,
                *(one if native or one is None else one.hex for one in (subject or uuid4(), actor)),
                json.dumps(facts),
            ],
        )


def figures() -> list[tuple[Any, ...]]:
    """All that is counted, of all tables."""
    return [
        *DailyFigure.objects.order_by("kind", "key", "event", "day").values_list(
            "kind", "key", "event", "day", "count"
        ),
        *RecentFigure.objects.order_by("days", "kind", "key", "event").values_list(
            "days", "kind", "key", "event", "count"
        ),
        *FirstTime.objects.order_by("id").values_list("sender", "step", "at"),
    ]


def total(event: str, kind: str = Kind.ALL, key: str = "") -> int:
    rows = DailyFigure.objects.filter(kind=kind, key=key, event=event)
    return sum(rows.values_list("count", flat=True))


def seal_and_count() -> int:
    sealing.seal()
    return counting.count()


class World:
    """Members at random steps of their way, over the last months; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = clock.now()
        self.members = [UUID(int=self.random.getrandbits(128)) for _ in range(6)]
        self.confirmed: list[UUID] = []

    def moments(self, count: int) -> Iterator[datetime]:
        """So many moments of the last 400 days, the oldest first."""
        seconds = sorted(self.random.randrange(400 * 86400) for _ in range(count))
        yield from (self.now - timedelta(seconds=one) for one in reversed(seconds))

    def goes_on(self, count: int) -> None:
        """So many things happen."""
        for at in self.moments(count):
            member = self.random.choice(self.members)
            source = self.random.choice(["google", "hubspot"])
            what = self.random.randrange(10)
            if what == 0:
                run = str(UUID(int=self.random.getrandbits(128)))
                kept = self.random.randrange(50)
                facts = {"import": run, "source": source}
                if kept % 2:
                    entry(
                        "import.failed",
                        subject=member,
                        actor=member,
                        at=at,
                        kept=kept // 2,
                        **facts,
                    )
                entry("import.done", subject=member, actor=member, at=at, kept=kept, **facts)
            elif what == 1:
                entry("note.written", subject=member, at=at, length=20)
            elif what in (2, 3, 4):
                uid = UUID(int=self.random.getrandbits(128))
                entry("invitation.chosen", subject=uid, actor=member, at=at, source=source)
                entry("invitation.reviewed", subject=uid, actor=member, at=at)
                if what > 2:
                    entry(
                        "invitation.confirmed", subject=uid, actor=member, at=at, source=source,
                        wording=self.random.choice(["abc", "def"]),
                    )  # fmt: skip
                    self.confirmed.append(uid)
            elif self.confirmed:
                uid = self.random.choice(self.confirmed)
                action, facts = self.random.choice(
                    [
                        ("invitation.sent", {"reply": "250"}),
                        ("invitation.cancelled", {"why": "taken back"}),
                        ("invitation.bounced", {"hard": True}),
                        ("invitation.accepted", {}),
                        ("invitation.answered", {"answer": "dont_know"}),
                        ("invitation.answered", {"answer": "declined"}),
                        ("invitation.answered", {"answer": "not_how"}),
                        ("invitation.reported", {}),
                        ("invitation.complained", {"feedback": "abuse"}),
                        ("invitation.erased", {}),
                    ]
                )
                entry(action, subject=uid, actor=member, at=at, **facts)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bit_by_bit_and_all_at_once_come_to_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(seed)
    for _ in range(8):
        world.goes_on(world.random.randrange(60))
        monkeypatch.setattr(counting, "AT_ONCE", world.random.randrange(1, 40))
        seal_and_count()
    bit_by_bit = figures()
    assert len({row[2] for row in bit_by_bit if row[0] == Kind.ALL}) > 10

    monkeypatch.setattr(counting, "AT_ONCE", 2_000)
    call_command("recount_figures")

    assert figures() == bit_by_bit


def test_the_recent_figures_are_the_sums_of_the_newest_days_also_when_days_go_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(4)
    world.goes_on(250)
    today = world.now
    for later in (0, 1, 40, 41):
        at = today + timedelta(days=later)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        seal_and_count()
        for days in RANGES:
            sums: Counter[tuple[str, str, str]] = Counter()
            newest = DailyFigure.objects.filter(
                kind__in=RANKED, event__in=EVENTS, day__gt=at.date() - timedelta(days=days)
            )
            for figure in newest:
                sums[figure.kind, figure.key, figure.event] += figure.count
            recent = RecentFigure.objects.filter(days=days)
            assert sums or later > days
            assert dict(sums) == {(one.kind, one.key, one.event): one.count for one in recent}
    bit_by_bit = figures()

    call_command("recount_figures")

    assert figures() == bit_by_bit


class Killed(BaseException):
    """The process is gone."""


def test_who_is_killed_at_any_statement_has_counted_nothing_or_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    World(5).goes_on(60)
    sealing.seal()
    monkeypatch.setattr(counting, "AT_ONCE", 30)
    right = {0: figures()}  # by how many leaves are counted
    counting._turn_to(clock.now().date())
    while counting._count_some():
        right[Counted.objects.get().entries] = figures()
    counting.forget_figures()
    left = 0

    def kill(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal left
        if not sql.startswith(("SAVEPOINT", "ROLLBACK", "RELEASE")):  # the database sees to these
            if not left:
                raise Killed
            left -= 1
        return execute(sql, *rest)

    deaths, alive = 0, False
    while not alive:
        left = deaths
        try:
            with connection.execute_wrapper(kill):
                counting.count()
            alive = True
        except Killed:
            deaths += 1
        known = Counted.objects.first()
        assert figures() == right[known.entries if known else 0]
    assert deaths > 10
    assert len(right) > 3
    assert figures() == right[max(right)]


def test_who_was_slower_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    World(6).goes_on(40)
    sealing.seal()
    rows = counting._rows

    def overtaken(spans: Any) -> Any:
        found = rows(spans)
        monkeypatch.setattr(counting, "_rows", rows)
        counting.count()
        return found

    monkeypatch.setattr(counting, "_rows", overtaken)
    assert counting.count() == 0
    once = figures()
    counting.forget_figures()
    counting.count()
    assert figures() == once


def test_an_entry_that_shows_up_late_is_not_lost() -> None:
    member = uuid4()
    entry("invitation.chosen", actor=member, source="google", pk=5)
    entry("invitation.chosen", actor=member, source="google", pk=8)
    seal_and_count()
    assert total("chosen") == 2

    entry("invitation.chosen", actor=member, source="google", pk=6)  # its transaction took longer
    entry("invitation.chosen", actor=member, source="google", pk=9)
    seal_and_count()

    assert total("chosen", Kind.SOURCE, "google") == 4
    assert total("chosen", Kind.CAME) == 1


def test_what_is_not_sealed_is_not_counted_yet(settings: Any) -> None:
    settings.LEDGER_KEY = ""
    entry("invitation.chosen", actor=uuid4(), source="google")
    assert seal_and_count() == 0
    assert total("chosen") == 0


def test_people_whom_a_failed_import_had_read_already_count_once() -> None:
    member, run = uuid4(), str(uuid4())
    for action, kept in (("import.failed", 30), ("import.failed", 50), ("import.done", 70)):
        entry(action, subject=member, actor=member, source="google", kept=kept, **{"import": run})
        seal_and_count()
    entry("look_up.ended", subject=member, actor=member, source="google", kept=2)
    entry("contact.typed", subject=member, actor=member, kept=1)
    seal_and_count()

    assert total("imported") == 73
    assert total("imported", Kind.SOURCE, "google") == 72
    assert total("imported", Kind.SENDER, member.hex) == 73
    assert total("imported", Kind.CAME) == 1


def test_of_those_who_came_by_a_step_it_is_counted_who_went_on_whenever_that_was() -> None:
    stayed, went_on, typed = uuid4(), uuid4(), uuid4()
    early = clock.now() - timedelta(days=9)
    for member in (stayed, went_on):
        entry("import.done", subject=member, actor=member, source="google", kept=3, at=early)
    entry("invitation.chosen", actor=went_on, source="google", at=early + timedelta(days=2))
    entry("invitation.chosen", actor=typed, source="typed")
    seal_and_count()
    for _ in range(2):  # twice is still one member
        entry("invitation.chosen", actor=went_on, source="google")
    entry("note.written", subject=went_on)
    seal_and_count()

    assert total("imported", Kind.CAME) == 2
    assert total("imported", Kind.WENT_ON) == 1
    assert DailyFigure.objects.get(kind=Kind.WENT_ON, event="imported").day == early.date()
    assert (total("chosen", Kind.CAME), total("chosen", Kind.WENT_ON)) == (2, 1)
    assert (total("written", Kind.CAME), total("written", Kind.WENT_ON)) == (1, 0)
    assert set(STEPS) <= {*counting._ALWAYS.values()}


def test_how_long_after_confirming_something_was_taken_back() -> None:
    confirmed = clock.now() - timedelta(days=3)
    for seconds, why in ((5, "taken back"), (400, "not me"), (90_000, "taken back"), (9, "erased")):
        uid = uuid4()
        entry("invitation.confirmed", subject=uid, actor=uuid4(), at=confirmed)
        at = confirmed + timedelta(seconds=seconds)
        entry("invitation.cancelled", subject=uid, why=why, at=at)
    seal_and_count()

    assert total("undone") == 4
    found = DailyFigure.objects.filter(kind=Kind.AFTER).values_list("key", "count")
    assert dict(found) == {"0": 1, "300": 1, "86400": 1}


def test_the_same_words_have_the_same_wording_and_it_gives_none_of_them_away() -> None:
    assert wording("Bea, come  and\njoin us.") == wording("Bea, come and join us.")
    assert wording("Bea, come and join us.") != wording("Bea, come and join us!")
    assert len(wording("Bea")) == 12

"""Figures by day, added up from the sealed ledger a bit at a time. Beat calls `count`.

What a bit comes to is found out first, outside of any transaction: sealed entries never change. Then
the figures and how far they go are written in one, unless somebody else was faster. So each entry
counts once, whoever is killed when. After `forget_figures` all is counted anew: the same comes out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db import connection, transaction

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
from ledger import clock, leaves

AT_ONCE = 2_000  # leaves, so that what is written takes well under a tenth of a second
_ROWS = 500  # in one statement

IMPORTED = ("import.done", "import.failed", "import.stopped", "look_up.ended", "contact.typed")
_CONFIRMED = "invitation.confirmed"
_ALWAYS = {
    **dict.fromkeys(IMPORTED, "imported"),
    "invitation.chosen": "chosen",
    "invitation.unchosen": "unchosen",
    "invitation.set_aside": "set_aside",
    "draft.forgotten": "given_up",
    "note.written": "written",
    "invitation.reviewed": "reviewed",
    _CONFIRMED: "confirmed",
    "invitation.cancelled": "undone",
    "batch.disowned": "disowned",
    "invitation.sent": "sent",
    "invitation.arrived": "sent",
    "invitation.bounced": "bounced",
    "invitation.accepted": "accepted",
    "invitation.reported": "complained",
    "invitation.complained": "complained",
}
_ANSWERS = {"dont_know": "dont_know", "declined": "declined"}
# Of these the invitation's confirmation says who sent it, from which book, with which words.
_SINCE_CONFIRMING = {
    "confirmed", "undone", "sent", "bounced", "accepted", "complained", *_ANSWERS.values(),
}  # fmt: skip
# Of these it takes more than the action to know what to count. "" is an answer.
_BY_FACTS = {"", "imported", "chosen", "undone"}
# By whose word an invitation was taken back, for the time that took.
BY_SENDER = ("taken back", "not me")
AFTER = (0, 60, 5 * 60, 30 * 60, 24 * 3600)  # seconds: a figure is from one of these to the next

Figure = tuple[Kind, str, str, date]
Id = str | UUID
# As the database has them: id, moment, action, subject, actor, facts. Reading millions through the ORM
# takes several times as long, most of it for what is never looked at.
Row = tuple[int, datetime, str, Id, Id | None, str]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where an invitation came from, as its confirmation says it."""

    sender: str
    source: str
    wording: str
    at: datetime


def count() -> int:
    """Counts what was sealed since the last time; returns how many entries."""
    total = 0
    _turn_to(clock.now().date())
    while more := _count_some():
        total += more
    return total


@transaction.atomic
def forget_figures() -> None:
    """Throws all figures away. The next `count` begins with the first entry."""
    for table in (DailyFigure, RecentFigure, FirstTime, Counted):
        table.objects.all().delete()


def least_seconds(waited: float) -> int:
    """In which of `AFTER` so many seconds are counted."""
    return max((one for one in AFTER if one <= waited), default=0)


def _count_some() -> int:
    """One bit of the ledger; 0 when there is none, or when somebody else counts it."""
    known = Counted.objects.first()
    if known is None:
        return 0
    spans, end = leaves.spans_from(known.entries, AT_ONCE)
    tally = _Tally(_rows(spans) if spans else [])
    with transaction.atomic():
        if not _mine(known).update(entries=end, at=clock.now()):
            return 0
        _add(DailyFigure, tally.figures)
        _add_recent(tally.figures, known.day)
        FirstTime.objects.bulk_create(tally.first_times)
    return end - known.entries


def _mine(known: Counted) -> Any:
    """The row, if it still says what it said. Whoever changes it first holds it until the commit."""
    return Counted.objects.filter(pk=known.pk, entries=known.entries, day=known.day)


def _turn_to(today: date) -> None:
    """Takes out of the recent figures what is too old by now."""
    known, _ = Counted.objects.get_or_create(pk=1, defaults={"day": today, "at": clock.now()})
    while known.day < today:
        following = known.day + timedelta(days=1)
        with transaction.atomic():
            if not _mine(known).update(day=following):
                return
            for days in RANGES:
                over = DailyFigure.objects.filter(
                    day=following - timedelta(days=days), kind__in=RANKED, event__in=EVENTS
                )
                lost = {
                    (days, kind, key, event): -count
                    for kind, key, event, count in over.values_list("kind", "key", "event", "count")
                }
                _add(RecentFigure, lost)
            # All columns of an index are named, so that nothing else is read.
            RecentFigure.objects.filter(
                days__in=RANGES, kind__in=RANKED, event__in=EVENTS, count=0
            ).delete()
        known.day = following


def _rows(spans: Iterable[tuple[int, int]]) -> list[Row]:
    """The entries that count, in the order of leaves."""
    actions = [*_ALWAYS, "invitation.answered"]
    found: list[Row] = []
    for span in spans:
        found += _read(f"id BETWEEN %s AND %s AND action IN ({_places(actions)})", *span, *actions)
    return found


def _read(condition: str, *values: Any) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, at, action, subject, actor, facts FROM ledger_entry "
            f"WHERE {condition} ORDER BY id",
            values,
        )
        return cast(list[Row], cursor.fetchall())


def _places(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _hex(value: Id | None) -> str:
    return value.hex if isinstance(value, UUID) else value or ""


def _day(at: datetime) -> date:
    return (at.astimezone(UTC) if at.tzinfo else at).date()  # SQLite's are of UTC, and don't say so


class _Tally:
    """What some entries come to."""

    def __init__(self, rows: list[Row]) -> None:
        self.figures: Counter[Figure] = Counter()
        self.first_times: list[FirstTime] = []
        self._origins = _origins({row[3] for row in rows if _event(row[2]) in _SINCE_CONFIRMING})
        self._kept_before = _kept_before(rows)
        self._since = _first_days(rows, self._origins)
        for row in rows:
            self._take(*row)

    def _take(
        self, pk: int, at: datetime, action: str, subject: Id, actor: Id | None, said: str
    ) -> None:
        event = _ALWAYS.get(action, "")
        facts = json.loads(said) if event in _BY_FACTS else {}
        event = event or _ANSWERS.get(str(facts.get("answer")), "")
        if not event:
            return
        day = _day(at)
        sender, source, wording, number = _hex(actor), "", "", 1
        if event == "imported":
            source = "typed" if action == "contact.typed" else facts.get("source", "")
            number = facts.get("kept", 0) - self._kept_before.get(pk, 0)
        elif event == "chosen":
            source = facts.get("source", "")
        elif event == "written":
            sender = _hex(subject)
        elif event in _SINCE_CONFIRMING:
            origin = self._origins.get(subject)
            sender = origin.sender if origin else ""
            source, wording = (origin.source, origin.wording) if origin else ("", "")
            if origin and event == "undone" and facts.get("why") in BY_SENDER:
                seconds = (at - origin.at).total_seconds()
                self.figures[Kind.AFTER, str(least_seconds(seconds)), event, day] += 1
        self.figures[Kind.ALL, "", event, day] += number
        if event in EVENTS or event in STEPS:
            self._add(Kind.SENDER, sender, event, day, number)
        if event in EVENTS:
            self._add(Kind.SOURCE, source, event, day, number)
            self._add(Kind.WORDING, wording, event, day, number)
        if sender and number and event in STEPS:
            self._walk(sender, STEPS.index(event), at)

    def _add(self, kind: Kind, key: str, event: str, day: date, number: int) -> None:
        if key:
            self.figures[kind, key, event, day] += number

    def _walk(self, sender: str, step: int, at: datetime) -> None:
        """A member did this: for the first time? Then who came by the step before has gone on."""
        if (sender, STEPS[step]) in self._since:
            return
        day = self._since[sender, STEPS[step]] = _day(at)
        moment = at if at.tzinfo else at.replace(tzinfo=UTC)
        self.first_times.append(FirstTime(sender=sender, step=STEPS[step], at=moment))
        self.figures[Kind.CAME, "", STEPS[step], day] += 1
        before = self._since.get((sender, STEPS[step - 1])) if step else None
        if before:
            self.figures[Kind.WENT_ON, "", STEPS[step - 1], before] += 1
        if step + 1 < len(STEPS) and (sender, STEPS[step + 1]) in self._since:
            self.figures[Kind.WENT_ON, "", STEPS[step], day] += 1


def _event(action: str) -> str:
    return _ALWAYS.get(action, "dont_know")  # or another answer: all come after confirming


def _origins(subjects: Collection[Id]) -> dict[Id, _Origin]:
    """Of those invitations that were confirmed."""
    if not subjects:
        return {}
    found = {}
    condition = f"subject IN ({_places(subjects)}) AND action = %s"
    for _, at, _, uid, actor, said in _read(condition, *subjects, _CONFIRMED):
        facts = json.loads(said)
        found[uid] = _Origin(_hex(actor), facts.get("source", ""), facts.get("wording", ""), at)
    return found


def _kept_before(rows: list[Row]) -> dict[int, int]:
    """Of imports that go on after a failure: how many people were counted then already."""
    again = {row[0]: (row[3], json.loads(row[5])) for row in rows if row[2].startswith("import.")}
    if not again:
        return {}
    members = {member for member, _ in again.values()}
    condition = f"subject IN ({_places(members)}) AND action = %s"
    failed = _read(condition, *members, "import.failed")
    known = [(row[0], json.loads(row[5])) for row in failed]
    return {
        pk: max(
            (
                before.get("kept", 0)
                for earlier, before in known
                if earlier < pk and before.get("import") == facts.get("import")
            ),
            default=0,
        )
        for pk, (_, facts) in again.items()
    }


def _first_days(rows: list[Row], origins: Mapping[Id, _Origin]) -> dict[tuple[str, str], date]:
    """When the members that these entries may be of did each step for the first time."""
    may_be = {_hex(row[4]) for row in rows}
    may_be |= {_hex(row[3]) for row in rows if row[2] == "note.written"}
    may_be |= {origin.sender for origin in origins.values()}
    found = FirstTime.objects.filter(sender__in=may_be - {""})
    return {(one.sender, one.step): _day(one.at) for one in found}


def _add_recent(figures: Mapping[Figure, int], today: date) -> None:
    recent: Counter[tuple[int, str, str, str]] = Counter()
    for (kind, key, event, day), number in figures.items():
        for days in RANGES:
            if kind in RANKED and event in EVENTS and day > today - timedelta(days=days):
                recent[days, kind, key, event] += number
    _add(RecentFigure, recent)


def _add(table: type[DailyFigure | RecentFigure], figures: Mapping[tuple[Any, ...], int]) -> None:
    """Adds to what is there. Raw, for the ORM can replace a value in conflict, and not add to it."""
    names = ["kind", "key", "event", "day"] if table is DailyFigure else [
        "days", "kind", "key", "event",
    ]  # fmt: skip
    name = table._meta.db_table
    rows = sorted((*row, number) for row, number in figures.items() if number)
    with connection.cursor() as cursor:
        for some in (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)):
            values = ", ".join(["(%s, %s, %s, %s, %s)"] * len(some))
            cursor.execute(
                f"INSERT INTO {name} ({', '.join(names)}, count) VALUES {values} "
                f"ON CONFLICT ({', '.join(names)}) DO UPDATE SET count = {name}.count + excluded.count",
                [value for row in some for value in row],
            )

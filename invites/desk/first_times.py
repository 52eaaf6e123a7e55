"""The list behind the counts of members: who came by a step of their way for the first time, and when.

Its address is `/admin/audit/members/?…`, and nothing in it is personal data:

    step     one of figure_models.STEPS
    since, until  days like 2026-11-03 (UTC), both optional
    went_on  `on`: of these only who has done the next step as well
    before, after  where the page begins
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from invites.desk.days import Days
from invites.desk.waiting import person
from invites.figure_models import STEPS, FirstTime
from ledger import keyset, subjects
from ledger.keyset import Place
from ledger.sealing import GIVE_UP_SECONDS

A_PAGE = 50
MEMBERS_READ = 1_000  # that one page looks through, at most
WORDS = dict(
    zip(
        STEPS,
        ("brought people", "chose somebody", "wrote a note", "decided on a card", "confirmed",
         "had a mail sent"),
        strict=True,
    )
)  # fmt: skip
# Rows are in the order of leaves, and an entry can be sealed so long after others of its time.
_DISORDER = timedelta(seconds=GIVE_UP_SECONDS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is to show."""

    step: str
    since: date | None = None
    until: date | None = None
    went_on: bool = False

    @property
    def days(self) -> Days:
        """When they did it first."""
        return Days(self.since, self.until)

    @property
    def following(self) -> str:
        """The next step; "" after the last."""
        return STEPS[STEPS.index(self.step) + 1] if self.step != STEPS[-1] else ""

    @property
    def in_words(self) -> str:
        """As in “chose somebody for the first time · 3 to 9 November 2026”."""
        went_on = f"and also {WORDS[self.following]}" if self.went_on else ""
        said = [f"{WORDS[self.step]} for the first time", went_on, self.days.in_words]
        return " · ".join(one for one in said if one)


@dataclass(frozen=True, slots=True)
class Line:
    """A member and their name, or None for a closed account; and when they did it first."""

    member: User | None
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of lines, and where its neighbours begin. `stopped`: there may be others beyond."""

    lines: list[Line]
    older: int | None
    newer: int | None
    stopped: bool


def listed(asked: Asked, place: Place) -> Listed:
    """A page of the list, the newest first."""
    of_step = FirstTime.objects.filter(step=asked.step)
    rows = of_step.filter(asked.days.within("at"))
    if asked.went_on:
        their_next = FirstTime.objects.filter(sender=OuterRef("sender"), step=asked.following)
        rows = rows.filter(Exists(their_next))
    found = keyset.page(
        rows,
        place=place,
        size=A_PAGE,
        window=MEMBERS_READ,
        among=of_step,
        span=asked.days.keys(FirstTime, "at", _DISORDER),
    )
    uids = {row.sender: UUID(hex=row.sender) for row in found.rows}
    numbers = subjects.members(uids.values())
    known = User.objects.in_bulk(numbers.values())
    lines = []
    for row in found.rows:
        member = known.get(numbers.get(uids[row.sender], 0))
        lines.append(Line(member, person(member) if member else "A closed account", row.at))
    return Listed(lines, found.older, found.newer, found.stopped)

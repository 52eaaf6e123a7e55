"""Days of UTC, from one to another, as lists of the desk are asked for them. Both are optional."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Model, Q

from ledger import keyset


@dataclass(frozen=True, slots=True)
class Days:
    """From `since` to `until`, both included."""

    since: date | None = None
    until: date | None = None

    @property
    def first_moment(self) -> datetime | None:
        """The beginning of the first day."""
        return datetime.combine(self.since, time(), UTC) if self.since else None

    @property
    def last_moment(self) -> datetime | None:
        """The end of the last day: the first moment that is too late."""
        day = self.until and self.until + timedelta(days=1)
        return datetime.combine(day, time(), UTC) if day else None

    def within(self, field: str) -> Q:
        """The condition for a moment in these days."""
        bounds = {f"{field}__gte": self.first_moment, f"{field}__lt": self.last_moment}
        return Q(**{name: moment for name, moment in bounds.items() if moment})

    def keys(
        self, model: type[Model], field: str, disorder: timedelta = timedelta()
    ) -> keyset.Keys:
        """Of the rows whose `field` can be in these days. `disorder`: see `keyset.span_of`."""
        first, last = self.first_moment, self.last_moment
        return keyset.span_of(model, field, first and first - disorder, last and last + disorder)

    @property
    def in_words(self) -> str:
        """As in “on 3 November 2026”; "" for all days."""
        first, last = (day and f"{day:%-d %B %Y}" for day in (self.since, self.until))
        if first and first == last:
            return f"on {first}"
        if first and last:
            return f"{first} to {last}"
        return f"since {first}" if first else f"until {last}" if last else ""

"""Pages of a table by its key, at the same speed anywhere in a table of any size: nothing is counted,
and no row is read to be skipped.

A filter that matches one row in a million would still read the million. So a page looks through
`window` keys and no further, and says where it stopped: whoever reads goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)

# PostgreSQL gives keys before transactions commit, and each row the moment at which it was written:
# rows that were written at nearly the same moment can be in another order than their keys.
DISORDER = timedelta(minutes=10)
# Both ends of what a table's keys can be.
LOWEST, HIGHEST = 1, 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: below one key, or above another, or at the newest row."""

    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Keys from `low` to `high`, both of them included."""

    low: int = LOWEST
    high: int = HIGHEST


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, the newest first, and where its neighbours begin.

    `older`: rows below this key may follow; None: nothing does. `newer`: rows above this key may come
    before. `stopped`: the page ended for having looked at enough rows, and not for being full.
    """

    rows: list[Row]
    older: int | None
    newer: int | None
    stopped: bool = False


def page(
    rows: QuerySet[Row],
    *,
    place: Place,
    size: int,
    window: int | None = None,
    span: Span | None = None,
) -> Page[Row]:
    """At most `size` of `rows`, whose keys are whole numbers that grow, and within `span`.

    Without a `window` an index has to lead to every row that `rows` asks for. Two queries more with one.
    """
    span = span or Span()
    if window:
        span = _there(rows.model, span)
    if place.after is not None:
        return _upwards(rows, place.after, size, window, span)
    return _downwards(rows, place.before, size, window, span)


def _downwards(
    rows: QuerySet[Row], before: int | None, size: int, window: int | None, span: Span
) -> Page[Row]:
    top = span.high if before is None else min(span.high, before - 1)
    low = max(span.low, top - window + 1) if window else span.low
    found = list(rows.filter(pk__gte=low, pk__lte=top).order_by("-pk")[: size + 1])
    full, more = len(found) > size, low > span.low
    found = found[:size]
    older = found[-1].pk if full else low if more else None
    newest = found[0].pk if found else top
    newer = newest if before is not None and newest < span.high else None
    return Page(found, older, newer, stopped=more and not full)


def _upwards(
    rows: QuerySet[Row], after: int, size: int, window: int | None, span: Span
) -> Page[Row]:
    low = max(span.low, after + 1)
    top = min(span.high, low + window - 1) if window else span.high
    found = list(rows.filter(pk__gte=low, pk__lte=top).order_by("pk")[: size + 1])
    full, more = len(found) > size, top < span.high
    found = found[:size]
    newer = found[-1].pk if full else top if more else None
    oldest = found[0].pk if found else low
    older = oldest if oldest > span.low else None
    return Page(found[::-1], older, newer, stopped=more and not full)


def _there(model: type[Model], span: Span) -> Span:
    """The part of a span in which the table has rows at all."""
    keys = model._default_manager.values_list("pk", flat=True)
    low, high = keys.order_by("pk")[:1], keys.order_by("-pk")[:1]
    first, last = next(iter(low), LOWEST), next(iter(high), LOWEST - 1)
    return Span(max(span.low, first), min(span.high, last))


def span_of(model: type[Model], field: str, since: datetime | None, until: datetime | None) -> Span:
    """Keys of all rows of which `field`, a moment that grows with the key, is from `since` to `until`.

    And of some more at both ends. By halving: some twenty rows are read of a million, and no index is
    needed, which would have to be kept with every row that is ever written.
    """
    low, high = LOWEST, HIGHEST
    if since is not None:
        low = _first_from(model, field, since - DISORDER)
    if until is not None:
        high = _first_from(model, field, until + DISORDER) - 1
    return Span(low, high)


def _first_from(model: type[Model], field: str, moment: datetime) -> int:
    """The lowest key whose row is of this moment or later; above the last one when there is none."""
    rows = model._default_manager.values_list("pk", field)
    there = _there(model, Span())
    low, high = there.low, there.high + 1
    while low < high:
        middle = (low + high) // 2
        key, at = rows.filter(pk__gte=middle).order_by("pk")[:1][0]
        if at < moment:
            low = key + 1
        else:
            high = middle
    return low

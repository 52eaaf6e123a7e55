"""Pages of a table by its key, at the same speed anywhere in a table of any size: nothing is counted,
and no row is read to be skipped.

A filter that matches one row in a million would still read the million. So a page looks through
`window` keys and no further, and says where it stopped: whoever reads goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_datetime

Row = TypeVar("Row", bound=Model)

# PostgreSQL gives keys before transactions commit, and each row the moment at which it was written:
# rows that were written at nearly the same moment can be in another order than their keys.
DISORDER = timedelta(minutes=10)
YEARS = range(1970, 9001)  # at both ends of time there is no moment before or after
# Both ends of what a table's keys can be.
LOWEST, HIGHEST = 1, 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: below one key, or above another, or at the newest row."""

    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Keys:
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


def place_in(asked: Mapping[str, str]) -> Place:
    """What a page's address says; what is no key says nothing."""
    return Place(key_in(asked, "before"), key_in(asked, "after"))


def key_in(asked: Mapping[str, str], name: str) -> int | None:
    """One key, that a column of whole numbers has room for."""
    value = asked.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def moment_in(asked: Mapping[str, str], name: str) -> datetime | None:
    """One moment with its zone; what is none is for the list itself to refuse."""
    moment = moment_of(asked.get(name, ""))
    return moment if moment and moment.tzinfo and moment.year in YEARS else None


def moment_of(text: str) -> datetime | None:
    """What a text says, if that is a moment at all."""
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def page(
    rows: QuerySet[Row],
    *,
    place: Place,
    size: int,
    window: int | None = None,
    among: QuerySet[Row] | None = None,
    span: Keys | None = None,
) -> Page[Row]:
    """At most `size` of `rows`, whose keys are whole numbers that grow, and within `span`.

    Looks through `window` keys; or, where an index leads to all rows `among` which `rows` are, in the
    order of their keys, through so many of these. Without a window an index leads to `rows` themselves.
    """
    span = span or Keys()
    if window and among is None:
        span = _there(rows.model, span)
    if place.after is not None:
        return _upwards(rows, place.after, size, window, among, span)
    return _downwards(rows, place.before, size, window, among, span)


def _downwards(
    rows: QuerySet[Row],
    before: int | None,
    size: int,
    window: int | None,
    among: QuerySet[Row] | None,
    span: Keys,
) -> Page[Row]:
    top = span.high if before is None else min(span.high, before - 1)
    low = span.low
    if window and among is not None:
        keys = among.filter(pk__gte=low, pk__lte=top).order_by("-pk").values_list("pk", flat=True)
        low = _last_of(keys, window) or low
    elif window:
        low = max(low, top - window + 1)
    found = list(rows.filter(pk__gte=low, pk__lte=top).order_by("-pk")[: size + 1])
    full, more = len(found) > size, low > span.low
    found = found[:size]
    older = found[-1].pk if full else low if more else None
    newest = found[0].pk if found else top
    newer = newest if before is not None and newest < span.high else None
    return Page(found, older, newer, stopped=more and not full)


def _upwards(
    rows: QuerySet[Row],
    after: int,
    size: int,
    window: int | None,
    among: QuerySet[Row] | None,
    span: Keys,
) -> Page[Row]:
    low, top = max(span.low, after + 1), span.high
    if window and among is not None:
        keys = among.filter(pk__gte=low, pk__lte=top).order_by("pk").values_list("pk", flat=True)
        top = _last_of(keys, window) or top
    elif window:
        top = min(top, low + window - 1)
    found = list(rows.filter(pk__gte=low, pk__lte=top).order_by("pk")[: size + 1])
    full, more = len(found) > size, top < span.high
    found = found[:size]
    newer = found[-1].pk if full else top if more else None
    oldest = found[0].pk if found else low
    older = oldest if oldest > span.low else None
    return Page(found[::-1], older, newer, stopped=more and not full)


def _last_of(keys: QuerySet[Any, int], many: int) -> int | None:
    """The last of so many keys; None when there are fewer, so that all of them can be looked at."""
    found = list(keys[:many])
    return found[-1] if len(found) == many else None


def _there(model: type[Model], span: Keys) -> Keys:
    """The part of a span in which the table has rows at all."""
    keys = model._default_manager.values_list("pk", flat=True)
    low, high = keys.order_by("pk")[:1], keys.order_by("-pk")[:1]
    first, last = next(iter(low), LOWEST), next(iter(high), LOWEST - 1)
    return Keys(max(span.low, first), min(span.high, last))


def span_of(model: type[Model], field: str, since: datetime | None, until: datetime | None) -> Keys:
    """Keys of all rows of which `field`, a moment that grows with the key, is from `since` to `until`.

    And of some more at both ends. By halving: some twenty rows are read of a million, and no index is
    needed, which would have to be kept with every row that is ever written.
    """
    low, high = LOWEST, HIGHEST
    if since is not None:
        low = _first_from(model, field, since - DISORDER)
    if until is not None:
        high = _first_from(model, field, until + DISORDER) - 1
    return Keys(low, high)


def _first_from(model: type[Model], field: str, moment: datetime) -> int:
    """The lowest key whose row is of this moment or later; above the last one when there is none."""
    rows = model._default_manager.values_list("pk", field)
    there = _there(model, Keys())
    low, high = there.low, there.high + 1
    while low < high:
        middle = (low + high) // 2
        key, at = rows.filter(pk__gte=middle).order_by("pk")[:1][0]
        if at < moment:
            low = key + 1
        else:
            high = middle
    return low

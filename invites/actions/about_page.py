"""What everybody may read about invitations: figures of each month that is over, and incidents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count

from invites.actions.suppressing import Reason
from invites.recipients.models import Incident, MonthlyFigures
from ledger import clock
from ledger.entries import Event, append
from ledger.keyset import span_of
from ledger.models import Entry, Seal
from ledger.subjects import of_member

MONTHS_SHOWN = 12
FEWEST = 5  # a smaller number might tell somebody who it was
# As their senders see it. Were only those counted that left, whoever sent all the mail of a month could
# read from it how many of the people can't be invited, or are members.
_SENT = ("invitation.sent", "invitation.requested", "invitation.blocked")
_ON_REQUEST = (Reason.RECIPIENT, Reason.OWNER, Reason.DOMAIN)


@dataclass(frozen=True, slots=True)
class Month:
    """One row of the page: numbers in words."""

    month: date
    sent: str
    accepted: str
    stopped: str
    complained: str
    held: str


def months() -> list[Month]:
    """The last months, newest first. Reads only, and only so many rows."""
    return [
        Month(
            month=row.month,
            sent=_in_words(row.sent),
            accepted=_in_words(row.accepted),
            stopped=_in_words(row.stopped),
            complained=_in_words(row.complained),
            held=_in_words(row.held),
        )
        for row in MonthlyFigures.objects.order_by("-month")[:MONTHS_SHOWN]
    ]


def head() -> str:
    """The last signed head of the months that are over, for whoever wants to keep it; "" without one.

    Not the newest: it says how many entries there are, and on a quiet day a sender could read from that
    whether a recipient has stopped, answered or done nothing.
    """
    this_month = _moment(clock.now().date().replace(day=1))
    over = Seal.objects.filter(at__lt=this_month).order_by("-at")
    return over.values_list("note", flat=True).first() or ""


def _in_words(number: int) -> str:
    return f"{number:,}" if number >= FEWEST else f"under {FEWEST}"


def count_months() -> int:
    """Counts every month that is over and not counted yet; returns how many."""
    first = Entry.objects.order_by("id").first()
    if first is None:
        return 0
    counted = set(MonthlyFigures.objects.values_list("month", flat=True))
    missing = [month for month in _months(first.at, clock.now()) if month not in counted]
    for month in missing:
        MonthlyFigures.objects.get_or_create(month=month, defaults=_figures(month))
    return len(missing)


def _months(start: datetime, end: datetime) -> Iterator[date]:
    """The first day of each whole month from that of `start` to before that of `end`."""
    month = start.date().replace(day=1)
    while (following := _after(month)) <= end.date():
        yield month
        month = following


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _figures(month: date) -> dict[str, int]:
    """Counts one month in the ledger, which has no index on moments."""
    start, end = _moment(month), _moment(_after(month))
    span = span_of(Entry, "at", start, end)
    found = (
        Entry.objects.filter(
            id__gte=span.low,
            id__lte=span.high,
            at__gte=start,
            at__lt=end,
            action__in=[
                *_SENT,
                "invitation.accepted",
                "invitation.reported",
                "address.suppressed",
                "hold.placed",
            ],
        )
        .values_list("action", "facts__reason", "facts__from")
        .annotate(Count("id"))
    )
    figures = dict.fromkeys(("sent", "accepted", "stopped", "complained", "held"), 0)
    for action, reason, whom, count in found:
        if name := _counts_as(action, reason, whom):
            figures[name] += count
    return figures


def _counts_as(action: str, reason: str | None, whom: str | None) -> str:
    if action == "address.suppressed":
        if reason == Reason.COMPLAINT:
            return "complained"
        return "stopped" if reason in _ON_REQUEST and whom == "everyone" else ""
    return {
        **dict.fromkeys(_SENT, "sent"),
        "invitation.accepted": "accepted",
        "invitation.reported": "complained",
        "hold.placed": "held",
    }[action]


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def incidents() -> list[Incident]:
    """What went wrong, newest first. Reads only."""
    return list(Incident.objects.order_by("-day", "-id"))


@transaction.atomic
def tell_everybody(*, incident: Incident, staff: User) -> None:
    """Puts an incident on the page, or corrects it."""
    action = "incident.corrected" if incident.pk else "incident.published"
    incident.save()
    append([Event(action, incident.uid, of_member(staff.pk), {"day": str(incident.day)})])

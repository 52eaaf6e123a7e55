"""What the page of figures shows: sums of days, the greatest, and where members stop. Reads only.

Its address is `/admin/audit/figures/?…`; all of these are optional, and none is personal data:

    days     one of figure_models.RANGES: how many, today included
    by       one of figure_models.EVENTS: by which the greatest are found
    source   the name of an address book, or `typed`       \\
    sender   the id of a member                             | one of these at most
    wording  twelve characters (see confirming.wording)    /

Read are some hundred rows of the figures by day, whatever the site's size, never the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Sum
from django.urls import reverse
from django.utils.dateformat import format as words_of
from django.utils.html import format_html
from django.utils.safestring import SafeString

from importer.sources import typed
from invites import stored_mail
from invites.desk import charts, first_times, waiting
from invites.desk.listing import WAITED
from invites.figure_models import EVENTS, RANGES, STEPS, Counted, DailyFigure, Kind, RecentFigure
from invites.models import Invitation, PreparedMail
from ledger import sealing, subjects
from ledger.models import Seal

LISTED = 20
LABELS = {
    "imported": "Imported", "chosen": "Chosen", "confirmed": "Confirmed", "undone": "Undone",
    "sent": "Sent", "bounced": "Bounced", "dont_know": "Don’t know", "declined": "Declined",
    "accepted": "Accepted", "complained": "Complained",
}  # fmt: skip
MEANINGS = {
    "imported": "people kept from address books, and typed",
    "chosen": "people put into a draft",
    "confirmed": "mails that their senders confirmed",
    "undone": "taken back before they left",
    "sent": "taken by the recipient’s mail server",
    "bounced": "taken by a mail server, and returned",
    "dont_know": "answers “I don’t know this person”",
    "declined": "answers “No, thanks”",
    "accepted": "recipients who signed up",
    "complained": "reports on the page, and from mail programs",
}
_UNWELCOME = ("bounced", "dont_know", "complained")
# Of one wording there is nothing to count before it was confirmed.
_BEFORE_WORDS = ("imported", "chosen")
_INSTEAD = {
    "unchosen": "people taken out of a draft again",
    "set_aside": "people set aside on their card: “not now”, “don’t know”, “never”",
    "given_up": "drafts that nobody came back to",
    "disowned": "batches of which the member said “this wasn’t me”",
}
# Of these nothing is left but the ledger's entries.
_ON_THE_LEDGER = {
    "imported": "contact.typed", "given_up": "draft.forgotten", "disowned": "batch.disowned",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is to show."""

    days: int = 30
    by: str = "sent"
    source: str = ""
    sender: int | None = None
    wording: str = ""

    @property
    def about(self) -> tuple[Kind, list[str]]:
        """The kind of figures, and their keys."""
        if self.source:
            return Kind.SOURCE, [self.source]
        if self.sender:
            return Kind.SENDER, [uid.hex for uid in subjects.uids_of_member(self.sender)]
        if self.wording:
            return Kind.WORDING, [self.wording]
        return Kind.ALL, [""]

    @property
    def filters(self) -> dict[str, str | int]:
        """The one filter, as it stands in addresses."""
        known = {"source": self.source, "sender": self.sender, "wording": self.wording}
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True, slots=True)
class Number:
    """A number, what it counts, and the list behind it; "" where there is none."""

    count: int
    words: str
    link: str = ""

    @property
    def linked(self) -> str | SafeString:
        """As it stands on a page: a template for each of hundreds takes longer than all the rest."""
        shown = f"{self.count:,}"
        if not (self.link and self.count):
            return shown
        return format_html('<a href="{}">{}</a>', self.link, shown)


@dataclass(frozen=True, slots=True)
class Chart:
    """One event over the days. `rows` are its numbers, the newest first; `top` is the greatest."""

    event: str
    label: str
    meaning: str
    total: Number
    rows: list[Number]
    top: Number | None
    svg: SafeString
    unwelcome: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """One of the greatest: who or what it is, and its number of each event."""

    name: str
    query: str  # for its own figures; "" when nobody knows whose they are
    page: str
    numbers: list[tuple[str, Number]]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a member's way: who came by it for the first time, and who of them has gone on."""

    came: Number
    went_on: Number | None
    bar: SafeString

    @property
    def percent(self) -> int | None:
        """Of a hundred members, how many went on."""
        if self.went_on is None or not self.came.count:
            return None
        return round(100 * self.went_on.count / self.came.count)


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, in bars of one day or of a week."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.until - self.since).days + 1

    @property
    def step(self) -> int:
        """Days in a bar."""
        return 1 if self.days < 100 else 7

    def bars(self) -> Iterable[tuple[date, date]]:
        """The first and the last day of each bar, the oldest first."""
        for number in range(self.days // self.step):
            first = self.since + timedelta(days=number * self.step)
            yield first, first + timedelta(days=self.step - 1)


def counted_until() -> datetime | None:
    """When figures were last brought up to date; None before the first time."""
    return Counted.objects.values_list("at", flat=True).first()


def behind() -> int:
    """How many sealed entries are not in the figures yet, where that is more than beat leaves."""
    known = Counted.objects.values_list("entries", flat=True).first() or 0
    sealed = Seal.objects.order_by("-number").values_list("size", flat=True).first() or 0
    return sealed - known if sealed - known > sealing.MOST_AT_ONCE else 0


def period(days: int) -> Period | None:
    """The newest days with figures; None before there are any."""
    until = Counted.objects.values_list("day", flat=True).first()
    return Period(until - timedelta(days=days - 1), until) if until else None


def overview() -> list[Chart]:
    """Everything of the last days; none before anything was counted."""
    over = period(RANGES[0])
    return chart_of_each(Asked(), over) if over else []


def chart_of_each(asked: Asked, over: Period) -> list[Chart]:
    """A chart for each event."""
    kind, keys = asked.about
    found = DailyFigure.objects.filter(
        kind=kind, key__in=keys, event__in=EVENTS, day__range=(over.since, over.until)
    )
    sums: Counter[tuple[str, int]] = Counter()
    for event, day, count in found.values_list("event", "day", "count"):
        sums[event, (day - over.since).days // over.step] += count
    shown = [event for event in EVENTS if not asked.wording or event not in _BEFORE_WORDS]
    return [_chart(event, asked, over, sums) for event in shown]


def _chart(event: str, asked: Asked, over: Period, sums: Mapping[tuple[str, int], int]) -> Chart:
    numbers = [
        Number(
            sums.get((event, place), 0),
            _day_words(first, last),
            link_to(event, first, last, asked.filters),
        )
        for place, (first, last) in enumerate(over.bars())
    ]
    total = sum(number.count for number in numbers)
    top = max(numbers, key=lambda number: number.count)
    per = "day" if over.step == 1 else "week"
    label = LABELS[event]
    svg = charts.bars(
        name=f"chart-{event}",
        title=f"{label}, by {per}",
        description=f"{total:,} in {over.days} days; at most {top.count:,} in a {per} ({top.words}).",
        of=[
            charts.Bar(number.count, number.words, open=number is numbers[-1]) for number in numbers
        ],
    )
    return Chart(
        event=event,
        label=label,
        meaning=MEANINGS[event],
        total=Number(total, label, link_to(event, over.since, over.until, asked.filters)),
        rows=numbers[::-1],
        top=top if top.count else None,
        svg=svg,
        unwelcome=event in _UNWELCOME,
    )


def link_to(event: str, since: date, until: date, filters: Mapping[str, str | int]) -> str:
    """The list of what was counted: of imports, of entries on the ledger, or of invitations."""
    begins, ends = f"{since} 00:00:00+00:00", f"{until + timedelta(days=1)} 00:00:00+00:00"
    if event == "imported" and filters.get("source") != typed.NAME:
        asked = {"finished_at__gte": begins, "finished_at__lt": ends}
        of = {"source": "source", "sender": "member"}
        asked |= {of[name]: str(value) for name, value in filters.items() if name in of}
        return f"{reverse('admin:importer_import_changelist')}?{urlencode(asked)}"
    if event in _ON_THE_LEDGER:
        asked = {"action": _ON_THE_LEDGER[event], "at__gte": begins, "at__lt": ends}
        return f"{reverse('admin:ledger_entry_changelist')}?{urlencode(asked)}"
    these = {"event": event, "since": since, "until": until, **filters}
    return f"{reverse('desk:invitations')}?{urlencode(these)}"


def greatest(kind: Kind, asked: Asked, over: Period) -> list[Ranked]:
    """The sources, senders or wordings with the most of what is asked for."""
    recent = RecentFigure.objects.filter(days=over.days, kind=kind)
    most = recent.filter(event=asked.by).order_by("-count", "-id")
    keys = list(most.values_list("key", flat=True)[:LISTED])
    sums = {
        (key, event): count
        for key, event, count in recent.filter(key__in=keys).values_list("key", "event", "count")
    }
    events = [one for one in EVENTS if kind != Kind.WORDING or one not in _BEFORE_WORDS]
    ranked = []
    for name, key, filters in _named(kind, keys):
        numbers = [
            (
                event,
                Number(
                    sums.get((key, event), 0),
                    LABELS[event],
                    link_to(event, over.since, over.until, filters) if filters else "",
                ),
            )
            for event in events
        ]
        sender = filters.get("sender")
        ranked.append(
            Ranked(
                name=name,
                query=urlencode({"days": over.days, **filters}) if filters else "",
                page=reverse("desk:sender", args=[sender]) if sender else "",
                numbers=numbers,
            )
        )
    return ranked


def _named(kind: Kind, keys: list[str]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Each key with its name, and the filter that stands for it; none where nobody knows whose it is."""
    if kind == Kind.SOURCE:
        books = dict(waiting.sources())
        yield from ((books.get(key, key), key, {"source": key}) for key in keys)
    elif kind == Kind.WORDING:
        yield from ((first_words(key) or f"Erased ({key})", key, {"wording": key}) for key in keys)
    else:
        members = subjects.members(UUID(hex=key) for key in keys)
        known = User.objects.in_bulk(members.values())
        for key in keys:
            member = known.get(members.get(UUID(hex=key), 0))
            if member is None:
                yield "a closed account", key, {}
            else:
                yield waiting.person(member), key, {"sender": member.pk}


def first_words(wording: str) -> str:
    """How a note begins, from one of the newest mails that have it; "" once they are erased."""
    newest = Invitation.objects.filter(wording=wording).order_by("-id")[:LISTED]
    mail = (
        PreparedMail.objects.filter(invitation_id__in=newest.values("id"))
        .select_related("invitation")
        .order_by("-invitation_id")
        .first()
    )
    if mail is None:
        return ""
    words = stored_mail.words_in(bytes(mail.raw)).removeprefix(mail.invitation.own_line).split()
    return "“" + " ".join(words[:9]) + ("…”" if len(words) > 9 else "”")


def steps(over: Period) -> list[Step]:
    """How many members came by each step for the first time, and how many of those went on."""
    came, went_on = (_sums(kind, over) for kind in (Kind.CAME, Kind.WENT_ON))
    found = []
    for step, words in first_times.WORDS.items():
        first = Number(came.get(step, 0), words, _link_to_members(step, over))
        then = Number(went_on.get(step, 0), words, _link_to_members(step, over, went_on="on"))
        bar = charts.share(then.count, first.count)
        found.append(Step(first, then if step != STEPS[-1] else None, bar))
    return found


def _link_to_members(step: str, over: Period, **more: str) -> str:
    asked = {"step": step, "since": over.since, "until": over.until, **more}
    return f"{reverse('desk:members')}?{urlencode(asked)}"


def instead(over: Period) -> list[Number]:
    """What members did in the place of going on."""
    sums = _sums(Kind.ALL, over)
    return [
        Number(sums.get(event, 0), words, link_to(event, over.since, over.until, {}))
        for event, words in _INSTEAD.items()
    ]


def undone_after(over: Period) -> list[tuple[Number, SafeString]]:
    """How long after confirming senders took mails back, and each one's part of all."""
    found = DailyFigure.objects.filter(
        kind=Kind.AFTER, key__in=WAITED, event="undone", day__range=(over.since, over.until)
    )
    sums = dict(found.values_list("key").annotate(Sum("count")))
    whole = sum(sums.values())
    numbers = [
        Number(sums.get(key, 0), words, link_to("undone", over.since, over.until, {"waited": key}))
        for key, words in WAITED.items()
    ]
    return [(number, charts.share(number.count, whole)) for number in numbers]


def _sums(kind: Kind, over: Period) -> dict[str, int]:
    found = DailyFigure.objects.filter(kind=kind, key="", day__range=(over.since, over.until))
    return dict(found.values_list("event").annotate(Sum("count")))


def _day_words(first: date, last: date) -> str:
    if first == last:
        return words_of(first, "D j M")
    begins = words_of(first, "j" if first.month == last.month else "j M")
    return f"{begins}–{words_of(last, 'j M Y')}"

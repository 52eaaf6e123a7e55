"""The list behind every number: invitations, or what happened to them, by day, source, sender, …

Its address is `/admin/audit/invitations/?…`, and nothing in it is personal data. All of these are
optional, and any of them go together:

    event    a key of EVENTS: what happened. Without it the list is of all invitations, by when they
             were chosen; with it, of everything of that kind that happened, by when it did
    since    a day like 2026-11-03 (UTC): on it or later
    until    the same: on it or earlier
    state    a value of consent.State: how the invitation stands now
    source   the name of an address book, or `typed`
    sender   the id of a member
    wording  an Invitation.wording: the same for everybody to whom the same note was confirmed
    reason   a key of REASONS: why it happened. It brings its event with it
    waited   a key of WAITED: how long after confirming the sender took it back; brings that event, too
    before, after  where the page begins

No filter is allowed to read the whole table: see ledger/keyset.py. Days are found by halving, a sender
and a wording by index; for the others a page looks through so many rows, and says how far it looked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Subquery

from invites.actions import counting
from invites.desk.days import Days
from invites.desk.waiting import sources
from invites.models import Invitation
from invites.steps import in_words
from ledger import keyset
from ledger.keyset import Page, Place
from ledger.models import Entry

A_PAGE = 50
INVITATIONS_READ = 10_000  # that one page looks through, at most
ENTRIES_READ = 20_000
# Of these, how many of the kind that is asked for are held against the other filters.
STEPS_READ = 500
OF_ONE_READ = 1_000  # invitations of one sender or wording


@dataclass(frozen=True, slots=True)
class Event:
    """Something that can happen to an invitation: entries of these actions, with these facts."""

    label: str
    actions: tuple[str, ...]
    facts: dict[str, Any] | None = None

    def is_it(self, facts: dict[str, Any]) -> bool:
        """Whether an entry of one of the actions is one of these."""
        return all(facts.get(name) == value for name, value in (self.facts or {}).items())


def _answer(label: str, kind: str) -> Event:
    return Event(label, ("invitation.answered",), {"answer": kind})


EVENTS = {
    "chosen": Event("Chosen", ("invitation.chosen",)),
    "unchosen": Event("Taken out of a draft again", ("invitation.unchosen",)),
    "set_aside": Event("Set aside on the card", ("invitation.set_aside",)),
    "reviewed": Event("Reviewed", ("invitation.reviewed",)),
    "confirmed": Event("Confirmed", ("invitation.confirmed",)),
    "undone": Event("Taken back before it left", ("invitation.cancelled",)),
    "sent": Event("Sent", ("invitation.sent", "invitation.arrived")),
    "requested": Event("Asked inside the site", ("invitation.requested",)),
    "postponed": Event("Postponed by the mail server", ("invitation.postponed",)),
    "failed": Event("Refused by the mail server", ("invitation.failed",)),
    "unknown": Event("Unknown whether it arrived", ("invitation.unknown",)),
    "bounced": Event("Came back", ("invitation.bounced",)),
    "blocked": Event("Blocked at the last look", ("invitation.blocked",)),
    "refused": Event("Refused, since the rule did not hold", ("invitation.refused",)),
    "expired": Event("Too late to be sent", ("invitation.expired",)),
    "withdrawn": Event("Withdrawn after it had left", ("invitation.withdrawn",)),
    "accepted": Event("Accepted", ("invitation.accepted",)),
    "declined": _answer("“No, thanks”", "declined"),
    "not_how": _answer("“That isn’t how we know each other”", "not_how"),
    "dont_know": _answer("“I don’t know this person”", "dont_know"),
    "complained": Event("Complained", ("invitation.reported", "invitation.complained")),
    "stopped": Event("Stopped all invitations", ("invitation.stopped",)),
    "erased": Event("Erased at the recipient’s word", ("invitation.erased_at_word",)),
}  # fmt: skip
# Why it happened, as the ledger's facts have it, under the event that it is a reason for.
REASONS: dict[str, tuple[str, Event]] = {
    "undone.sender": ("undone", Event("The sender took it back", (), {"why": "taken back"})),
    "undone.not_me": ("undone", Event("“This wasn’t me”", (), {"why": "not me"})),
    "undone.erased": ("undone", Event("Somebody was erased", (), {"why": "erased"})),
    "bounced.hard": ("bounced", Event("Nobody is there", (), {"hard": True})),
    "bounced.soft": ("bounced", Event("For a time, or by its content", (), {"hard": False})),
    "complained.page": ("complained", Event("On the invitation’s page", ("invitation.reported",))),
    "complained.program": (
        "complained", Event("In their mail program", ("invitation.complained",)),
    ),
}  # fmt: skip
# By the least number of seconds.
WAITED = dict(
    zip(
        map(str, counting.AFTER),
        ("within a minute", "after 1 to 5 minutes", "after 5 to 30 minutes",
         "after half an hour to a day", "later"),
        strict=True,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is to show; empty means: whatever."""

    event: str = ""
    since: date | None = None
    until: date | None = None
    state: str = ""
    source: str = ""
    sender: int | None = None
    wording: str = ""
    reason: str = ""
    waited: str = ""

    @property
    def happened(self) -> Event | None:
        """The event, narrowed by the reason. A reason and a wait bring their event with them."""
        kind, why = REASONS.get(self.reason, ("undone" if self.waited else self.event, None))
        event = EVENTS.get(kind)
        if event is None or why is None:
            return event
        return Event(event.label, why.actions or event.actions, why.facts)

    @property
    def days(self) -> Days:
        """When it happened."""
        return Days(self.since, self.until)

    @property
    def is_narrow(self) -> bool:
        """Whether anything is asked for at all."""
        return self != Asked()

    @property
    def in_words(self) -> str:
        """As in “Sent · since 3 November 2026 · now failed · from Google contacts”."""
        happened = self.happened
        why = REASONS[self.reason][1].label if self.reason else ""
        waited = WAITED.get(self.waited, "")
        said = [happened.label if happened else "All invitations", why, waited, self.days.in_words]
        book = dict(sources()).get(self.source, self.source)
        said += [f"now {self.state}" * bool(self.state), f"from {book}" * bool(book)]
        said.append(f"with the wording {self.wording}" * bool(self.wording))
        return " · ".join(one for one in said if one)

    @property
    def about_it(self) -> Q:
        """What must be true of the invitation itself."""
        known = {"state": self.state, "source": self.source}
        return self.of_one & Q(**{name: value for name, value in known.items() if value})

    @property
    def of_one(self) -> Q:
        """The part of it that an index leads to."""
        known = {"sender": self.sender, "wording": self.wording}
        return Q(**{name: value for name, value in known.items() if value})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list. `invitation` is None where a draft was given up since."""

    at: datetime
    what: str
    invitation: Invitation | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of lines, where its neighbours begin, and how far it looked if that was not the end."""

    lines: list[Line]
    older: int | None
    newer: int | None
    looked_to: datetime | None = None


def listed(asked: Asked, place: Place, size: int | None = None) -> Listed:
    """A page of the list, the newest first: A_PAGE lines, or as many as an export takes at once."""
    event, size = asked.happened, size or A_PAGE
    if event is None or asked.of_one:
        return _invitations(asked, event, place, size)
    return _steps(asked, event, place, size)


def _invitations(asked: Asked, event: Event | None, place: Place, size: int) -> Listed:
    """By when people were chosen: their keys grow with that."""
    rows = _shown().filter(asked.about_it)
    span = None
    if event is None:
        span = asked.days.keys(Invitation, "chosen_at")
        rows = rows.filter(asked.days.within("chosen_at"))
    else:
        # Of one sender or wording. What happened to each of their invitations is found by index.
        facts = {f"facts__{name}": value for name, value in (event.facts or {}).items()}
        its = Entry.objects.filter(
            asked.days.within("at"), subject=OuterRef("uid"), action__in=event.actions, **facts
        )
        if asked.waited:
            its = its.filter(facts__why__in=counting.BY_SENDER)
        first = its.values("subject").annotate(first=Min("at")).values("first")
        rows = rows.filter(Exists(its)).annotate(happened=Subquery(first))
    found = keyset.page(
        rows,
        place=place,
        size=size,
        span=span,
        window=OF_ONE_READ if asked.of_one else INVITATIONS_READ,
        among=Invitation.objects.filter(asked.of_one) if asked.of_one else None,
    )
    shown = found.rows
    if asked.waited:
        happened: dict[UUID, datetime] = {one.uid: one.happened for one in shown}  # type: ignore[attr-defined]
        fitting = _after_confirming(int(asked.waited), happened)
        shown = [one for one in shown if one.uid in fitting]
    lines = [
        Line(getattr(one, "happened", one.chosen_at), event.label if event else "Chosen", one)
        for one in shown
    ]
    return _page(lines, found, place, size, "chosen_at", Invitation)


def _steps(asked: Asked, event: Event, place: Place, size: int) -> Listed:
    """By when something happened: the ledger has every time it did, in that order."""
    wanted = asked.about_it
    entries = Entry.objects.filter(asked.days.within("at"), action__in=event.actions)
    found = keyset.page(
        entries,
        place=place,
        size=max(size, STEPS_READ) if wanted or asked.waited or event.facts else size,
        window=ENTRIES_READ,
        span=asked.days.keys(Entry, "at"),
    )
    steps = [step for step in found.rows if event.is_it(step.facts)]
    if asked.waited:
        by_sender = [step for step in steps if step.facts.get("why") in counting.BY_SENDER]
        soon = _after_confirming(int(asked.waited), {step.subject: step.at for step in by_sender})
        steps = [step for step in by_sender if step.subject in soon]
    if wanted:
        fitting = set(
            Invitation.objects.filter(wanted, uid__in=[step.subject for step in steps])
            .values_list("uid", flat=True)
        )  # fmt: skip
        steps = [step for step in steps if step.subject in fitting]
    if len(steps) > size:
        found = _cut(found, steps, place, size)
        steps = found.rows
    invitations = _shown().in_bulk([step.subject for step in steps], field_name="uid")
    lines = [
        Line(step.at, in_words(step.action, step.facts), invitations.get(step.subject))
        for step in steps
    ]
    return _page(lines, found, place, size, "at", Entry)


def _after_confirming(least: int, happened: dict[UUID, datetime]) -> set[UUID]:
    """Of these invitations those to which it happened so many seconds after they were confirmed."""
    confirmed = Entry.objects.filter(subject__in=list(happened), action="invitation.confirmed")
    return {
        uid
        for uid, at in confirmed.values_list("subject", "at")
        if counting.least_seconds((happened[uid] - at).total_seconds()) == least
    }


def _cut(found: Page[Entry], steps: list[Entry], place: Place, size: int) -> Page[Entry]:
    """The page's end at which it began, where more was found than it has room for."""
    if place.after is None:
        kept = steps[:size]
        return Page(kept, kept[-1].pk, found.newer)
    kept = steps[-size:]
    return Page(kept, found.older, kept[0].pk)


def _page(
    lines: list[Line], found: Page[Any], place: Place, size: int, field: str, model: Any
) -> Listed:
    """With the moment at which the looking stopped, if there is more beyond it."""
    reached = found.newer if place.after is not None else found.older
    looked_to = None
    if len(lines) < size and reached is not None:
        there = model.objects.filter(pk__gte=reached).order_by("pk")
        looked_to = there.values_list(field, flat=True).first()
    return Listed(lines, found.older, found.newer, looked_to)


def _shown() -> QuerySet[Invitation]:
    return Invitation.objects.select_related("sender")


def known_reasons() -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """The reasons, as choices, under the events that they are reasons for."""
    for kind, event in EVENTS.items():
        choices = [(code, why.label) for code, (of, why) in REASONS.items() if of == kind]
        if choices:
            yield event.label, choices

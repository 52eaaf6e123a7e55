"""What needs a person, the longest waiting first. Reads only, and only so many rows of anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from importer.sources import typed
from invites import scopes, stored_mail
from invites.actions import holding
from invites.consent import State
from invites.models import Batch, Hold, Invitation, PreparedMail
from invites.recipients.models import Case
from invites.staff_models import Reopening, ReopeningState
from ledger import clock

COMPLAINTS = 200  # the oldest; the others come up when these are answered
LISTED = 20
UNKNOWN_DAYS = 7  # a delivery report that comes at all comes by then


@dataclass(frozen=True, slots=True)
class Complaint:
    """One report, and what it is about."""

    case: Case
    invitation: Invitation


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a complaint is about, the hold on them, and the proposal to lift it.

    `by_two`: as of an OpenHold. Staff can have stopped again whom two of them had let go on.
    """

    member: User
    hold: Hold | None = None
    proposal: Reopening | None = None
    by_two: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Complaints about one note, whoever sent it: they are looked at once.

    `mail` is one of those with this note; None once all of them are erased.
    """

    complaints: list[Complaint]
    senders: list[Sender]
    due: datetime
    late: bool
    mail: stored_mail.StoredMail | None

    @property
    def running(self) -> list[User]:
        """Who is not on hold."""
        return [one.member for one in self.senders if one.hold is None]

    @property
    def stopped_at(self) -> datetime | None:
        """When the last of the senders was put on hold; None: not all of them are."""
        placed = [one.hold.placed_at for one in self.senders if one.hold]
        return max(placed) if len(placed) == len(self.senders) else None

    @property
    def owners(self) -> list[User]:
        """Who of the staff has taken any of it."""
        found = {one.case.owner_id: one.case.owner for one in self.complaints}
        return [owner for owner in found.values() if owner]

    @property
    def ids(self) -> list[int]:
        """Of the reports."""
        return [one.case.pk for one in self.complaints]

    @property
    def waiting_since(self) -> datetime:
        """Since the oldest complaint."""
        return self.complaints[0].case.opened_at

    @property
    def sum(self) -> str:
        """As in “14 complaints · 2 senders · 1 note”."""
        parts = [_counted(len(self.complaints), "complaint"), _counted(len(self.senders), "sender")]
        return " · ".join([*parts, "1 note" if self.mail else "the note is erased"])

    @property
    def who(self) -> str:
        """Who is on hold, and the verb, in words."""
        return {1: "The sender has", 2: "Both have"}.get(len(self.senders), "All have")


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A hold, and what it keeps back, in words. `member` and `batch` when it is theirs.

    `by_two`: somebody complained about the sender, so that two people lift it.
    """

    hold: Hold
    what: str
    member: User | None = None
    batch: Batch | None = None
    by_two: bool = False
    proposal: Reopening | None = None


def complaints() -> tuple[list[Group], bool]:
    """Open cases by note, the longest waiting first, and whether there are more than were read."""
    cases = list(_cases().filter(decided_at=None)[: COMPLAINTS + 1])
    return _grouped(cases[:COMPLAINTS]), len(cases) > COMPLAINTS


def group_of(case: Case) -> Group:
    """All open complaints about the same note; one that is decided stands alone."""
    if case.decided_at is None:
        for group in complaints()[0]:
            if case.pk in group.ids:
                return group
    (group,) = _grouped(list(_cases().filter(pk=case.pk)))
    return group


def _cases() -> QuerySet[Case]:
    return Case.objects.select_related("invitation__sender", "invitation__batch", "owner").order_by(
        "opened_at", "id"
    )


def _grouped(cases: list[Case]) -> list[Group]:
    by_note: dict[str, list[Complaint]] = {}
    for case in cases:
        one = Complaint(case, case.invitation)
        by_note.setdefault(_note(case.invitation), []).append(one)
    kept = PreparedMail.objects.filter(invitation__in=[case.invitation_id for case in cases])
    there = set(kept.values_list("invitation", flat=True))
    shown = [
        next((one.case.invitation_id for one in found if one.case.invitation_id in there), 0)
        for found in by_note.values()
    ]
    raws = dict(kept.filter(invitation__in=shown).values_list("invitation", "raw"))
    mails = [stored_mail.read(bytes(raws[pk])) if pk else None for pk in shown]
    senders = [scopes.of_sender(case.invitation.sender_id) for case in cases]
    holds = described(list(Hold.objects.filter(lifted_at=None, scope__in=senders)))
    held = {one.hold.scope: one for one in holds}
    now = clock.now()
    return [
        _group(found, mail, held, now) for found, mail in zip(by_note.values(), mails, strict=True)
    ]


def proposed(holds: list[int]) -> QuerySet[Reopening]:
    """What waits for a second person, of these holds."""
    waiting = Reopening.objects.filter(hold_id__in=holds, state=ReopeningState.PROPOSED)
    return waiting.select_related("proposed_by")


def to_agree() -> list[OpenHold]:
    """Holds that one of the staff proposes to lift, the longest waiting first. At most LISTED."""
    waiting = Reopening.objects.filter(state=ReopeningState.PROPOSED).order_by("proposed_at", "id")
    return described([one.hold for one in waiting.select_related("hold")[:LISTED]])


def _note(invitation: Invitation) -> str:
    """What makes two complaints one: the same note, whatever line was this person's alone."""
    return f"note {invitation.wording}" if invitation.wording else f"sender {invitation.sender_id}"


def _group(
    found: list[Complaint],
    mail: stored_mail.StoredMail | None,
    held: dict[str, OpenHold],
    now: datetime,
) -> Group:
    members = {one.invitation.sender_id: one.invitation.sender for one in found}
    senders = []
    for member in members.values():
        on = held.get(scopes.of_sender(member.pk))
        senders.append(Sender(member, on.hold, on.proposal, on.by_two) if on else Sender(member))
    due = one_working_day_after(found[0].case.opened_at)
    return Group(complaints=found, senders=senders, due=due, late=due < now, mail=mail)


def one_working_day_after(moment: datetime) -> datetime:
    """The same time on the next working day; what comes in at a weekend counts from Monday's start."""
    local = timezone.localtime(moment)
    if local.weekday() >= 5:
        monday = local + timedelta(days=7 - local.weekday())
        local = monday.replace(hour=0, minute=0, second=0, microsecond=0)
    after = local + timedelta(days=1)
    return after + timedelta(days=2) if after.weekday() == 5 else after


def holds() -> tuple[list[OpenHold], bool]:
    """Open holds, the oldest first, and whether there are more."""
    found = list(Hold.objects.filter(lifted_at=None).order_by("placed_at", "id")[: LISTED + 1])
    return described(found[:LISTED]), len(found) > LISTED


def described(found: Iterable[Hold]) -> list[OpenHold]:
    """Each with what it keeps back."""
    found = list(found)
    named = [scopes.read(hold.scope) for hold in found]
    members = User.objects.in_bulk([int(name) for kind, name in named if kind == scopes.SENDER])
    batches = Batch.objects.select_related("sender").in_bulk(
        [int(name) for kind, name in named if kind == scopes.BATCH]
    )
    ids = [hold.pk for hold in found]
    by_two = holding.by_two(ids)
    proposals = {one.hold_id: one for one in proposed(ids)}
    said = []
    for hold, (kind, name) in zip(found, named, strict=True):
        member = members.get(int(name)) if kind == scopes.SENDER else None
        batch = batches.get(int(name)) if kind == scopes.BATCH else None
        what = in_words(hold.scope, member, batch)
        proposal = proposals.get(hold.pk)
        said.append(OpenHold(hold, what, member, batch, hold.pk in by_two, proposal))
    return said


def in_words(scope: str, member: User | None = None, batch: Batch | None = None) -> str:
    """What a hold on this keeps back."""
    kind, name = scopes.read(scope)
    if kind == scopes.SENDER:
        return f"Everything from {person(member)}" if member else "A member who is gone"
    if kind == scopes.BATCH and batch:
        return f"The batch {batch.short_fingerprint} of {person(batch.sender)}"
    if kind == scopes.SOURCE:
        return f"Everybody from {dict(sources()).get(name, name)}"
    return "The whole site"


def sources() -> list[tuple[str, str]]:
    """The address books of the site, and typed addresses, by name and label."""
    books = [(name, source.book) for name, source in settings.SOURCES.items()]
    return [*books, (typed.NAME, "typed addresses")]


def person(member: User) -> str:
    """A member's name; who has none has an address."""
    return member.get_full_name() or member.email or "a closed account"


def unknown() -> tuple[list[Invitation], bool]:
    """Mails of the last days of which nobody knows whether they arrived, and whether there are more."""
    since = clock.now() - timedelta(days=UNKNOWN_DAYS)
    found = list(
        Invitation.objects.filter(state=State.UNKNOWN, finished_at__gt=since)
        .select_related("sender")
        .order_by("finished_at")[: LISTED + 1]
    )
    return found[:LISTED], len(found) > LISTED


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

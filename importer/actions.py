"""What a member can do with address books: one function per use case, each on the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef

from importer import addresses, cleaning, directory, grants, oauth, reading, storing
from importer.addresses import REFUSALS
from importer.cleaning import CleanPerson
from importer.models import (
    GOING_ON,
    OPEN,
    AwaitedFile,
    Contact,
    ContactAddress,
    Grant,
    Import,
    ImportState,
    LastClick,
    LeftOut,
    MergedEntry,
    Purpose,
    Upload,
)
from importer.oauth import NotConnected, Question
from importer.sources import KINDS, typed
from importer.sources.contract import Source
from ledger import clock, entries, subjects
from ledger.entries import Event, Fact

# Trying again from the stored cursor can't help after these; a new import starts at the front.
_START_OVER = {"cursor_refused", "looped", "too_many_pages"}


@dataclass(frozen=True, slots=True)
class Erased:
    """What one erasing took away. `accesses` are those to address books that it ended."""

    people: int
    addresses: int
    files: int
    accesses: int


class ServerNeeded(Exception):
    """Nobody but the member knows the server: a page has to ask. Has what the page needs to go on."""

    def __init__(self, source: str, purpose: Purpose, continues: str) -> None:
        super().__init__(source)
        self.source, self.purpose, self.continues = source, purpose, continues


class CannotInvite(ValueError):
    """The typed address is one, but can't be invited; the message says why."""


def begin_connection(
    *,
    member: AbstractBaseUser,
    source: str,
    continues: str = "",
    purpose: Purpose = Purpose.READ,
) -> tuple[str, Question]:
    """The address of the provider's consent screen, and what the session keeps until the answer.

    Raises KeyError for a source that this site does not offer for this purpose, and ServerNeeded for
    one without a consent screen.
    """
    found = oauth.configured()[source]
    if purpose is Purpose.LOOK_UP and KINDS[found.kind].search is None:
        raise KeyError(source)
    if found.by_member:
        raise ServerNeeded(source, purpose, continues)
    touch(member)
    return oauth.ask(found, member.pk, continues, purpose)


def finish_connection(
    *, member: AbstractBaseUser, question: Question | None, answer: Mapping[str, str]
) -> Import:
    """Turns a provider's answer into an import that a worker reads, or into a look-up that waits for
    the member's words. Raises NotConnected.

    `question` is what the session kept, or None when it kept nothing.
    """
    source = oauth.configured().get(question.source) if question else None
    if question is None or source is None or question.member != member.pk:
        raise NotConnected("not_expected")
    token = oauth.exchange(source, question, oauth.check_answer(source, question, answer))
    return begin(
        member=member,
        source=source,
        label=source.book,
        token=token,
        purpose=Purpose(question.purpose),
        continues=question.continues,
    )


def begin(
    *,
    member: AbstractBaseUser,
    source: Source,
    label: str,
    token: grants.Token,
    purpose: Purpose,
    continues: str,
) -> Import:
    """Begins an import, or goes on with one that `continues` names; or begins a look-up."""
    try:
        with transaction.atomic():
            at = clock.now()
            run = _half_read(member, source, continues) or Import(
                member_id=member.pk,
                source=source.name,
                source_label=label,
                purpose=purpose,
                created_at=at,
            )
            is_look_up = run.purpose == Purpose.LOOK_UP
            run.state = ImportState.LOOKING if is_look_up else ImportState.WAITING
            run.error, run.attempts = "", 0
            run.not_before = run.finished_at = None
            run.revocation = ""
            run.save()
            grants.keep(run, token, at)
            action = "look_up.connected" if is_look_up else "import.connected"
            _record(action, member, **{"import": str(run.uid), "source": source.name})
            transaction.on_commit(lambda: reading.nudge(run.pk))
    except DatabaseError:
        # Nobody would remember this access, so it must not live.
        oauth.revoke(source, token)
        raise
    return run


def retry_import(*, member: AbstractBaseUser, run: Import) -> tuple[str, Question] | None:
    """Goes on with a failed import: at once while its access lasts, else after asking again.

    Returns None when it goes on, else what `begin_connection` returns, or raises what that raises.
    """
    with transaction.atomic():
        touch(member)
        storing.lock_member(member.pk)
        at = clock.now()
        lasting = Grant.objects.filter(import_run=run, ends_at__gt=at).exists()
        if lasting and run.error not in _START_OVER:
            changed = Import.objects.filter(pk=run.pk, state=ImportState.FAILED).update(
                state=ImportState.WAITING, error="", attempts=0, not_before=None, finished_at=None
            )
            if changed:
                _record("import.retried", member, **{"import": str(run.uid)})
                transaction.on_commit(lambda: reading.nudge(run.pk))
            return None
    continues = "" if run.error in _START_OVER else str(run.uid)
    return begin_connection(member=member, source=run.source, continues=continues)


def stop_import(*, member: AbstractBaseUser, run: Import) -> None:
    """Stops reading and ends the access; what was read is kept. Twice is the same as once."""
    with transaction.atomic():
        touch(member)
        storing.lock_member(member.pk)
        at = clock.now()
        going_on = list(Import.objects.filter(pk=run.pk, state__in=GOING_ON))
        reading.end_by_member(going_on, at)
        # After a failure the access may still be kept for another try.
        Grant.objects.filter(import_run=run, ends_at__gt=at).update(ends_at=at)
        transaction.on_commit(lambda: reading.nudge(run.pk))


def add_typed(*, member: AbstractBaseUser, name: str, address: str) -> tuple[Contact, bool]:
    """Adds a person whom the member types; returns the contact, and whether it is a new one.

    Raises NotAnAddress or CannotInvite with a sentence for the form.
    """
    read = addresses.read(address)
    if read.refusal:
        raise CannotInvite(f"{REFUSALS[read.refusal]}. It can’t be invited.")
    person = CleanPerson(
        key="",
        name=cleaning.cut(name, cleaning.LONGEST_TEXT),
        company="",
        title="",
        phone_country="",
        stale=False,
        addresses=(read,),
        left_out=(),
    )
    with transaction.atomic():
        touch(member)
        storing.lock_member(member.pk)
        book = storing.Book(member.pk, typed.NAME, typed.BOOK, None, clock.now())
        counts, contacts = storing.store(book, [person], first_number=1)
        _record("contact.typed", member, kept=counts.kept, merged=counts.merged)
    return contacts[0], counts.kept == 1


def touch(member: AbstractBaseUser) -> None:
    """Records that the member did something (a POST): what was read is kept a day from now."""
    LastClick.objects.bulk_create(
        [LastClick(member_id=member.pk, at=clock.now())],
        update_conflicts=True,
        unique_fields=["member"],
        update_fields=["at"],
    )


def held(member: AbstractBaseUser) -> int:
    """How many people we hold from this member's address books, typed ones included."""
    return Contact.objects.filter(member_id=member.pk).count()


def forget_contacts(
    member: AbstractBaseUser,
    keep: Collection[int] = (),
    *,
    why: str = "asked",
    copied: Collection[int] = (),
    facts: Mapping[str, Fact] | None = None,
) -> Erased:
    """Erases the member's people but those in `keep` (contact ids); returns what was erased.

    Who is in `copied` goes from the address book too, but lives on elsewhere, and is not counted.
    Imports that go on are stopped, and their access is ended by a worker: it is revoked, then
    deleted. `why` stands in the ledger, with `facts`: asked, confirmed, idle or age.
    """
    return _forget(member.pk, keep, why, copied=copied, facts=facts)


def forget_contacts_of(member_id: int) -> Erased:
    """As `forget_contacts`, for somebody whose account is being erased."""
    return _forget(member_id, (), "erased")


def forget_overdue() -> int:
    """Erases people whose time is over; returns how many. For beat.

    All of a member CONTACT_IDLE_HOURS after the last click, anybody CONTACT_HOURS after being read.
    Who was chosen lives on in the draft, which has a copy of what it needs.
    """
    now = clock.now()
    idle_since = now - timedelta(hours=settings.CONTACT_IDLE_HOURS)
    too_old = now - timedelta(hours=settings.CONTACT_HOURS)
    theirs = Contact.objects.filter(member_id=OuterRef("member_id"))
    silent = LastClick.objects.filter(Exists(theirs), at__lt=idle_since)
    idle = set(silent.values_list("member_id", flat=True))
    old = Contact.objects.order_by().filter(created_at__lt=too_old)
    aged = set(old.values_list("member_id", flat=True).distinct())
    people = 0
    for member_id in sorted(idle):
        people += _forget(member_id, (), "idle").people
    for member_id in sorted(aged - idle):
        people += _forget(member_id, (), "age", read_before=too_old).people
    return people


def _forget(
    member_id: int,
    keep: Collection[int],
    why: str,
    read_before: datetime | None = None,
    copied: Collection[int] = (),
    facts: Mapping[str, Fact] | None = None,
) -> Erased:
    """Erases a member's people, all or those read before a moment, but for `keep`."""
    with transaction.atomic():
        storing.lock_member(member_id)
        at = clock.now()
        runs = Import.objects.filter(member_id=member_id)
        if read_before is not None:
            runs = runs.filter(created_at__lt=read_before)
        ending = Grant.objects.filter(import_run__in=runs, ends_at__gt=at)
        accesses = list(ending.values_list("import_run_id", flat=True))
        if read_before is None:
            going_on = list(runs.filter(state__in=OPEN))
            uploads = Upload.objects.filter(member_id=member_id)
            files = uploads.count()
            reading.end_by_member(going_on, at)
            uploads.delete()
            if why in ("asked", "erased"):
                AwaitedFile.objects.filter(member_id=member_id).delete()
        else:
            going_on, files = [], 0
        directory.drop(member_id)
        erased = Contact.objects.filter(member_id=member_id).exclude(pk__in=keep)
        left_out = LeftOut.objects.filter(member_id=member_id)
        merged = MergedEntry.objects.filter(member_id=member_id)
        if read_before is not None:
            erased = erased.filter(created_at__lt=read_before)
            left_out = left_out.filter(import_run__created_at__lt=read_before)
            merged = merged.filter(import_run__created_at__lt=read_before)
        people = erased.exclude(pk__in=copied).count()
        left_out.delete()
        merged.delete()
        of_them = ContactAddress.objects.filter(contact__in=erased)
        addresses_ = of_them.exclude(contact__in=copied).count()
        of_them.delete()
        erased.delete()
        to_end = {*accesses, *(run.pk for run in going_on)}
        ending.update(ends_at=at)
        runs.filter(forgotten_at=None).update(forgotten_at=at)
        gone = Erased(people, addresses_, files, len(accesses))
        if people or copied or files or to_end:
            subject = subjects.of_member(member_id)
            told = {**asdict(gone), "kept": len(keep), "why": why, **(facts or {})}
            entries.append([Event("contacts.forgotten", subject, subject, told)])
        for import_id in sorted(to_end):
            transaction.on_commit(partial(reading.nudge, import_id))
    return gone


def _half_read(member: AbstractBaseUser, source: Source, continues: str) -> Import | None:
    """The failed import that is to go on, if it is still there."""
    if not continues:
        return None
    return Import.objects.filter(
        uid=continues,
        member_id=member.pk,
        source=source.name,
        state=ImportState.FAILED,
        forgotten_at=None,
        grant=None,
    ).first()


def _record(action: str, member: AbstractBaseUser, **facts: Fact) -> None:
    subject = subjects.of_member(member.pk)
    entries.append([Event(action, subject, subject, facts)])

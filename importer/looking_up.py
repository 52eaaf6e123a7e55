"""Looking people up in an address book by the provider's own search. Only who is picked is stored.

What a search finds goes to the page and nowhere else: not into a session, a cache, a log or the
ledger. So whoever is picked is looked for again by the same words, and taken by their key: nothing
that a page sends back can make somebody up.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q

from importer import cleaning, grants, oauth, reading, storing
from importer.actions import touch
from importer.cleaning import CleanPerson
from importer.models import Contact, Grant, Import, ImportState, Purpose
from importer.sources import KINDS, connection
from importer.sources.contract import (
    MOST_FOUND,
    Access,
    AccessRevoked,
    Source,
    SourceError,
    SourcePerson,
)
from ledger import clock, entries, subjects
from ledger.entries import Event

logger = logging.getLogger(__name__)

MOST_ASKED = 30  # questions to a provider in a minute; Google allows about three times as many
LONGEST_WORDS = 100
SECONDS = 30.0  # for one search, while the member waits


class LookUpOver(Exception):
    """The access has ended: by the member's word, by the provider's, or because its hour is over."""


class AskedTooOften(Exception):
    """More than MOST_ASKED questions in a minute."""


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody whom a search has found, as they would be kept; `contact` is in no table.

    `key` names them among the results of the same words.
    """

    key: str
    person: CleanPerson
    contact: Contact


def look_up_of(*, member: AbstractBaseUser, uid: UUID) -> Import | None:
    """A look-up of this member, whether it is over or not."""
    return Import.objects.filter(uid=uid, member_id=member.pk, purpose=Purpose.LOOK_UP).first()


def grant_of(run: Import) -> Grant | None:
    """The access of a look-up while people can be looked for with it."""
    if run.state != ImportState.LOOKING:
        return None
    grant = Grant.objects.filter(import_run=run).first()
    return grant if grant is not None and grants.seconds_left(grant) > 0 else None


def make_ready(run: Import) -> None:
    """Lets the provider prepare its search, so that the first one finds. What goes wrong here is
    found out by that search, which tries it again."""
    try:
        _ask(run, "")
    except (SourceError, LookUpOver):
        logger.info("look-up %s: the provider could not be made ready", run.pk)


def find(*, member: AbstractBaseUser, run: Import, words: str) -> list[Found]:
    """Whom the provider finds by these words, MOST_FOUND at most.

    Raises LookUpOver, AskedTooOften, and SourceError for what may pass.
    """
    touch(member)
    people = [cleaning.clean(person, run.source) for person in _ask(run, words)]
    book = storing.Book(member.pk, run.source, run.source_label, run, clock.now())
    return [Found(_key(one), one, storing.as_kept(book, one)) for one in _once(people)]


def keep(*, member: AbstractBaseUser, run: Import, found: Found) -> Contact:
    """Stores one person who was picked. Raises LookUpOver.

    Call it inside a transaction that chooses them too: who can't be chosen is not kept.
    """
    touch(member)
    storing.lock_member(member.pk)
    at = clock.now()
    current = Import.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if grant_of(current) is None:
        raise LookUpOver
    book = storing.Book(member.pk, run.source, run.source_label, current, at)
    counts, [contact] = storing.store(book, [found.person], first_number=current.read + 1)
    Import.objects.filter(pk=run.pk).update(
        read=F("read") + counts.read,
        kept=F("kept") + counts.kept,
        merged=F("merged") + counts.merged,
    )
    subject = subjects.of_member(member.pk)
    entries.append([Event("look_up.picked", subject, subject, {"import": str(run.uid)})])
    return contact


def end(*, member: AbstractBaseUser, run: Import) -> None:
    """Ends a look-up; a worker ends the access at the provider. Twice is the same as once."""
    with transaction.atomic():
        touch(member)
        storing.lock_member(member.pk)
        looking = list(Import.objects.filter(pk=run.pk, state=ImportState.LOOKING))
        reading.end_by_member(looking, clock.now())
        transaction.on_commit(partial(reading.nudge, run.pk))


def _ask(run: Import, words: str) -> tuple[SourcePerson, ...]:
    """One question to the provider, with a refreshed token if need be. Outside any transaction."""
    grant = grant_of(run)
    source = oauth.configured().get(run.source)
    if grant is None or source is None:
        raise LookUpOver
    _count(grant)
    try:
        try:
            return _ask_with(reading.access_of(grant), source, grant, words)
        except AccessRevoked:
            return _ask_with(reading.refreshed(source, grant), source, grant, words)
    except AccessRevoked:
        with transaction.atomic():
            looking = Import.objects.filter(pk=run.pk, state=ImportState.LOOKING)
            reading.end_by_member(list(looking), clock.now())
            transaction.on_commit(partial(reading.nudge, run.pk))
        raise LookUpOver from None


def _ask_with(access: Access, source: Source, grant: Grant, words: str) -> tuple[SourcePerson, ...]:
    kind = KINDS[source.kind]
    if kind.search is None:
        raise LookUpOver
    with connection.opened(access, source.api_url, kind.headers, seconds=SECONDS) as server:
        if not grant.ready:
            kind.search(server, server.url, "")
            Grant.objects.filter(pk=grant.pk).update(ready=True)
            grant.ready = True
        return kind.search(server, server.url, words)[:MOST_FOUND] if words else ()


def _count(grant: Grant) -> None:
    """Counts a question. Raises AskedTooOften."""
    at = clock.now()
    mine = Grant.objects.filter(pk=grant.pk)
    minute_over = Q(asked_since=None) | Q(asked_since__lte=at - timedelta(minutes=1))
    if mine.filter(minute_over).update(asked=1, asked_since=at):
        return
    if not mine.filter(asked__lt=MOST_ASKED).update(asked=F("asked") + 1):
        raise AskedTooOften


def _once(people: Iterable[CleanPerson]) -> list[CleanPerson]:
    """Each key once: a person whom two words of theirs have found is one."""
    return list({_key(person): person for person in people}.values())


def _key(person: CleanPerson) -> str:
    """The entry's own key; where a book has none, what the entry says."""
    return person.key or sha256(repr(person).encode(errors="replace")).hexdigest()[:32]

"""Reads an address book page by page, in a worker. Nothing here can send anything.

A worker holds an import by a lease. Each page and the cursor after it are stored in one transaction
that the lease must survive, so a page is stored once, whoever dies or wakes up late. Nobody sleeps
here: whoever must wait writes `not_before` on the row and leaves; the sweep comes back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError

from importer import cleaning, grants, oauth, storing, uploads
from importer.models import (
    GOING_ON,
    Grant,
    Import,
    ImportState,
    LeftOut,
    Purpose,
    Revocation,
    Upload,
)
from importer.sources import KINDS, connection, files
from importer.sources.contract import (
    Access,
    AccessRevoked,
    AskLater,
    BadRequest,
    Page,
    Source,
    SourceError,
)
from ledger import clock, entries, subjects
from ledger.entries import Event, Fact

logger = logging.getLogger(__name__)

RUN_SECONDS = 120.0  # then another import gets its turn with this worker
WAIT_SECONDS = (2, 5, 15, 30)  # after each failed try of one page; then it ends
MOST_PAGES = 2000
REVOKE_AGAIN_SECONDS = 30


class LeaseLost(Exception):
    """Somebody else holds the import now, or the member has stopped it. Nothing was stored."""


@dataclass(slots=True)
class Run:
    """An import that this worker holds."""

    row: Import
    lease: UUID
    source: Source | None

    def mine(self) -> Q:
        """What the row must look like for this worker to write to it."""
        return Q(pk=self.row.pk, lease=self.lease)


def read_pages(*, import_id: int) -> None:
    """Reads on where the import stands, or ends its access if it is over. Safe to call at any time.

    Does nothing when another worker holds the import or it has to wait. Never raises SourceError:
    what went wrong is written on the import, for the page to say.
    """
    run = _claim(import_id)
    if run is None:
        return
    try:
        grant = Grant.objects.filter(import_run=run.row).first()
        upload = Upload.objects.filter(import_run=run.row).first()
        if run.row.going_on and run.row.member_id is not None:
            if upload is not None or files.is_file(run.row.source):
                _read_upload(run, upload)
                storing.describe_to_planner(run.row)
            elif grant is not None and grants.seconds_left(grant) > 0:
                _read(run, grant)
                storing.describe_to_planner(run.row)
            else:
                _fail(run, SourceError("out_of_time", permanent=True))
        if not run.row.going_on:
            storing.is_over(run.row)
        _end_access_if_over(run)
        _release(run)
    except LeaseLost:
        logger.info("import %s: somebody else goes on", import_id)
        return
    if run.row.going_on and run.row.not_before is None and run.row.member_id is not None:
        nudge(import_id)


def nudge(import_id: int) -> None:
    """Wakes a worker up for this import. With Redis down the import waits for the sweep."""
    try:
        current_app.send_task(
            "importer.tasks.read_import", kwargs={"import_id": import_id}, retry=False
        )
    except OperationalError:
        logger.warning("import %s: no broker, the sweep will find it", import_id)


def due() -> list[int]:
    """Ids of imports that nobody holds and that could go on, or whose access should end."""
    at = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lt=at)
    may = Q(not_before=None) | Q(not_before__lte=at)
    over = Q(grant__ends_at__lte=at) | Q(member=None)
    return list(
        Import.objects.filter(free, may, Q(state__in=GOING_ON) | over & Q(grant__isnull=False))
        .order_by("id")
        .values_list("id", flat=True)[:1000]
    )


def _claim(import_id: int) -> Run | None:
    at = clock.now()
    lease = uuid4()
    claimed = Import.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=at),
        Q(not_before=None) | Q(not_before__lte=at),
        pk=import_id,
    ).update(
        lease=lease,
        lease_until=at + timedelta(seconds=settings.LEASE_SECONDS),
        turn_at=at,
        turn_read=F("read"),
    )
    if not claimed:
        return None
    row = Import.objects.get(pk=import_id)
    return Run(row, lease, oauth.configured().get(row.source))


def _release(run: Run) -> None:
    Import.objects.filter(run.mine()).update(lease=None, lease_until=None)


def _read(run: Run, grant: Grant) -> None:
    """Pages until the last one, a fault, or the end of this worker's turn or of the access."""
    stop_at = time.monotonic() + min(RUN_SECONDS, grants.seconds_left(grant))
    try:
        if run.source is None:
            raise SourceError("source_gone", permanent=True)
        access = access_of(grant)
        while run.row.going_on and time.monotonic() < stop_at:
            try:
                _read_with(run, run.source, access, stop_at)
            except AccessRevoked:
                access = refreshed(run.source, grant)
    except AskLater as told:
        _wait_as_told(run, grant, told)
    except SourceError as error:
        _wait_or_fail(run, error)


def _read_upload(run: Run, upload: Upload | None) -> None:
    """The people of a file, as far as this worker's turn goes."""
    stop_at = time.monotonic() + RUN_SECONDS
    try:
        if upload is None or upload.ends_at <= clock.now():
            raise SourceError("file_gone", permanent=True)
        while run.row.going_on and time.monotonic() < stop_at:
            _store(run, uploads.page(upload, run.row.cursor), may_loop=False)
    except SourceError as error:
        _wait_or_fail(run, error)


def _read_with(run: Run, source: Source, access: Access, stop_at: float) -> None:
    kind = KINDS[source.kind]
    with connection.opened(access, source.api_url, kind.headers) as server:
        while run.row.going_on and time.monotonic() < stop_at:
            cursor = run.row.cursor
            if access.server:  # many questions a page; later than the lease nothing can be stored
                server.end_in(settings.LEASE_SECONDS * 0.8)
            try:
                page = kind.read_page(server, server.url, cursor)
            except BadRequest:
                if cursor:
                    raise SourceError("cursor_refused", permanent=True) from None
                raise
            _store(run, page)


def access_of(grant: Grant) -> Access:
    """What opens the address book. Raises SourceError when our key for it has changed."""
    try:
        return grants.access(grants.opened(grant))
    except grants.Unreadable:
        raise SourceError("grant_unreadable", permanent=True) from None


def refreshed(source: Source, grant: Grant) -> Access:
    """A new access token, once per grant. Raises AccessRevoked when that can't help."""
    if grant.refreshed:
        raise AccessRevoked
    token = oauth.refresh(source, grants.opened(grant))
    if not grants.replace(grant, token):
        oauth.revoke(source, token)  # the access was ended while this one was being asked for
        raise AccessRevoked
    return grants.access(token)


def _store(run: Run, page: Page, *, may_loop: bool = True) -> None:
    """One page and the cursor after it, together. Raises LeaseLost, or SourceError for a loop."""
    row = run.row
    seen = _checked_for_loops(row, page) if may_loop else []
    people = [cleaning.clean(person, row.source) for person in page.people]
    with transaction.atomic():
        at = clock.now()
        if row.member_id is None or not storing.lock_member(row.member_id):
            raise LeaseLost
        kind = oauth.kind_of(row.source)
        book = storing.Book(
            row.member_id,
            row.source,
            row.source_label,
            row,
            at,
            saved_by_itself=kind is not None and kind.saved_by_itself,
        )
        # The fence: whoever lost the lease, or was stopped, stores nothing.
        held = Import.objects.filter(run.mine(), state__in=GOING_ON, lease_until__gt=at)
        if not held.update(lease_until=at + timedelta(seconds=settings.LEASE_SECONDS)):
            raise LeaseLost
        counts = storing.store_page(book, people, first_number=row.read + 1)
        is_last = not page.next_cursor
        Import.objects.filter(pk=row.pk).update(
            cursor=page.next_cursor,
            seen=seen,
            pages=F("pages") + 1,
            read=F("read") + counts.read,
            kept=F("kept") + counts.kept,
            merged=F("merged") + counts.merged,
            left_out=F("left_out") + counts.left_out,
            estimated_total=page.total if page.total is not None else row.estimated_total,
            attempts=0,
            not_before=None,
            state=ImportState.DONE if is_last else ImportState.READING,
            finished_at=at if is_last else None,
            error="",
        )
        row.refresh_from_db()
        if is_last:
            _over(row, at, "import.done")


def _checked_for_loops(row: Import, page: Page) -> list[str]:
    """The cursors and pages seen so far, with this one. Raises SourceError for an old one."""
    if row.pages >= MOST_PAGES:
        raise SourceError("too_many_pages", permanent=True)
    marks = []
    if page.next_cursor:
        marks.append(_mark("cursor", page.next_cursor))
    if page.people:
        marks.append(_mark("page", *(repr(person) for person in page.people)))
    if page.next_cursor and (page.next_cursor == row.cursor or set(marks) & set(row.seen)):
        raise SourceError("looped", permanent=True)
    return [*row.seen, *marks]


def _mark(*parts: str) -> str:
    return sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:12]


def _wait_as_told(run: Run, grant: Grant, told: AskLater) -> None:
    at = clock.now()
    until = at + timedelta(seconds=min(told.retry_after, 24 * 3600.0))
    if until >= grant.ends_at:
        _fail(run, told)
        return
    _change(run, not_before=until, error=told.code)


def _wait_or_fail(run: Run, error: SourceError) -> None:
    if error.permanent or run.row.attempts >= len(WAIT_SECONDS):
        _fail(run, error)
        return
    wait = timedelta(seconds=WAIT_SECONDS[run.row.attempts])
    _change(run, not_before=clock.now() + wait, attempts=run.row.attempts + 1, error=error.code)


def _fail(run: Run, error: SourceError) -> None:
    """Ends the import; what was read is kept.

    After a fault that may pass, the access is kept until GRANT_MINUTES are over, so that "try
    again" goes on at once.
    """
    with transaction.atomic():
        at = clock.now()
        _change(run, state=ImportState.FAILED, error=error.code, finished_at=at, not_before=None)
        _over(run.row, at, "import.failed", keep_access=not error.permanent, problem=error.code)


def _change(run: Run, **values: object) -> None:
    if not Import.objects.filter(run.mine(), state__in=GOING_ON).update(**values):
        raise LeaseLost
    run.row.refresh_from_db()


def _over(
    row: Import, at: datetime, action: str, *, keep_access: bool = False, **facts: Fact
) -> None:
    """Marks the access for its end, deletes what a file said, and writes the ledger entry.

    In the caller's transaction.
    """
    Upload.objects.filter(import_run=row).delete()
    if not keep_access:
        Grant.objects.filter(import_run=row, ends_at__gt=at).update(ends_at=at)
    entries.append([Event(action, *_who(row), facts={**_counts(row), **facts})])


def end_by_member(rows: Iterable[Import], at: datetime) -> None:
    """Stops imports at the member's word, in the caller's transaction; workers end the access.

    A look-up has no other end: it is done.
    """
    for row in rows:
        is_look_up = row.purpose == Purpose.LOOK_UP
        Import.objects.filter(pk=row.pk).update(
            state=ImportState.DONE if is_look_up else ImportState.STOPPED,
            finished_at=at,
            lease=None,
            lease_until=None,
            not_before=None,
            error="",
        )
        row.refresh_from_db()
        _over(row, at, "look_up.ended" if is_look_up else "import.stopped")


def _end_access_if_over(run: Run) -> None:
    """Revokes at the provider, outside any transaction, then deletes the grant."""
    grant = Grant.objects.filter(import_run=run.row).first()
    at = clock.now()
    if grant is None and run.row.member_id is None:
        run.row.delete()  # it read a file of somebody who has left
        return
    if grant is None or (grant.ends_at > at and run.row.member_id is not None):
        return
    try:
        token = grants.opened(grant)
        outcome = oauth.revoke(run.source, token) if run.source else Revocation.IMPOSSIBLE
    except grants.Unreadable:
        outcome = Revocation.FAILED
    if outcome == Revocation.FAILED and at < grants.last_moment(grant):
        wait = timedelta(seconds=REVOKE_AGAIN_SECONDS)
        Import.objects.filter(run.mine()).update(not_before=at + wait)
        return
    with transaction.atomic():
        row = run.row
        if not Import.objects.filter(run.mine()).update(revocation=outcome, not_before=None):
            raise LeaseLost
        grant.delete()
        if row.state == ImportState.LOOKING:
            end_by_member([row], at)  # the hour is over, and nobody has said that they are done
        entries.append(
            [
                Event(
                    "access.ended",
                    *_who(row),
                    facts={"import": str(row.uid), "outcome": outcome.value},
                )
            ]
        )
        if row.member_id is None:
            row.delete()


def _who(row: Import) -> tuple[UUID, UUID | None]:
    """Subject and actor of an entry: the member, or after they left the import itself."""
    if row.member_id is None:
        return row.uid, None
    member = subjects.of_member(row.member_id)
    return member, member


def _counts(row: Import) -> dict[str, Fact]:
    return {
        "import": str(row.uid),
        "source": row.source,
        "pages": row.pages,
        "read": row.read,
        "kept": row.kept,
        "merged": row.merged,
        "left_out": row.left_out,
        "addresses_left_out": LeftOut.objects.filter(import_run=row, contact__isnull=False).count(),
    }

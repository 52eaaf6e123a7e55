"""Tells STAFF_WEBHOOK_URL what a person should hear of at once: numbers and a link, nobody's name.

An event is a row, written with what it is about, and posted by a worker: a restart loses none. What is
not taken is tried again, ever more rarely, under the same id; then staff see on the desk that it was not.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from invites.actions import posting
from invites.staff_models import StaffEvent
from ledger import clock

log = logging.getLogger(__name__)

# Minutes from one attempt to the next; after the last one it is given up, some 22 hours later.
WAITS = [1, 5, 30, 120, 360, 780]
FIRST_WAIT = timedelta(minutes=WAITS[0])
LATE = timedelta(minutes=10)
DAYS = 30  # afterwards an event is forgotten
AT_ONCE = 20


def tell(kind: str, path: str, /, **facts: str | int) -> None:
    """Writes down that this happened; in the caller's transaction. Nothing without STAFF_WEBHOOK_URL.

    `kind` is like `complaint.opened`; `path` leads to the desk, where the person has to sign in.
    """
    if settings.STAFF_WEBHOOK_URL:
        now = clock.now()
        told = {**facts, "link": settings.SITE_URL + path}
        StaffEvent.objects.create(kind=kind, told=told, at=now, next_try=now)


def desk() -> str:
    """The path of the desk's first page."""
    return reverse("desk:desk")


def send_pending() -> int:
    """Posts what is due, the oldest first; returns how many were taken.

    The first that is not taken ends it, for the others would not be either: they wait a minute, and so
    does what happens meanwhile. So a receiver that hangs keeps one worker for some seconds a minute.
    """
    if not settings.STAFF_WEBHOOK_URL or _is_tried():
        return 0
    taken = 0
    due = StaffEvent.objects.filter(next_try__lte=clock.now()).order_by("next_try", "id")
    for event in due[:AT_ONCE]:
        # Of this moment: a slow answer to the one before must not end this one's time.
        again = _again(event)
        # Another worker may have it.
        mine = StaffEvent.objects.filter(pk=event.pk, next_try=event.next_try)
        if not mine.update(attempts=event.attempts + 1, next_try=again):
            continue
        try:
            _post(event)
        except posting.NotTaken as problem:
            StaffEvent.objects.filter(pk=event.pk).update(answer=str(problem)[:80])
            log.warning("event %s was not taken by the webhook: %s", event.uid, problem)
            soon = clock.now() + FIRST_WAIT
            StaffEvent.objects.filter(next_try__lt=soon).update(next_try=soon)
            break
        StaffEvent.objects.filter(pk=event.pk).update(
            taken_at=clock.now(), next_try=None, answer=""
        )
        taken += 1
    return taken


def _is_tried() -> bool:
    """Whether something new is just being posted, or was refused less than a minute ago."""
    first = StaffEvent.objects.filter(attempts=1, taken_at=None)
    return first.filter(next_try__gt=clock.now()).exists()


def _again(event: StaffEvent) -> datetime | None:
    """When it is tried once more, if it is not taken; None: then it is given up."""
    if event.attempts >= len(WAITS):
        return None
    return clock.now() + timedelta(minutes=WAITS[event.attempts])


def _post(event: StaffEvent) -> None:
    at = event.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = json.dumps({"type": event.kind, "timestamp": at, "data": event.told}).encode()
    signed = posting.signature(f"msg_{event.uid.hex}", body, settings.STAFF_WEBHOOK_SECRETS)
    posting.post(settings.STAFF_WEBHOOK_URL, body, "application/json", signed)


def what_is_wrong() -> str:
    """The sentence for whoever runs the site; "" while the webhook takes what it is told.

    What was given up is over once a later event was taken.
    """
    if not settings.STAFF_WEBHOOK_URL:
        return ""
    last = StaffEvent.objects.filter(taken_at__isnull=False).order_by("-at").first()
    waiting = Q(next_try__isnull=False, at__lt=clock.now() - LATE)
    given_up = Q(next_try=None, taken_at=None)
    if last:
        given_up &= Q(at__gt=last.at)
    oldest = StaffEvent.objects.filter(waiting | given_up).order_by("at").first()
    if oldest is None:
        return ""
    then = "tried again" if oldest.next_try else "given up"
    return (
        f"The webhook for staff has not taken what happened since {oldest.at:%Y-%m-%d %H:%M} UTC: "
        f"{oldest.answer or 'no worker has tried yet'}. It is {then}; look at STAFF_WEBHOOK_URL."
    )


def forget() -> int:
    """Erases events of more than DAYS ago; returns how many."""
    return StaffEvent.objects.filter(at__lt=clock.now() - timedelta(days=DAYS)).delete()[0]

"""Takes the ledger's newest head to where nobody with access to the database can change it.

Each place gets one a day. What fails is tried again every hour, and `manage.py is_well` says how long a
place has had none. A head names nobody. Below it stands the proof that it holds all that the one before
held, for whoever keeps both: ledger/continues.py checks that without us.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.template.loader import render_to_string

from invites.actions import posting
from invites.actions.posting import NotTaken
from invites.delivery import NotAccepted, ServerUnavailable, send_account_mail
from ledger import clock, proofs
from ledger.models import Publication, Seal

log = logging.getLogger(__name__)

EVERY = timedelta(hours=23)  # asked hourly, so once a day
LATE = timedelta(hours=49)


def places() -> dict[str, Callable[[Seal, str], None]]:
    """The places that the site has set, by name."""
    found: dict[str, Callable[[Seal, str], None]] = {}
    if settings.LEDGER_PUBLISH_FILE:
        found["file"] = _to_file
    if settings.LEDGER_PUBLISH_MAIL:
        found["mail"] = _by_mail
    if settings.LEDGER_PUBLISH_WEBHOOK:
        found["webhook"] = _to_webhook
    return found


def publish() -> int:
    """Takes the newest head to every place that has had none for a day; returns to how many."""
    seal = Seal.objects.order_by("-number").first()
    if seal is None:
        return 0
    recent = set(
        Publication.objects.filter(at__gt=clock.now() - EVERY).values_list("place", flat=True)
    )
    done = 0
    for name, take in places().items():
        if name in recent:
            continue
        try:
            take(seal, seal.note + proofs.since(_size_before(name), seal))
        except NotTaken as problem:
            log.error("head %s was not taken by the %s: %s", seal.number, name, problem)
            continue
        Publication.objects.update_or_create(
            place=name, defaults={"seal": seal.number, "at": clock.now()}
        )
        done += 1
    return done


def what_is_wrong() -> str:
    """The sentence for whoever runs the site; "" while every place has a head of the last two days."""
    since = clock.now() - LATE
    if not Seal.objects.filter(at__lt=since).exists():
        return ""  # too young to be late
    fresh = set(Publication.objects.filter(at__gt=since).values_list("place", flat=True))
    late = sorted(set(places()) - fresh)
    if not late:
        return ""
    return (
        f"The ledger's head has not reached the {' and the '.join(late)} for two days. "
        "Look for “was not taken” in the worker's log."
    )


def _size_before(place: str) -> int:
    """How many entries the head was about that a place got last; 0: it has none."""
    before = Publication.objects.filter(place=place).values("seal")
    return Seal.objects.filter(number__in=before).values_list("size", flat=True).first() or 0


def _to_file(seal: Seal, note: str) -> None:
    try:
        with open(settings.LEDGER_PUBLISH_FILE, "a", encoding="utf-8") as file:
            file.write(f"{note}\n")
    except OSError as problem:
        raise NotTaken(str(problem)) from problem


def _by_mail(seal: Seal, note: str) -> None:
    text = render_to_string(
        "invites/email/head.txt", {"note": note, "site_name": settings.SITE_NAME}
    )
    try:
        send_account_mail(
            template="invites/email/head",
            to=settings.LEDGER_PUBLISH_MAIL,
            subject=f"The ledger of {settings.SITE_NAME}, {seal.at:%Y-%m-%d}",
            text=text,
        )
    except (NotAccepted, ServerUnavailable) as problem:
        raise NotTaken(type(problem).__name__) from problem


def _to_webhook(seal: Seal, note: str) -> None:
    posting.post(settings.LEDGER_PUBLISH_WEBHOOK, note.encode(), "text/plain; charset=utf-8")

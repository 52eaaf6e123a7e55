"""Whether the site does by itself what it promised: what `manage.py is_well` says. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection

from importer import promises
from invites.actions import erasing, heads_elsewhere, staff_events
from invites.mail_models import AccountMail
from invites.models import Draft, Invitation
from ledger import clock, guards, heartbeat, sealing
from ledger.models import Seal

KEY_LOST = (
    "LEDGER_KEY is not set, but heads were signed before: nothing is sealed until it is back. "
    "Sending goes on."
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that was looked at, in words, and whether it is as it should be; `name` for programs."""

    words: str
    well: bool
    name: str = ""


def conditions() -> list[Condition]:
    """All that was looked at. The first is beat, without which the others will not get better."""
    return [
        *vital(),
        *(
            Condition(f"Kept too long: {what}: {count:,}", count == 0)
            for what, count in {**promises.kept_too_long(), **_kept_too_long()}.items()
        ),
    ]


def vital() -> list[Condition]:
    """Beat, the ledger's seals, and its heads elsewhere: what a page can ask for at any size."""
    wrong, unsealed = heartbeat.what_is_wrong(), sealing.what_is_wrong()
    unpublished, untold = heads_elsewhere.what_is_wrong(), staff_events.what_is_wrong()
    unguarded = guards.missing(connection)
    lost = not settings.LEDGER_KEY and Seal.objects.exists()
    return [
        Condition(wrong or "Beat is alive.", not wrong, "beat"),
        Condition(unsealed or "The ledger is sealed.", not unsealed, "ledger"),
        Condition(KEY_LOST if lost else _key(), not lost, "key"),
        Condition(
            unpublished or "The ledger's head is where it should be.", not unpublished, "heads"
        ),
        Condition(untold or _webhook(), not untold, "webhook"),
        Condition(_guards(unguarded), not unguarded, "guards"),
    ]


def _guards(missing: list[str]) -> str:
    if missing:
        return (
            f"The database does not refuse what it should: {len(missing)} guards are missing, "
            f"{missing[0]} is one. `manage.py migrate` puts them back."
        )
    return "The database’s guards are in place."


def _key() -> str:
    return "The ledger's key is set." if settings.LEDGER_KEY else "The ledger has had no key yet."


def _webhook() -> str:
    if settings.STAFF_WEBHOOK_URL:
        return "The webhook for staff takes what it is told."
    return "There is no webhook for staff."


def _kept_too_long() -> dict[str, int]:
    late = clock.now() - promises.GRACE
    year = timedelta(days=settings.RECIPIENT_DAYS)
    over = Invitation.objects.filter(batch__confirmed_at__lt=late - year)
    return {
        f"drafts untouched for {settings.DRAFT_DAYS} days": (
            Draft.objects.filter(kept_until__lt=late).count()
        ),
        f"mails about accounts older than {settings.ACCOUNT_MAIL_MINUTES} minutes": (
            AccountMail.objects.filter(
                written_at__lt=late - timedelta(minutes=settings.ACCOUNT_MAIL_MINUTES)
            ).count()
        ),
        f"invited people, {settings.RECIPIENT_DAYS} days after the confirmation": (
            over.exclude(recipient_address="").count()
        ),
        "complaints with words of the staff, as old as that": erasing.late_words(
            promises.GRACE
        ).count(),
    }

"""The sender's receipt: who was confirmed, when each leaves, and how to take it back."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse

from invites.delivery import NotAccepted, ServerUnavailable, send_account_mail
from invites.models import Batch
from ledger import clock

log = logging.getLogger(__name__)

# A server that does not answer is left alone for so long, and no try counts.
UNREACHABLE_MINUTES = 1


def send_pending() -> int:
    """Sends every receipt that is due; returns how many.

    One that the server refuses for now is tried again after the pauses of ATTEMPT_MINUTES, and then
    no more; one that it refuses for good is not tried again.
    """
    sent = 0
    due = Batch.objects.filter(
        Q(receipt_after=None) | Q(receipt_after__lte=clock.now()),
        receipt_sent_at=None,
        receipt_attempts__lte=len(settings.ATTEMPT_MINUTES),
    )
    for batch in due.select_related("sender"):
        # Another worker may have it, or have just tried.
        mine = Batch.objects.filter(
            pk=batch.pk, receipt_sent_at=None, receipt_attempts=batch.receipt_attempts
        )
        if not mine.update(receipt_sent_at=Now(), receipt_attempts=F("receipt_attempts") + 1):
            continue
        try:
            _send(batch)
        except ServerUnavailable as error:
            _wait(batch, UNREACHABLE_MINUTES, attempts=batch.receipt_attempts)
            log.warning("receipt of batch %s waits: %s", batch.uid, error)
            break
        except NotAccepted as refusal:
            _after_refusal(batch, refusal)
        else:
            sent += 1
    return sent


def _after_refusal(batch: Batch, refusal: NotAccepted) -> None:
    pauses = [] if refusal.permanent else settings.ATTEMPT_MINUTES[batch.receipt_attempts :]
    if pauses:
        _wait(batch, pauses[0], attempts=batch.receipt_attempts + 1)
        log.warning("receipt of batch %s was refused for now", batch.uid)
    else:
        _wait(batch, 0, attempts=len(settings.ATTEMPT_MINUTES) + 1)
        log.error("receipt of batch %s was refused and is given up", batch.uid)


def _wait(batch: Batch, minutes: int, *, attempts: int) -> None:
    Batch.objects.filter(pk=batch.pk).update(
        receipt_sent_at=None,
        receipt_after=clock.now() + timedelta(minutes=minutes),
        receipt_attempts=attempts,
    )


def _send(batch: Batch) -> None:
    link = settings.SITE_URL + reverse("invites:sent", args=[batch.uid])
    count = batch.count
    send_account_mail(
        template="invites/email/receipt",
        to=batch.sender.email,
        subject=f"You confirmed {count} invitation{'' if count == 1 else 's'} on {settings.SITE_NAME}",
        text=render_to_string(
            "invites/email/receipt.txt",
            {
                "batch": batch,
                "invitations": batch.invitations.order_by("id"),
                "site_name": settings.SITE_NAME,
                "link": link,
            },
        ),
    )

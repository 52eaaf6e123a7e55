"""The sender's receipt: who was confirmed, when each leaves, and how to take it back."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse

from invites.delivery import DeliveryError, send_account_mail
from invites.models import Batch

log = logging.getLogger(__name__)


def send_pending() -> int:
    """Sends every receipt that is due; returns how many. One that the server refuses is tried again."""
    sent = 0
    for batch in Batch.objects.filter(receipt_sent_at=None).select_related("sender"):
        if not Batch.objects.filter(pk=batch.pk, receipt_sent_at=None).update(
            receipt_sent_at=Now()
        ):
            continue  # another worker has it
        try:
            _send(batch)
        except DeliveryError as error:
            Batch.objects.filter(pk=batch.pk).update(receipt_sent_at=None)
            log.warning("receipt of batch %s waits: %s", batch.uid, error)
        else:
            sent += 1
    return sent


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

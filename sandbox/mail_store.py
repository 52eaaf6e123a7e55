"""Mail in and out of the sandbox's database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, QuerySet

from sandbox.models import Delivery, Mail

# Old mail is cleared away once in so many mails: a look at each would slow down a large run.
_CLEAR_EVERY = 200


@dataclass(frozen=True, slots=True)
class Recipient:
    """A mailbox: its address, how many mails it has, and when the newest came."""

    address: str
    mails: int
    newest: datetime


def keep(envelope_from: str, recipients: Sequence[str], raw: bytes, received_at: datetime) -> int:
    """Store one mail and return its number. The bytes are stored as they are.

    Raises django.db.DatabaseError when the database can't take it; then nothing is stored."""
    with transaction.atomic():
        mail = Mail.objects.create(received_at=received_at, envelope_from=envelope_from, raw=raw)
        Delivery.objects.bulk_create(
            Delivery(mail=mail, address=address.lower(), as_given=address) for address in recipients
        )
    number: int = mail.pk
    if number % _CLEAR_EVERY == 0:
        clear_old()
    return number


def clear_old() -> None:
    """Drop all but the newest mails (SANDBOX_KEPT_MAILS)."""
    newest = Mail.objects.aggregate(newest=Max("pk"))["newest"] or 0
    Mail.objects.filter(pk__lte=newest - settings.SANDBOX_KEPT_MAILS).delete()


def recipients(most: int) -> list[Recipient]:
    """Those who got mail, the most recent first, at most `most` of them."""
    rows = (
        Delivery.objects.values_list("address")
        .annotate(mails=Count("mail", distinct=True), newest=Max("mail__received_at"))
        .order_by("-newest", "address")
    )
    return [Recipient(address, mails, newest) for address, mails, newest in rows[:most]]


def mails_for(address: str = "", since_id: int = 0) -> QuerySet[Mail]:
    """The mails with a greater number, for one recipient or for all, oldest first."""
    mails = Mail.objects.filter(pk__gt=since_id).prefetch_related("deliveries").order_by("pk")
    if address:
        mails = mails.filter(
            pk__in=Delivery.objects.filter(address=address.lower()).values("mail_id")
        )
    return mails


def delete_all() -> int:
    """Empty the mailbox; returns how many mails went. Numbers are never used again."""
    count = Mail.objects.count()
    Mail.objects.all().delete()
    return count

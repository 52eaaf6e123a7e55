"""Celery's doors: each wakes somebody up. Arguments are row ids, nothing else."""

from celery import shared_task

from invites import outbox
from invites.actions import forgetting, receipts


@shared_task
def send_due() -> None:
    """Sends what is due."""
    outbox.send_due()


@shared_task
def sweep_outbox() -> None:
    """Every few seconds: ends dead claims and late confirmations, sends mails, then receipts."""
    outbox.recover()
    outbox.expire()
    outbox.send_due()
    receipts.send_pending()


@shared_task
def send_receipts() -> None:
    """Sends the receipts of new confirmations to their senders."""
    receipts.send_pending()


@shared_task
def forget_what_is_over() -> None:
    """Erases what is kept no longer."""
    forgetting.forget_what_is_over()

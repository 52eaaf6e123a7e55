"""Celery's doors: each wakes somebody up. Arguments are row ids, nothing else."""

from celery import shared_task

from invites import outbox
from invites.actions import account_mails, forgetting, receipts


@shared_task
def sweep_outbox() -> None:
    """Every few seconds: account mails, for which somebody waits at a page; then ends dead claims and
    late confirmations, sends mails, then receipts.
    """
    account_mails.send_pending()
    outbox.recover()
    outbox.expire()
    outbox.send_due()
    receipts.send_pending()


@shared_task
def send_account_mails() -> None:
    """Sends the mails about their accounts that members wait for."""
    account_mails.send_pending()


@shared_task
def send_receipts() -> None:
    """Sends the receipts of new confirmations to their senders."""
    receipts.send_pending()


@shared_task
def forget_what_is_over() -> None:
    """Erases what is kept no longer."""
    forgetting.forget_what_is_over()

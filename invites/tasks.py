"""Celery's doors: each wakes somebody up. Arguments are row ids, nothing else."""

from celery import shared_task

from invites import outbox
from invites.actions import (
    about_page,
    account_mails,
    cases,
    counting,
    forgetting,
    heads_elsewhere,
    reading_reports,
    receipt_mails,
    staff_events,
    watching,
    weighing,
)


@shared_task
def sweep_outbox() -> None:
    """Every few seconds: account mails, for which somebody waits at a page; tells staff of reports;
    then ends dead claims and late confirmations, sends mails, then receipts.
    """
    account_mails.send_pending()
    cases.tell_staff()
    outbox.recover()
    outbox.expire()
    outbox.send_due()
    receipt_mails.send_pending()


@shared_task
def send_account_mails() -> None:
    """Sends the mails about their accounts that members wait for."""
    account_mails.send_pending()
    watching.look_unless_beat_does()


@shared_task
def send_receipts() -> None:
    """Sends the receipts of new confirmations to their senders."""
    receipt_mails.send_pending()
    watching.look_unless_beat_does()


@shared_task
def tell_the_webhook() -> None:
    """Every few seconds: posts to the staff's webhook what it has not taken yet."""
    staff_events.send_pending()


@shared_task
def watch() -> None:
    """Every minute: whether the ledger and its heads are well."""
    watching.look()


@shared_task
def forget_what_is_over() -> None:
    """Erases what is kept no longer."""
    forgetting.forget_what_is_over()


@shared_task
def weigh_answers() -> None:
    """Once a week: limits senders by what their recipients answered."""
    weighing.weigh_answers()


@shared_task
def count_months() -> None:
    """Once a day: counts the months that are over, for everybody to read."""
    about_page.count_months()


@shared_task
def count_figures() -> None:
    """Every minute: adds what was sealed to the figures by day."""
    counting.count()


@shared_task
def read_returned_mail() -> None:
    """Every minute: what came back to the mailbox for it, if there is one."""
    reading_reports.read_new()


@shared_task
def publish_head() -> None:
    """Every hour: takes the ledger's newest head to places that have had none for a day."""
    heads_elsewhere.publish()

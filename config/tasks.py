"""What Celery may ask of the site as a whole."""

from celery import shared_task
from django.core.management import call_command

from ledger import heartbeat


@shared_task
def forget_sessions() -> None:
    """Erases the sessions that are over."""
    call_command("clearsessions")


@shared_task
def beat() -> None:
    """Says that beat is alive. Who is told when it is not: see ledger/heartbeat.py."""
    heartbeat.beat()

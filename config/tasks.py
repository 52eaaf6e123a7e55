"""What Celery may ask of the site as a whole."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def forget_sessions() -> None:
    """Erases the sessions that are over."""
    call_command("clearsessions")

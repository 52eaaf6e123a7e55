"""First of all manage.py, gunicorn and Celery read the settings here, or end with a sentence."""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError


def read_settings(exit_code: int = 1) -> None:
    """Ends the process when the settings refuse to start. Who runs a site needs no traceback."""
    try:
        settings.SECRET_KEY  # noqa: B018 - reading any of them reads all
    except (ImproperlyConfigured, EnvError) as refusal:
        print(f"Handpicked does not start. {refusal}", file=sys.stderr)
        raise SystemExit(exit_code) from None


def refuse_a_wrong_address_key(exit_code: int = 1) -> None:
    """Ends the process when the database's "never again" is kept under another key."""
    from django.db import connection  # settings and apps must be complete first

    from invites import address_key

    sentence = address_key.refusal()
    if not connection.in_atomic_block:
        connection.close()  # children must not share it
    if sentence:
        print(f"Handpicked does not start. {sentence}", file=sys.stderr)
        raise SystemExit(exit_code)

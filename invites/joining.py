"""When somebody has joined: tells `responding.accept` that an address is verified. Wired in apps.py."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_signed_up
from django.contrib.auth.models import User

from invites.actions import responding


def connect() -> None:
    """Listens to both ways in which an address becomes verified: a code, or a provider's word."""
    email_confirmed.connect(_verified_by_code, dispatch_uid="invites.joining")
    user_signed_up.connect(_verified_by_provider, dispatch_uid="invites.joining")


def _verified_by_code(email_address: EmailAddress, **kwargs: Any) -> None:
    responding.accept(member=email_address.user, address=email_address.email)


def _verified_by_provider(user: User, **kwargs: Any) -> None:
    # By e-mail, sign-up comes before the code: then nothing is verified yet.
    for known in EmailAddress.objects.filter(user=user, verified=True):
        responding.accept(member=user, address=known.email)

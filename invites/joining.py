"""Who is a member: keeps the hashes of verified addresses, and says who has joined. Wired in apps.py."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_signed_up
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.db.models.signals import post_migrate, post_save

from importer.addresses import NotAnAddress
from invites.actions import responding
from invites.addresses import address_hash
from invites.models import MemberAddress


def connect() -> None:
    """Listens to both ways in which an address becomes verified: a code, or a provider's word."""
    post_save.connect(_saved, sender=EmailAddress, dispatch_uid="invites.joining")
    post_migrate.connect(_find_members, dispatch_uid="invites.joining")
    email_confirmed.connect(_verified_by_code, dispatch_uid="invites.joining")
    user_signed_up.connect(_verified_by_provider, dispatch_uid="invites.joining")


def _verified_by_code(email_address: EmailAddress, **kwargs: Any) -> None:
    responding.accept(member=email_address.user, address=email_address.email)


def _verified_by_provider(user: User, **kwargs: Any) -> None:
    # By e-mail, sign-up comes before the code: then nothing is verified yet.
    for known in EmailAddress.objects.filter(user=user, verified=True):
        responding.accept(member=user, address=known.email)


def _saved(instance: EmailAddress, **kwargs: Any) -> None:
    """Also when staff change it by hand. A deleted address takes its hash along."""
    MemberAddress.objects.filter(email=instance).delete()
    if instance.verified:
        _remember(instance)


def _remember(address: EmailAddress) -> None:
    try:
        value = address_hash(address.email)
    except NotAnAddress:
        return  # nobody can be invited there
    MemberAddress.objects.create(email=address, member=address.user, address_hash=value)


def _find_members(sender: Any, **kwargs: Any) -> None:
    """After a release: who joined before there was this table."""
    if sender.name == "invites":
        known = MemberAddress.objects.filter(email=OuterRef("pk"))
        for address in EmailAddress.objects.filter(~Exists(known), verified=True).iterator():
            _remember(address)

"""Migrates the development database, makes a member and a staff account. Run by bin/dev alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def main() -> None:
    """Leaves what is there already as it is. Refuses a database that is not for development."""
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    if not settings.DEVELOPMENT:
        sys.exit("DEVELOPMENT is not on: accounts with known passwords are for bin/dev alone.")
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable")

    from allauth.socialaccount.models import SocialAccount

    from bin.development import MEMBER, STAFF

    ana = _account(*MEMBER, first_name="Ana", last_name="Diaz")
    # She may sign in by the sandbox too, where her account has the number 1.
    SocialAccount.objects.get_or_create(provider="sandbox", uid="1", defaults={"user": ana})
    _account(*STAFF, first_name="Sam", last_name="Staff", is_staff=True, is_superuser=True)


def _account(email: str, password: str, **facts: str | bool) -> User:
    """The account, made with a verified e-mail address unless it is there."""
    from allauth.account.models import EmailAddress
    from django.contrib.auth.models import User

    user = User.objects.filter(username=email).first()
    if user is None:
        user = User.objects.create_user(username=email, email=email, password=password, **facts)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


if __name__ == "__main__":
    main()

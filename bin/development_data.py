"""Migrates the development database, makes a member and a staff account. Run by bin/dev alone."""

from __future__ import annotations

import sys

import django


def main() -> None:
    """Leaves what is there already as it is. Refuses a database that is not for development."""
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    if not settings.DEVELOPMENT:
        sys.exit("DEVELOPMENT is not on: accounts with known passwords are for bin/dev alone.")
    call_command("migrate", verbosity=0, interactive=False)

    from bin.development import MEMBER, STAFF

    _account(*MEMBER, first_name="Ana", last_name="Diaz")
    _account(*STAFF, first_name="Sam", last_name="Staff", is_staff=True, is_superuser=True)


def _account(email: str, password: str, **facts: str | bool) -> None:
    """Makes an account whose e-mail is verified, unless it is there."""
    from allauth.account.models import EmailAddress
    from django.contrib.auth.models import User

    if User.objects.filter(username=email).exists():
        return
    user = User.objects.create_user(username=email, email=email, password=password, **facts)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)


if __name__ == "__main__":
    main()

"""Accounts and clients, put into the database at each start. The people of the address books are
functions, not rows, so this takes no time."""

from collections.abc import Sequence

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.db import transaction
from oauth2_provider.models import get_application_model

from sandbox.accounts import ACCOUNTS, PASSWORD
from sandbox.clients import RegisteredClient, registered


def seed(site_urls: Sequence[str]) -> None:
    """Make the accounts and the clients, or bring them up to date.

    Redirect addresses of an earlier start are dropped: only `site_urls` count."""
    with transaction.atomic():
        for account in ACCOUNTS:
            _seed_account(account.number, account.email, account.given, account.family)
        for client in registered().values():
            _seed_client(client, [url + client.callback for url in site_urls])


def _seed_account(number: int, email: str, given: str, family: str) -> None:
    # The number is the subject claim of ID tokens, so it must not depend on the order of rows.
    user, made = User.objects.update_or_create(
        pk=number,
        defaults={"username": email, "email": email, "first_name": given, "last_name": family},
    )
    if made or not check_password(PASSWORD, user.password):
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])


def _seed_client(client: RegisteredClient, redirect_uris: Sequence[str]) -> None:
    model = get_application_model()
    model.objects.update_or_create(
        client_id=client.client_id,
        defaults={
            "name": client.name,
            "client_secret": client.secret,
            "client_type": model.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": model.GRANT_AUTHORIZATION_CODE,
            "redirect_uris": " ".join(redirect_uris),
            "algorithm": model.RS256_ALGORITHM,
        },
    )

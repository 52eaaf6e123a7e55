"""Which rows of Django's and allauth's tables concern a person, and how an account is closed."""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator
from functools import reduce
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet

from ledger.personal import Mine, Person, Table, columns, pages


def erase(person: Person) -> None:
    """Closes the account and takes everything out of it. In the caller's transaction.

    The row itself stays, empty: confirmations and invitations point to it. Nobody can sign in with
    it, and the database lets nothing leave in its name.
    """
    _sessions(person).delete()
    _admin_log(person).update(object_repr="erased", change_message="")
    _confirmations(person).delete()
    SocialToken.objects.filter(account__user_id=person.member_id).delete()
    SocialAccount.objects.filter(user_id=person.member_id).delete()
    EmailAddress.objects.filter(_at_address(person)).delete()
    for user in _users(person):
        user.username = f"erased-{uuid4()}"
        user.first_name = user.last_name = user.email = ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.last_login = None
        user.set_unusable_password()
        user.save()
        user.groups.clear()
        user.user_permissions.clear()


def _users(person: Person) -> QuerySet[User]:
    return User.objects.filter(pk__in=[person.member_id] if person.member_id else [])


def _at_address(person: Person) -> Q:
    return Q(user_id=person.member_id) | Q(email__in=person.addresses)


def _confirmations(person: Person) -> QuerySet[EmailConfirmation]:
    theirs = EmailAddress.objects.filter(_at_address(person))
    found: QuerySet[EmailConfirmation] = EmailConfirmation.objects.filter(email_address__in=theirs)
    return found


def _sessions(person: Person) -> QuerySet[Session]:
    """Theirs, and those in which somebody was about to sign up with an address of theirs."""
    found = [one.pk for one in Session.objects.all() if _is_of(person, one)]
    return Session.objects.filter(pk__in=found)


def _is_of(person: Person, session: Session) -> bool:
    kept = session.get_decoded()
    if person.member_id is not None and kept.get("_auth_user_id") == str(person.member_id):
        return True
    said = json.dumps(kept, default=str).lower()
    return any(address in said for address in person.addresses)


def _admin_log(person: Person) -> QuerySet[LogEntry]:
    """What staff did to this account, and what names an address of theirs."""
    to_account = Q(
        content_type__app_label="auth",
        content_type__model="user",
        object_id=str(person.member_id),
    )
    named = [
        Q(object_repr__icontains=one) | Q(change_message__icontains=one) for one in person.addresses
    ]
    return LogEntry.objects.filter(reduce(operator.or_, named, to_account))


def _changes(member_id: int) -> Iterator[dict[str, Any]]:
    """Of the account itself, without who of the staff it was."""
    about = LogEntry.objects.filter(
        content_type__app_label="auth", content_type__model="user", object_id=str(member_id)
    )
    for page in pages(about):
        for entry in page:
            yield {"at": entry.action_time, "change": entry.get_change_message()}


TABLES = (
    Table(
        "auth.User",
        _users,
        Mine(
            "account",
            "name, address, and when you came",
            lambda me: columns(
                User.objects.filter(pk=me),
                *(
                    "id",
                    "email",
                    "first_name",
                    "last_name",
                    "date_joined",
                    "last_login",
                    "is_staff",
                ),
            ),
        ),
        stays="A closed account without name, address or password, since confirmations point to it.",
        hidden=("password",),
    ),
    Table(
        "account.EmailAddress",
        lambda who: EmailAddress.objects.filter(_at_address(who)),
        Mine(
            "email-addresses",
            "your addresses here",
            lambda me: columns(
                EmailAddress.objects.filter(user_id=me), "email", "verified", "primary"
            ),
        ),
    ),
    Table(
        "account.EmailConfirmation",
        _confirmations,
        "Codes that confirm an address: secrets for some minutes.",
        hidden=("key",),
    ),
    Table(
        "socialaccount.SocialAccount",
        lambda who: SocialAccount.objects.filter(user_id=who.member_id),
        Mine(
            "ways-to-sign-in",
            "accounts elsewhere with which you sign in, and what they told us",
            lambda me: columns(
                SocialAccount.objects.filter(user_id=me),
                *("provider", "uid", "last_login", "date_joined", "extra_data"),
            ),
        ),
    ),
    Table(
        "socialaccount.SocialToken",
        lambda who: SocialToken.objects.filter(account__user_id=who.member_id),
        "Secrets of signing in elsewhere. None is kept.",
        hidden=("token", "token_secret"),
    ),
    Table(
        "sessions.Session",
        _sessions,
        "That a browser is signed in, until it signs out: a secret, and nothing else of you.",
        hidden=("session_key", "session_data"),
    ),
    Table(
        "admin.LogEntry",
        lambda who: LogEntry.objects.filter(
            Q(pk__in=_admin_log(who).values("pk")) | Q(user_id=who.member_id)
        ),
        Mine("changes-by-staff", "what staff changed in your account, and when", _changes),
        stays="When staff changed something, without whose it was.",
    ),
)
NOBODY = {
    "auth.Permission": "What Django lets one permit.",
    "auth.Group": "Groups of staff, by what they may do.",
    "contenttypes.ContentType": "The names of tables.",
    "socialaccount.SocialApp": "Our own ids with sign-in providers.",
}

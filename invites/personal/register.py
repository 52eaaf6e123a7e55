"""Finds, shows and erases what is held about one person, in every table of the site."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

import importer.personal
import ledger.personal
from importer.addresses import NotAnAddress
from invites.addresses import NORMALISERS, hashes_of, keys
from invites.personal import accounts, invitations
from ledger import subjects
from ledger.entries import Event, append
from ledger.models import Subject
from ledger.personal import Person, Table, undeclared

TABLES: tuple[Table, ...] = (
    *accounts.TABLES,
    *importer.personal.TABLES,
    *invitations.TABLES,
    *ledger.personal.TABLES,
)
NOBODY = accounts.NOBODY | importer.personal.NOBODY | invitations.NOBODY | ledger.personal.NOBODY

Rows = dict[str, list[dict[str, Any]]]


class NobodyKnown(ValueError):
    """What was typed is neither an address nor a member of this site."""


class TablesUndeclared(RuntimeError):
    """Nobody has said of these tables which of their rows concern a person."""

    def __init__(self, labels: list[str]) -> None:
        super().__init__(
            f"Of {', '.join(labels)} nobody has said which rows concern a person. Add each to TABLES "
            "(and to `erase`) or to NOBODY in its app's part of the register: docs/personal-data.md."
        )


def find(text: str) -> Person:
    """The person behind an e-mail address or a member's number or user name. Raises NobodyKnown.

    With an account all of its addresses belong to the same person.
    """
    text = text.strip()
    named = Q(username__iexact=text) | Q(email__iexact=text)
    if text.isascii() and text.isdigit():
        named |= Q(pk=int(text))
    verified = EmailAddress.objects.filter(email__iexact=text, verified=True)
    user = User.objects.filter(named | Q(pk__in=verified.values("user_id"))).first()
    if user is None and "@" not in text:
        raise NobodyKnown(f"“{text}” is neither an e-mail address nor a member of this site.")
    written = {text} if "@" in text else set()
    if user is not None:
        written |= {user.email, user.username}
        written |= set(EmailAddress.objects.filter(user=user).values_list("email", flat=True))
    return _person(sorted(one for one in written if "@" in one), user)


def _person(written: list[str], user: User | None) -> Person:
    addresses: set[str] = set()
    hashes: set[str] = set()
    for address in written:
        addresses.add(address.lower())
        try:
            addresses |= {normalise(address) for normalise in NORMALISERS.values()}
            hashes |= {hashed.value for hashed in hashes_of(address)}
        except NotAnAddress:
            if user is None:
                raise NobodyKnown(f"“{address}” is no e-mail address.") from None
    if user is not None:
        hashes |= {subjects.keyed_hash("member", str(user.pk), key) for key in keys()}
    return Person(
        tuple(sorted(addresses)), tuple(sorted(hashes)), user.pk if user is not None else None
    )


def rows_of(person: Person) -> Rows:
    """Every row that concerns the person, by table, without hidden columns. Raises TablesUndeclared."""
    if unsaid := undeclared(TABLES, NOBODY):
        raise TablesUndeclared(unsaid)
    found: Rows = {}
    for table in TABLES:
        rows = list(table.rows(person).values())
        if rows:
            found[table.label] = [
                {name: value for name, value in row.items() if name not in table.hidden}
                for row in rows
            ]
    return found


@transaction.atomic
def erase(person: Person) -> dict[str, int]:
    """Erases all that `rows_of` finds but what `stays`; returns how many rows there were, by table.

    Raises TablesUndeclared, and RuntimeError when something is left that should not be: then nothing
    is erased at all.
    """
    before = {label: len(rows) for label, rows in rows_of(person).items()}
    known = Subject.objects.filter(keyed_hash__in=person.hashes).order_by("id").first()
    invitations.erase(person)
    importer.personal.erase(person)
    accounts.erase(person)
    append([Event("person.erased", known.uid if known else uuid4(), facts={**before})])
    subjects.erase(person.hashes)
    left = set(rows_of(person)) - {table.label for table in TABLES if table.stays}
    if left:
        raise RuntimeError(f"Erasing left rows behind in {', '.join(sorted(left))}.")
    return before


def why_it_stays(labels: set[str]) -> dict[str, str]:
    """Of these tables, those in which something stays, and why."""
    return {table.label: table.stays for table in TABLES if table.stays and table.label in labels}

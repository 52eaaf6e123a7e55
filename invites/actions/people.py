"""The people of a member's address books, a page at a time; who can be chosen. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import User
from django.db.models import QuerySet

from importer.cleaning import folded
from importer.models import Contact
from invites.addresses import address_hash
from invites.consent import DRAFT_STATES, LEAVES_ROOM
from invites.models import Invitation, SetAside, Suppression

ON_A_PAGE = 25

OWN_ADDRESS = "This is your own address."
SAID_NEVER = "You said never."
INVITED_BEFORE = "You invited this person already. Nobody gets a second mail."


class Show(StrEnum):
    """Whom the choose page lists."""

    WITH_ADDRESS = "address"
    EVERYBODY = "all"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Person:
    """One row. With a `reason` there is no box to tick."""

    contact: Contact
    ticked: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of people. `first` and `last` count from 1; `total` is of this search and filter."""

    people: list[Person]
    number: int
    pages: int
    first: int
    last: int
    total: int
    with_address: int
    everybody: int


def page_of_people(*, member: User, search: str, show: Show, number: int) -> Page:
    """The people whom the choose page shows. A page behind the last one is the last one."""
    everybody = Contact.objects.filter(member=member)
    with_address = everybody.filter(refusal="")
    found: QuerySet[Contact] = {
        Show.WITH_ADDRESS: with_address,
        Show.EVERYBODY: everybody,
        Show.CHOSEN: everybody.filter(
            invitations__sender=member, invitations__state__in=DRAFT_STATES
        ),
    }[show]
    for word in folded(search).split():
        found = found.filter(search__contains=word)
    total = found.count()
    pages = max(1, -(-total // ON_A_PAGE))
    number = min(max(1, number), pages)
    start = (number - 1) * ON_A_PAGE
    contacts = list(found.order_by("sort_name", "id")[start : start + ON_A_PAGE])
    return Page(
        people=_people(member, contacts),
        number=number,
        pages=pages,
        first=start + 1 if contacts else 0,
        last=start + len(contacts),
        total=total,
        with_address=with_address.count(),
        everybody=everybody.count(),
    )


def _people(member: User, contacts: list[Contact]) -> list[Person]:
    """The rows, with what `drafting.why_not_choosable` would say, in three queries for all."""
    hashes = {c.pk: address_hash(c.best_address) for c in contacts if c.can_be_invited}
    drafted = set(
        Invitation.objects.filter(
            sender=member, state__in=DRAFT_STATES, contact_id__in=hashes
        ).values_list("contact_id", flat=True)
    )
    invited = _of(
        Invitation.objects.filter(sender=member, recipient_hash__in=hashes.values())
        .exclude(state__in=LEAVES_ROOM)
        .values_list("recipient_hash", flat=True)
    )
    never = _of(
        Suppression.objects.filter(
            sender=member, reason=SetAside.NEVER, address_hash__in=hashes.values()
        ).values_list("address_hash", flat=True)
    )
    own = address_hash(member.email)
    people = []
    for contact in contacts:
        hashed = hashes.get(contact.pk)
        if hashed is None:
            reason = f"{contact.refusal_words}."
        elif contact.pk in drafted:
            reason = ""
        elif hashed == own:
            reason = OWN_ADDRESS
        elif hashed in never:
            reason = SAID_NEVER
        elif hashed in invited:
            reason = INVITED_BEFORE
        else:
            reason = ""
        people.append(Person(contact, ticked=contact.pk in drafted, reason=reason))
    return people


def _of(values: Iterable[str | None]) -> set[str]:
    return {value for value in values if value}

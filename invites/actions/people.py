"""The people of a member's address books, a page at a time; who can be chosen. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from importer import directory
from importer.cleaning import folded
from importer.directory import MOST_FOUND, Directory
from importer.models import Contact, ContactAddress
from invites.actions.links import NO_ADDRESS, links_of
from invites.addresses import address_hash, domain_hashes_of, domain_of, hashes_of
from invites.consent import DRAFT_STATES, LEAVES_ROOM
from invites.models import Invitation, Reservation, SetAside, Suppression
from ledger import clock

ON_A_PAGE = 25


class Show(StrEnum):
    """Whom the choose page lists."""

    WITH_ADDRESS = "address"
    EVERYBODY = "all"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Person:
    """One row. With a `reason` there is no box to tick.

    `can_link`: a personal link can be made instead; `link` is the one that was made.
    """

    contact: Contact
    ticked: bool
    reason: str
    can_link: bool = False
    link: UUID | None = None


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
    more: bool = False  # than `total` were found; a search of thousands lists only so many


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
    words = folded(search).split()
    listed = directory.of(member.pk)
    if listed is not None and show is not Show.CHOSEN:
        return _page_from(listed, member, words, show, number)
    for word in words:
        found = found.filter(search__contains=word)
    total = found.count()
    places = _places(total, number)
    contacts = list(found.order_by("sort_name", "id")[places.start : places.stop])
    if listed is None:
        return _page(member, contacts, places, total, with_address.count(), everybody.count())
    return _page(member, contacts, places, total, listed.choosable, listed.everybody)


def _page_from(listed: Directory, member: User, words: list[str], show: Show, number: int) -> Page:
    """The same from the directory, with a search's first MOST_FOUND people."""
    choosable = show is Show.WITH_ADDRESS
    more = False
    if words:
        ids = listed.found(words, choosable=choosable)
        more = len(ids) > MOST_FOUND
        total = min(len(ids), MOST_FOUND)
        places = _places(total, number)
        ids = ids[places.start : places.stop]
    else:
        total = listed.choosable if choosable else listed.everybody
        places = _places(total, number)
        ids = listed.slice(places.start, places.stop, choosable=choosable)
    # Asked for the member as well, SQLite would read all their people instead of these.
    contacts = Contact.objects.in_bulk(ids)
    people = [contacts[pk] for pk in ids if pk in contacts]
    page = _page(member, people, places, total, listed.choosable, listed.everybody)
    return replace(page, more=more)


def _places(total: int, number: int) -> range:
    """The places of a page's people; behind the last page those of the last one."""
    pages = max(1, -(-total // ON_A_PAGE))
    start = (min(max(1, number), pages) - 1) * ON_A_PAGE
    return range(start, min(start + ON_A_PAGE, total))


def _page(
    member: User,
    contacts: list[Contact],
    places: range,
    total: int,
    with_address: int,
    everybody: int,
) -> Page:
    return Page(
        people=_people(member, contacts),
        number=places.start // ON_A_PAGE + 1,
        pages=max(1, -(-total // ON_A_PAGE)),
        first=places.start + 1 if contacts else 0,
        last=places.start + len(contacts),
        total=total,
        with_address=with_address,
        everybody=everybody,
    )


def why_not_choosable(member: User, contacts: Iterable[Contact]) -> dict[int, str]:
    """By id, the sentence that says why a contact can't be invited by this member; none: they can."""
    known = list(contacts)
    return {
        contact.pk: reason
        for contact, reason in zip(known, reasons_against(member, known), strict=True)
        if reason
    }


def reasons_against(member: User, contacts: Sequence[Contact]) -> list[str]:
    """For each of these contacts why they can't be invited by this member; "" when they can.

    Three queries, however many; the contacts may be in no table. It never tells whether somebody is a
    member or asked not to be invited: only what the sender did, at any of the person's addresses. Who
    is in the draft counts as invited.
    """
    reasons = ["" if one.can_be_invited else f"{one.refusal_words}." for one in contacts]
    hashes = hashes_of_people([one for one in contacts if one.can_be_invited])
    wanted = set().union(*hashes)
    never = set(
        Suppression.objects.filter(
            sender=member, reason=SetAside.NEVER, address_hash__in=wanted
        ).values_list("address_hash", flat=True)
    )
    invited = set(
        Invitation.objects.filter(sender=member, recipient_hash__in=wanted)
        .exclude(state__in=LEAVES_ROOM)
        .values_list("recipient_hash", flat=True)
    )
    own = address_hash(member.email)
    places = (place for place, reason in enumerate(reasons) if not reason)
    for place, known in zip(list(places), hashes, strict=True):
        if own in known:
            reasons[place] = "This is your own address."
        elif known & never:
            reasons[place] = "You said never."
        elif known & invited:
            reasons[place] = "You invited this person already. Nobody gets a second mail."
    return reasons


def hashes_of_people(contacts: Sequence[Contact]) -> list[set[str]]:
    """For each of these, all hashes under which any of their addresses may be known."""
    written = [{contact.best_address} for contact in contacts]
    places = {contact.pk: place for place, contact in enumerate(contacts) if contact.pk}
    for row in ContactAddress.objects.filter(contact__in=places):
        written[places[row.contact_id]].add(row.envelope or row.address)
    return [
        {hashed.value for address in sorted(known) for hashed in hashes_of(address)}
        for known in written
    ]


def must_not_be_invited(member: User, contact: Contact) -> bool:
    """Whether any of this person's addresses is on the list, or has had its invitation of the year.

    The sender must never be told, nor be able to tell by the time it takes. Other addresses are asked
    about here and nowhere else: who links a stranger's address to their own contact stops nobody's
    invitations but theirs.
    """
    (hashes,) = hashes_of_people([contact])
    domain = {hashed.value for hashed in domain_hashes_of(domain_of(contact.best_address))}
    listed = Suppression.objects.filter(
        Q(sender=None) | Q(sender=member), address_hash__in=hashes | domain, lifted_at=None
    ).count()
    year_ago = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    invited = Reservation.objects.filter(recipient_hash__in=hashes, at__gte=year_ago).count()
    return bool(listed + invited)


def _people(member: User, contacts: list[Contact]) -> list[Person]:
    """The rows. Who is in the draft can always be taken out of it again."""
    drafted = set(
        Invitation.objects.filter(
            sender=member, state__in=DRAFT_STATES, contact__in=contacts
        ).values_list("contact_id", flat=True)
    )
    reasons = why_not_choosable(member, [c for c in contacts if c.pk not in drafted])
    without = [contact for contact in contacts if contact.refusal == NO_ADDRESS]
    links = links_of(member, without) if without else {}
    return [
        Person(
            contact,
            ticked=contact.pk in drafted,
            reason=reasons.get(contact.pk, ""),
            can_link=contact in without and bool(contact.name),
            link=links[contact.pk].uid if contact.pk in links else None,
        )
        for contact in contacts
    ]

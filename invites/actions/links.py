"""Which of a member's people have a personal link. Reads only; `linking` makes them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet

from importer.cleaning import folded
from importer.models import Contact
from invites.addresses import keys
from invites.models import PersonalLink
from ledger.subjects import keyed_hash

NO_ADDRESS = "no_address"  # of importer.addresses.REFUSALS: the only people who get a link


def link_of(member: User, contact: Contact) -> PersonalLink | None:
    """The link that this member made for this person, if any."""
    return links_of(member, [contact]).get(contact.pk)


def links_of(member: User, contacts: list[Contact]) -> dict[int, PersonalLink]:
    """By contact id. One query, however many."""
    hashes = {
        person_hash(member, contact, key): contact.pk for contact in contacts for key in keys()
    }
    made = PersonalLink.objects.filter(sender=member, person_hash__in=hashes)
    return {hashes[link.person_hash]: link for link in made}


def linked_contacts(member: User) -> list[int]:
    """Ids of the contacts who live on in a link when the address books are forgotten."""
    known = links_by(member).filter(erased_at=None, contact__isnull=False)
    return list(known.values_list("contact_id", flat=True))


def links_by(member: User) -> QuerySet[PersonalLink]:
    """All links of a member, newest first."""
    return PersonalLink.objects.filter(sender=member).order_by("-id")


def person_hash(member: User, contact: Contact, key: bytes) -> str:
    """The same person of the same book, however often it is read."""
    known_by = contact.person_key or folded(contact.name)
    return keyed_hash("person", f"{member.pk}\0{contact.source}\0{known_by}", key)

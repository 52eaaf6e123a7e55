"""Puts cleaned people into the tables, in the caller's transaction, merging known ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import connection

from importer import inserting
from importer.addresses import Address, Kind
from importer.cleaning import CleanPerson, search_text, sort_name
from importer.models import Contact, ContactAddress, Import, LeftOut, MergedEntry

MANY = 1000

# Work first; a private address is the last that a near-stranger should be written to.
_PREFERENCE = {Kind.WORK: 0, Kind.UNKNOWN: 1, Kind.PRIVATE: 2}


@dataclass(frozen=True, slots=True)
class Book:
    """Where people come from. `import_run` is None for people who were typed."""

    member_id: int
    source: str
    label: str
    import_run: Import | None
    at: datetime
    saved_by_itself: bool = False  # by the provider, from mail: nobody entered these people


@dataclass(slots=True)
class Counts:
    """What became of some people: read = kept + merged + left_out."""

    read: int = 0
    kept: int = 0
    merged: int = 0
    left_out: int = 0


@dataclass(slots=True)
class _Target:
    """A contact that grows while a page is gone through, and all addresses it has by then."""

    contact: Contact
    # Two entries of one person: a fresh one is enough, and one that somebody made.
    stale: bool = True
    saved_by_itself: bool = True
    addresses: list[Address] = field(default_factory=list)
    new_addresses: list[Address] = field(default_factory=list)
    as_stored: list[object] = field(default_factory=list)  # of _CHANGING; empty for a new contact


def lock_member(member_id: int) -> bool:
    """Lets one transaction at a time add or erase this member's people; False when they are gone.

    Two imports at once would otherwise both find an address new. (SQLite has one writer anyway.)
    """
    members = get_user_model()._default_manager.select_for_update(no_key=True)
    return members.filter(pk=member_id).values_list("pk").first() is not None


def store(
    book: Book, people: Sequence[CleanPerson], first_number: int
) -> tuple[Counts, list[Contact]]:
    """Adds people to a member's contacts; returns what became of them, and whom each one became.

    Must run in a transaction that holds `lock_member`. The number of queries is fixed.
    """
    by_address, by_key = _known(book, people)
    counts = Counts(read=len(people))
    left_out: list[LeftOut] = []
    merged: list[MergedEntry] = []
    touched: dict[int, _Target] = {}
    found: list[Contact] = []
    for number, person in enumerate(people, start=first_number):
        target = by_key.get(person.key) if person.key else None
        shared = ""  # the address by which this is somebody who is here
        for address in person.addresses:
            if target is None and address.normalised in by_address:
                target, shared = by_address[address.normalised], address.written
        if target is None and not person.name and not person.addresses:
            counts.left_out += 1
            left_out += _left_out_rows(book, person, number, None)
            continue
        if target is None:
            target = _Target(_new_contact(book, person))
            counts.kept += 1
        else:
            counts.merged += 1
            merged += _merged_entries(book, person, number, target.contact, shared)
        _merge(target, person, book, by_address)
        if person.key:
            by_key.setdefault(person.key, target)
        touched[id(target)] = target
        found.append(target.contact)
        left_out += _left_out_rows(book, person, number, target.contact)
    _write(list(touched.values()), left_out)
    MergedEntry.objects.bulk_create(merged)
    return counts, found


def as_kept(book: Book, person: CleanPerson) -> Contact:
    """The contact that this person would become by themselves. Stores nothing, and asks no table."""
    target = _Target(_new_contact(book, person))
    _merge(target, person, book, {})
    return target.contact


def add_address(contact: Contact, address: Address) -> Contact:
    """Adds an address to a contact; returns whose it is: theirs, or that of who had it already.

    Must run in a transaction that holds `lock_member`.
    """
    known = ContactAddress.objects.filter(
        member_id=contact.member_id, normalised=address.normalised
    ).select_related("contact")
    owner = known.first()
    if owner is not None:
        return owner.contact
    target = _Target(
        contact,
        "stale" in contact.flags,
        "autosaved" in contact.flags,
        addresses=[_address(row) for row in contact.addresses.order_by("id")],
        as_stored=_changing(contact),
    )
    _add_addresses(target, (address,), {})
    _summarise(target)
    _write([target], [])
    return contact


def describe_to_planner(run: Import) -> None:
    """After many new rows, lets PostgreSQL count its tables afresh (its manual, section 14.4.8).

    Until its own daemon does so, plans made for an almost empty table stay in use, and the checks of
    30,000 foreign keys with such a plan take minutes when these people are forgotten.
    """
    if connection.vendor == "postgresql" and run.kept >= MANY:
        with connection.cursor() as cursor:
            cursor.execute(
                "ANALYZE importer_contact, importer_contactaddress, importer_leftout, importer_mergedentry"
            )


def _known(
    book: Book, people: Sequence[CleanPerson]
) -> tuple[dict[str, _Target], dict[str, _Target]]:
    """Contacts that some of these people are already: by address, and by key in this source."""
    wanted = {address.normalised for person in people for address in person.addresses}
    keys = {person.key for person in people if person.key}
    mine = Contact.objects.filter(member_id=book.member_id)
    owners = set(
        ContactAddress.objects.filter(member_id=book.member_id, normalised__in=wanted).values_list(
            "contact_id", flat=True
        )
    )
    keyed = mine.filter(source=book.source, person_key__in=keys).values_list("pk", flat=True)
    targets = {
        contact.pk: _Target(
            contact,
            "stale" in contact.flags,
            "autosaved" in contact.flags,
            as_stored=_changing(contact),
        )
        for contact in mine.filter(pk__in=owners.union(keyed))
    }
    by_address: dict[str, _Target] = {}
    if targets:
        for row in ContactAddress.objects.filter(contact__in=targets).order_by("id"):
            targets[row.contact_id].addresses.append(_address(row))
            by_address[row.normalised] = targets[row.contact_id]
    by_key = {
        target.contact.person_key: target
        for target in targets.values()
        if target.contact.person_key and target.contact.source == book.source
    }
    return by_address, by_key


def _new_contact(book: Book, person: CleanPerson) -> Contact:
    return Contact(
        member_id=book.member_id,
        import_run_id=book.import_run.pk if book.import_run else None,
        source=book.source,
        source_label=book.label,
        person_key=person.key or None,
        created_at=book.at,
    )


def _merge(
    target: _Target, person: CleanPerson, book: Book, by_address: dict[str, _Target]
) -> None:
    """Adds what is new; what is there stays, so that a second book never renames anybody."""
    contact = target.contact
    contact.name = contact.name or person.name
    contact.company = contact.company or person.company
    contact.title = contact.title or person.title
    contact.phone_country = contact.phone_country or person.phone_country
    _add_addresses(target, person.addresses, by_address)
    target.stale = target.stale and person.stale
    target.saved_by_itself = target.saved_by_itself and book.saved_by_itself
    _summarise(target)


def _add_addresses(
    target: _Target, addresses: Iterable[Address], by_address: dict[str, _Target]
) -> None:
    for address in addresses:
        if address.normalised in by_address:
            continue  # theirs already, or somebody else's: an address belongs to one contact
        by_address[address.normalised] = target
        target.addresses.append(address)
        target.new_addresses.append(address)


def _address(row: ContactAddress) -> Address:
    return Address(row.address, row.envelope, row.normalised, Kind(row.kind), row.refusal)


def _summarise(target: _Target) -> None:
    """Sets what the choose page shows: best address, refusal, flags, search and sort texts."""
    contact = target.contact
    best = min(
        target.addresses,
        key=lambda address: (address.refusal != "", _PREFERENCE[address.kind]),
        default=None,
    )
    contact.best_address = (best.envelope or best.written) if best else ""
    contact.best_kind = best.kind.value if best else ""
    contact.refusal = best.refusal if best else "no_address"
    flags = {
        "autosaved": target.saved_by_itself,
        "private": best is not None and best.kind == Kind.PRIVATE,
        "stale": target.stale,
        "nameless": not contact.name,
        "several": sum(address.refusal == "" for address in target.addresses) > 1,
    }
    contact.flags = [flag for flag, is_set in flags.items() if is_set]
    contact.search = search_text(
        contact.name,
        contact.company,
        contact.title,
        *(address.written for address in target.addresses),
    )
    contact.sort_name = sort_name(contact.name or contact.best_address)[:80]


def _merged_entries(
    book: Book, person: CleanPerson, number: int, contact: Contact, shared: str
) -> list[MergedEntry]:
    if book.import_run is None:
        return []
    return [
        MergedEntry(
            member_id=book.member_id,
            import_run=book.import_run,
            contact=contact,
            number=number,
            name=person.name,
            address=shared,
        )
    ]


def _left_out_rows(
    book: Book, person: CleanPerson, number: int, contact: Contact | None
) -> list[LeftOut]:
    if book.import_run is None:
        return []
    rows = [(row.reason, row.raw) for row in person.left_out]
    if contact is None and not rows:
        rows = [("empty", " · ".join(part for part in (person.company, person.title) if part))]
    return [
        LeftOut(
            member_id=book.member_id,
            import_run=book.import_run,
            contact=contact,
            number=number,
            reason=reason,
            name=person.name,
            raw=raw,
        )
        for reason, raw in rows
    ]


_CHANGING = ["name", "company", "title", "phone_country", "best_address", "best_kind", "refusal"]
_CHANGING += ["flags", "search", "sort_name"]


def _changing(contact: Contact) -> list[object]:
    return [getattr(contact, name) for name in _CHANGING]


def _write(targets: list[_Target], left_out: list[LeftOut]) -> None:
    inserting.contacts([target.contact for target in targets if not target.as_stored])
    changed = [
        target.contact
        for target in targets
        if target.as_stored and target.as_stored != _changing(target.contact)
    ]
    Contact.objects.bulk_update(changed, _CHANGING, batch_size=50)
    inserting.addresses(
        [(target.contact, address) for target in targets for address in target.new_addresses]
    )
    LeftOut.objects.bulk_create(left_out)

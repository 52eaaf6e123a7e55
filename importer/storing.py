"""Puts cleaned people into the tables, in the caller's transaction, merging known ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from importer import directory, inserting
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
    """A person as they grow while a page is gone through, with all addresses they have by then.

    `stored` is None for somebody new; then `pk` is given when the page is written.
    """

    stored: Contact | None = None
    pk: int = 0
    key: str = ""
    name: str = ""
    company: str = ""
    title: str = ""
    phone_country: str = ""
    # Two entries of one person: a fresh one is enough, and one that somebody made.
    stale: bool = True
    saved_by_itself: bool = True
    addresses: list[Address] = field(default_factory=list)
    new_addresses: list[Address] = field(default_factory=list)


def lock_member(member_id: int) -> bool:
    """Lets one transaction at a time add or erase this member's people; False when they are gone.

    Two imports at once would otherwise both find an address new. (SQLite has one writer anyway.)
    """
    members = get_user_model()._default_manager.select_for_update(no_key=True)
    return members.filter(pk=member_id).values_list("pk").first() is not None


def store(
    book: Book, people: Sequence[CleanPerson], first_number: int
) -> tuple[Counts, list[Contact]]:
    """As `store_page`, for a few people; returns whom each one became as well."""
    had_directory = directory.drop(book.member_id)
    counts, targets = _store(book, people, first_number)
    if had_directory:
        directory.make(book.member_id)
    contacts = Contact.objects.in_bulk([target.pk for target in targets])
    return counts, [contacts[target.pk] for target in targets]


def store_page(book: Book, people: Sequence[CleanPerson], first_number: int) -> Counts:
    """Adds people to a member's contacts; returns what became of them.

    Must run in a transaction that holds `lock_member`. The number of queries is fixed.
    """
    directory.drop(book.member_id)  # `is_over` makes it anew
    return _store(book, people, first_number)[0]


def _store(
    book: Book, people: Sequence[CleanPerson], first_number: int
) -> tuple[Counts, list[_Target]]:
    by_address, by_key = _known(book, people)
    counts = Counts(read=len(people))
    left_out: list[tuple[int, CleanPerson, _Target | None]] = []
    merged: list[tuple[int, CleanPerson, _Target, str]] = []
    touched: dict[int, _Target] = {}
    found: list[_Target] = []
    for number, person in enumerate(people, start=first_number):
        target = by_key.get(person.key) if person.key else None
        shared = ""  # the address by which this is somebody who is here
        for address in person.addresses:
            if target is None and address.normalised in by_address:
                target, shared = by_address[address.normalised], address.written
        if target is None and not person.name and not person.addresses:
            counts.left_out += 1
            left_out.append((number, person, None))
            continue
        if target is None:
            target = _Target(key=person.key)
            counts.kept += 1
        else:
            counts.merged += 1
            merged.append((number, person, target, shared))
        _merge(target, person, book, by_address)
        if person.key:
            by_key.setdefault(person.key, target)
        touched[id(target)] = target
        found.append(target)
        if person.left_out:
            left_out.append((number, person, target))
    _write(book, list(touched.values()))
    if book.import_run is not None:
        ours = {"member_id": book.member_id, "import_run": book.import_run}
        LeftOut.objects.bulk_create(row for one in left_out for row in _left_out_rows(ours, *one))
        MergedEntry.objects.bulk_create(_merged_entry(ours, *one) for one in merged)
    return counts, found


def as_kept(book: Book, person: CleanPerson) -> Contact:
    """The contact that this person would become by themselves. Stores nothing, and asks no table."""
    target = _Target(key=person.key)
    _merge(target, person, book, {})
    return Contact(
        member_id=book.member_id,
        import_run=book.import_run,
        source=book.source,
        source_label=book.label,
        person_key=target.key or None,
        created_at=book.at,
        **_columns(target),
    )


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
    target = _target(contact)
    target.addresses = [_address(row) for row in contact.addresses.order_by("id")]
    _add_addresses(target, (address,), {})
    had_directory = directory.drop(contact.member_id)
    _update([target])
    _insert_addresses(contact.member_id, [target])
    if had_directory:
        directory.make(contact.member_id)
    return contact


def is_over(run: Import) -> None:
    """After an import: whoever has many people gets a directory, unless there is one."""
    if run.member_id is not None and directory.of(run.member_id) is None:
        with transaction.atomic():
            if lock_member(run.member_id):
                directory.make(run.member_id)


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
    known = ContactAddress.objects.filter(member_id=book.member_id, normalised__in=wanted)
    ids = set(known.values_list("contact_id", flat=True))
    if keys:
        keyed = mine.filter(source=book.source, person_key__in=keys)
        ids.update(keyed.values_list("pk", flat=True))
    targets = {contact.pk: _target(contact) for contact in mine.filter(pk__in=ids)}
    by_address: dict[str, _Target] = {}
    if targets:
        for row in ContactAddress.objects.filter(contact__in=targets).order_by("id"):
            targets[row.contact_id].addresses.append(_address(row))
            by_address[row.normalised] = targets[row.contact_id]
    by_key = {
        target.key: target
        for target in targets.values()
        if target.key and target.stored and target.stored.source == book.source
    }
    return by_address, by_key


def _target(contact: Contact) -> _Target:
    return _Target(
        stored=contact,
        pk=contact.pk,
        key=contact.person_key or "",
        name=contact.name,
        company=contact.company,
        title=contact.title,
        phone_country=contact.phone_country,
        stale="stale" in contact.flags,
        saved_by_itself="autosaved" in contact.flags,
    )


def _merge(
    target: _Target, person: CleanPerson, book: Book, by_address: dict[str, _Target]
) -> None:
    """Adds what is new; what is there stays, so that a second book never renames anybody.

    But a name that no person wrote ("J. Weber", from mail) gives way to one that somebody did.
    """
    written_now = target.saved_by_itself and not book.saved_by_itself
    target.name = (person.name if written_now else "") or target.name or person.name
    target.company = target.company or person.company
    target.title = target.title or person.title
    target.phone_country = target.phone_country or person.phone_country
    target.stale = target.stale and person.stale
    target.saved_by_itself = target.saved_by_itself and book.saved_by_itself
    _add_addresses(target, person.addresses, by_address)


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


def _rank(address: Address) -> tuple[bool, int]:
    return (address.refusal != "", _PREFERENCE[address.kind])


def _columns(target: _Target) -> dict[str, Any]:
    """What of a contact may change when a person is met again, with what the choose page shows."""
    best = min(target.addresses, key=_rank, default=None)
    best_address = (best.envelope or best.written) if best else ""
    flags = {
        "autosaved": target.saved_by_itself,
        "private": best is not None and best.kind == Kind.PRIVATE,
        "stale": target.stale,
        "nameless": not target.name,
        "several": sum(address.refusal == "" for address in target.addresses) > 1,
    }
    written = (address.written for address in target.addresses)
    return {
        "name": target.name,
        "company": target.company,
        "title": target.title,
        "phone_country": target.phone_country,
        "best_address": best_address,
        "best_kind": best.kind.value if best else "",
        "refusal": best.refusal if best else "no_address",
        "flags": [flag for flag, is_set in flags.items() if is_set],
        "search": search_text(target.name, target.company, target.title, *written),
        "sort_name": sort_name(target.name or best_address)[:80],
    }


def _merged_entry(
    ours: dict[str, Any], number: int, person: CleanPerson, target: _Target, shared: str
) -> MergedEntry:
    return MergedEntry(
        **ours,
        contact_id=target.pk,
        number=number,
        name=person.name,
        address=shared,
    )


def _left_out_rows(
    ours: dict[str, Any], number: int, person: CleanPerson, target: _Target | None
) -> list[LeftOut]:
    rows = [(row.reason, row.raw) for row in person.left_out]
    if target is None and not rows:
        rows = [("empty", " · ".join(part for part in (person.company, person.title) if part))]
    return [
        LeftOut(
            **ours,
            contact_id=target.pk if target else None,
            number=number,
            reason=reason,
            name=person.name,
            raw=raw,
        )
        for reason, raw in rows
    ]


def _write(book: Book, targets: Sequence[_Target]) -> None:
    new = [target for target in targets if target.stored is None]
    if new:
        _insert(book, new)
    _update([target for target in targets if target.stored is not None])
    _insert_addresses(book.member_id, targets)


def _insert(book: Book, targets: Sequence[_Target]) -> None:
    origin = {
        "member_id": book.member_id,
        "import_run_id": book.import_run.pk if book.import_run else None,
        "source": book.source,
        "source_label": book.label,
        "created_at": connection.ops.adapt_datetimefield_value(book.at),
    }
    rows: list[dict[str, Any]] = []
    for target, pk in zip(targets, inserting.new_ids(Contact, len(targets)), strict=True):
        target.pk = pk
        row = {"id": pk, "person_key": target.key or None, **origin, **_columns(target)}
        row["flags"] = json.dumps(row["flags"])
        rows.append(row)
    inserting.insert(Contact, list(rows[0]), [list(row.values()) for row in rows])


def _update(targets: Iterable[_Target]) -> None:
    changed: list[Contact] = []
    names: list[str] = []
    for target in targets:
        columns = _columns(target)
        names = list(columns)
        if target.stored and columns != {name: getattr(target.stored, name) for name in names}:
            for name, value in columns.items():
                setattr(target.stored, name, value)
            changed.append(target.stored)
    if changed:
        Contact.objects.bulk_update(changed, names, batch_size=50)


def _insert_addresses(member_id: int, targets: Iterable[_Target]) -> None:
    rows = [
        (
            target.pk,
            member_id,
            one.written,
            one.envelope,
            one.normalised,
            one.kind.value,
            one.refusal,
        )
        for target in targets
        for one in target.new_addresses
    ]
    columns = ("contact_id", "member_id", "address", "envelope", "normalised", "kind", "refusal")
    inserting.insert(ContactAddress, columns, rows)

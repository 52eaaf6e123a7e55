"""Which of the importer's rows concern a person, and how they go. See ledger/personal.py."""

from __future__ import annotations

import json
import operator
import zlib
from collections.abc import Iterable, Iterator
from functools import partial, reduce
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Q, QuerySet

from importer import ciphering, reading
from importer.actions import forget_contacts_of
from importer.addresses import REFUSALS
from importer.models import (
    FLAGS,
    AwaitedFile,
    Contact,
    ContactAddress,
    DirectoryPage,
    Grant,
    Import,
    LastClick,
    LeftOut,
    MergedEntry,
    Upload,
    UploadPage,
)
from ledger.personal import Mine, Person, Table, columns, pages_of_columns


def erase(person: Person) -> None:
    """Erases it all, in the caller's transaction. Accesses to address books are ended by a worker."""
    for page in _pages(person):
        page.ciphertext = _without(page, person)
        page.save(update_fields=["ciphertext"])
    if person.member_id is not None:
        _leave(person.member_id)
    _left_out(person).delete()
    _merged(person).delete()
    # By their ids: without its addresses nobody could find a contact any more.
    in_others_books = list(_contacts(person).values_list("pk", flat=True))
    ContactAddress.objects.filter(contact_id__in=in_others_books).delete()
    Contact.objects.filter(pk__in=in_others_books).delete()
    _directory(person).delete()


def _leave(member_id: int) -> None:
    forget_contacts_of(member_id)
    LastClick.objects.filter(member_id=member_id).delete()
    runs = Import.objects.filter(member_id=member_id)
    runs.filter(grant=None).delete()
    for import_id in runs.values_list("pk", flat=True):
        transaction.on_commit(partial(reading.nudge, import_id))
    runs.update(member=None)  # the worker deletes the row with the access


def _contacts(person: Person) -> QuerySet[Contact]:
    at_address = Q(addresses__normalised__in=person.addresses) | Q(
        best_address__in=person.addresses
    )
    found = Contact.objects.filter(Q(member_id=person.member_id) | at_address)
    return Contact.objects.filter(pk__in=found.values("pk"))


def _directory(person: Person) -> QuerySet[DirectoryPage]:
    """Whole directories in which this person is: without one, contacts are searched themselves."""
    named = [Q(lines__contains=one.lower()) for one in person.addresses]
    found = DirectoryPage.objects.filter(reduce(operator.or_, named, Q(member_id=person.member_id)))
    return DirectoryPage.objects.filter(member_id__in=found.values("member_id"))


def _left_out(person: Person) -> QuerySet[LeftOut]:
    mentioned = [Q(raw__icontains=one) | Q(name__icontains=one) for one in person.addresses]
    about = Q(member_id=person.member_id) | Q(contact__in=_contacts(person))
    return LeftOut.objects.filter(reduce(operator.or_, mentioned, about))


def _merged(person: Person) -> QuerySet[MergedEntry]:
    mentioned = [Q(address__iexact=one) for one in person.addresses]
    about = Q(member_id=person.member_id) | Q(contact__in=_contacts(person))
    return MergedEntry.objects.filter(reduce(operator.or_, mentioned, about))


def _pages(person: Person) -> QuerySet[UploadPage]:
    """Pages of what files say of people, if they mention this one; they live for half an hour."""
    found = [
        page.pk for page in UploadPage.objects.all() if any(map(partial(_is, person), _rows(page)))
    ]
    return UploadPage.objects.filter(Q(pk__in=found))


def _rows(page: UploadPage) -> Iterable[object]:
    try:
        plain = zlib.decompress(ciphering.cipher().decrypt(bytes(page.ciphertext)))
    except InvalidToken:
        return ()  # nobody can read it any more, us included
    rows: list[object] = json.loads(plain)
    return rows


def _is(person: Person, row: object) -> bool:
    said = json.dumps(row, ensure_ascii=False).lower()
    return any(address.lower() in said for address in person.addresses)


def _without(page: UploadPage, person: Person) -> bytes:
    others = [row for row in _rows(page) if not _is(person, row)]
    plain = json.dumps(others, ensure_ascii=False).encode(errors="replace")
    return ciphering.cipher().encrypt(zlib.compress(plain, 1))


def _people(member_id: int) -> Iterator[dict[str, Any]]:
    """Everybody in a member's address books, each with all addresses."""
    known = ("name", "company", "title", "phone_country", "flags", "source_label", "created_at")
    best = ("best_address", "best_kind", "refusal")
    for page in pages_of_columns(Contact.objects.filter(member_id=member_id), *known, *best):
        addresses: dict[int, list[dict[str, str]]] = {}
        for contact, *one in (
            ContactAddress.objects.filter(contact_id__in=[person["pk"] for person in page])
            .order_by("pk")
            .values_list("contact_id", "address", "kind", "refusal")
        ):
            addresses.setdefault(contact, []).append(_address(*one))
        for person in page:
            shown = [_address(*(person[name] for name in best))] if person["best_address"] else []
            yield {
                **{name: person[name] for name in known},
                "flags": [FLAGS[flag] for flag in person["flags"] if flag in FLAGS],
                "addresses": addresses.get(person["pk"], shown),
            }


def _address(address: str, kind: str, refusal: str) -> dict[str, str]:
    return {"address": address, "kind": kind, "can_not_be_invited": REFUSALS.get(refusal, "")}


def _uploads(member_id: int) -> Iterator[dict[str, Any]]:
    for upload in Upload.objects.filter(member_id=member_id).order_by("pk"):
        yield {"number": upload.uid, "entries": upload.entries, "kept_until": upload.ends_at}
        for page in upload.pages.order_by("number").iterator():
            yield {"number": upload.uid, "rows": list(_rows(page))}


def _import_columns(rows: QuerySet[Any], *names: str) -> Iterator[dict[str, Any]]:
    """The same with the import's number, which stands in imports.json."""
    for row in columns(rows, "import_run__uid", *names):
        yield {"import": row.pop("import_run__uid"), **row}


TABLES = (
    Table(
        "importer.Contact",
        _contacts,
        Mine("contacts", "the people from your address books", _people),
        hidden=("search", "sort_name"),
    ),
    Table(
        "importer.ContactAddress",
        lambda who: ContactAddress.objects.filter(
            Q(member_id=who.member_id) | Q(contact__in=_contacts(who))
        ),
        "The addresses of your people by themselves: they stand in contacts.json, with each person.",
    ),
    Table(
        "importer.DirectoryPage",
        _directory,
        "The lines in which you search: the people of contacts.json once more.",
        hidden=("lines",),
    ),
    Table(
        "importer.LeftOut",
        _left_out,
        Mine(
            "left-out",
            "what an import could not keep, and why",
            lambda me: _import_columns(
                LeftOut.objects.filter(member_id=me), "number", "reason", "name", "raw"
            ),
        ),
    ),
    Table(
        "importer.MergedEntry",
        _merged,
        Mine(
            "merged",
            "entries that were somebody who was here already",
            lambda me: _import_columns(
                MergedEntry.objects.filter(member_id=me), "number", "name", "address"
            ),
        ),
    ),
    Table(
        "importer.Import",
        lambda who: Import.objects.filter(member_id=who.member_id, member__isnull=False),
        Mine(
            "imports",
            "every reading of an address book, and what became of our access to it",
            lambda me: columns(
                Import.objects.filter(member_id=me),
                *("uid", "source_label", "purpose", "state", "created_at", "finished_at"),
                *("forgotten_at", "read", "kept", "merged", "left_out", "revocation"),
            ),
        ),
        hidden=("cursor", "seen"),
    ),
    Table(
        "importer.Grant",
        lambda who: Grant.objects.filter(
            import_run__member_id=who.member_id, import_run__member__isnull=False
        ),
        Mine(
            "accesses",
            "the accesses to your address books that we have right now, without their secrets",
            lambda me: _import_columns(
                Grant.objects.filter(import_run__member_id=me), "created_at", "ends_at"
            ),
        ),
        hidden=("ciphertext",),
    ),
    Table(
        "importer.Upload",
        lambda who: Upload.objects.filter(member_id=who.member_id),
        Mine("uploads", "what your files said, for the minutes until it is read", _uploads),
    ),
    Table(
        "importer.UploadPage",
        lambda who: UploadPage.objects.filter(
            Q(upload__member_id=who.member_id) | Q(pk__in=_pages(who).values("pk"))
        ),
        "The pages of a file of yours, as we keep them, encrypted: uploads.json has what they say.",
        hidden=("ciphertext",),
    ),
    Table(
        "importer.AwaitedFile",
        lambda who: AwaitedFile.objects.filter(member_id=who.member_id),
        Mine(
            "awaited-file",
            "since when we wait for your LinkedIn file",
            lambda me: columns(AwaitedFile.objects.filter(member_id=me), "since", "mailed_at"),
        ),
    ),
    Table(
        "importer.LastClick",
        lambda who: LastClick.objects.filter(member_id=who.member_id),
        Mine(
            "last-click",
            "when you last did something here, for forgetting in time",
            lambda me: columns(LastClick.objects.filter(member_id=me), "at"),
        ),
    ),
)
NOBODY: dict[str, str] = {}

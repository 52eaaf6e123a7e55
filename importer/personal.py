"""Which of the importer's rows concern a person, and how they go. See ledger/personal.py."""

from __future__ import annotations

import json
import operator
import zlib
from collections.abc import Iterable
from functools import partial, reduce

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Q, QuerySet

from importer import reading, sealing
from importer.actions import forget_contacts_of
from importer.models import (
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
from ledger.personal import Person, Table


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
        plain = zlib.decompress(sealing.cipher().decrypt(bytes(page.ciphertext)))
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
    return sealing.cipher().encrypt(zlib.compress(plain, 1))


TABLES = (
    Table("importer.Contact", _contacts, hidden=("search", "sort_name")),
    Table(
        "importer.ContactAddress",
        lambda who: ContactAddress.objects.filter(
            Q(member_id=who.member_id) | Q(contact__in=_contacts(who))
        ),
    ),
    Table("importer.DirectoryPage", _directory, hidden=("lines",)),
    Table("importer.LeftOut", _left_out),
    Table("importer.MergedEntry", _merged),
    Table(
        "importer.Import",
        lambda who: Import.objects.filter(member_id=who.member_id, member__isnull=False),
        hidden=("cursor", "seen"),
    ),
    Table(
        "importer.Grant",
        lambda who: Grant.objects.filter(
            import_run__member_id=who.member_id, import_run__member__isnull=False
        ),
        hidden=("ciphertext",),
    ),
    Table(
        "importer.Upload",
        lambda who: Upload.objects.filter(member_id=who.member_id),
    ),
    Table(
        "importer.UploadPage",
        lambda who: UploadPage.objects.filter(
            Q(upload__member_id=who.member_id) | Q(pk__in=_pages(who).values("pk"))
        ),
        hidden=("ciphertext",),
    ),
    Table(
        "importer.AwaitedFile",
        lambda who: AwaitedFile.objects.filter(member_id=who.member_id),
    ),
    Table("importer.LastClick", lambda who: LastClick.objects.filter(member_id=who.member_id)),
)
NOBODY: dict[str, str] = {}

"""What a member can do with a row that an import left out: give it an address that is one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F

from importer import addresses, cleaning, oauth, storing
from importer.actions import touch
from importer.cleaning import CleanPerson
from importer.models import Contact, Import, LeftOut
from ledger import clock, entries, subjects
from ledger.entries import Event


@dataclass(frozen=True, slots=True)
class Mended:
    """Who has the address now, and whether that person or address is new here."""

    contact: Contact
    is_new: bool


def mend(*, member: AbstractBaseUser, row: LeftOut, address: str, name: str = "") -> Mended | None:
    """Keeps what was left out, with this address; None when that was done before.

    The import's counts move with it, so that they stay what the tables hold. `name` is for a row
    that has none. Raises NotAnAddress.
    """
    read = addresses.read(address)
    with transaction.atomic():
        touch(member)
        storing.lock_member(member.pk)
        left_out = LeftOut.objects.select_related("import_run", "contact")
        current = left_out.filter(pk=row.pk, member_id=member.pk).first()
        if current is None:
            return None
        run = current.import_run
        if current.contact is not None:
            contact = storing.add_address(current.contact, read)
            is_new = contact.pk == current.contact.pk
        else:
            person = CleanPerson(
                key="",
                name=current.name or cleaning.cut(name, cleaning.LONGEST_TEXT),
                company="",
                title="",
                phone_country="",
                stale=False,
                addresses=(read,),
                left_out=(),
            )
            kind = oauth.kind_of(run.source)
            book = storing.Book(
                member.pk,
                run.source,
                run.source_label,
                run,
                clock.now(),
                saved_by_itself=kind is not None and kind.saved_by_itself,
            )
            counts, [contact] = storing.store(book, [person], first_number=current.number)
            is_new = counts.kept == 1
            Import.objects.filter(pk=run.pk).update(
                kept=F("kept") + counts.kept,
                merged=F("merged") + counts.merged,
                left_out=F("left_out") - 1,
            )
            # What else was left out of the same entry is now about somebody who is kept.
            LeftOut.objects.filter(import_run=run, number=current.number, contact=None).update(
                contact=contact
            )
        current.delete()
        subject = subjects.of_member(member.pk)
        facts = {"import": str(run.uid), "reason": current.reason}
        entries.append([Event("contact.mended", subject, subject, {**facts})])
    return Mended(contact, is_new)

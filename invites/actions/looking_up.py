"""Choosing somebody whom a look-up has found: kept and chosen at once, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from importer import looking_up
from importer.looking_up import Found
from importer.models import Contact, Import
from invites.actions import drafting
from invites.actions.people import reasons_against
from invites.addresses import address_hash
from invites.consent import DRAFT_STATES
from invites.models import Invitation


class NotPicked(Exception):
    """This person was not chosen, and nothing of them was kept; str() says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """Somebody whom a search has found. With a `reason` they can't be chosen."""

    key: str
    contact: Contact
    reason: str
    chosen: bool


def look(*, member: User, run: Import, words: str) -> list[Result]:
    """Whom the provider finds. Stores nothing of them. Raises what `looking_up.find` raises."""
    return _results(member, looking_up.find(member=member, run=run, words=words))


def pick(*, member: User, run: Import, words: str, key: str) -> tuple[str, list[Result]]:
    """Keeps and chooses one person; returns their name, and all results as they are afterwards.

    The provider is asked again by the same words, so nobody can be made up. Raises NotPicked, and
    what `looking_up.find` raises.
    """
    everybody = looking_up.find(member=member, run=run, words=words)
    found = next((one for one in everybody if one.key == key), None)
    if found is None:
        raise NotPicked("This person is not among the results any more. Search again.")
    with transaction.atomic():
        contact = looking_up.keep(member=member, run=run, found=found)
        saved = drafting.choose(member=member, ticked={contact.pk}, shown={contact.pk})
        if saved.refusals:
            raise NotPicked(saved.refusals[0])  # and what was kept is rolled back
    return contact.display_name, _results(member, everybody)


def _results(member: User, found: Sequence[Found]) -> list[Result]:
    drafted = set(
        Invitation.objects.filter(sender=member, state__in=DRAFT_STATES).values_list(
            "recipient_hash", flat=True
        )
    )
    reasons = reasons_against(member, [one.contact for one in found])
    results = []
    for one, reason in zip(found, reasons, strict=True):
        can = one.contact.can_be_invited
        chosen = can and address_hash(one.contact.best_address) in drafted
        results.append(Result(one.key, one.contact, "" if chosen else reason, chosen))
    return results

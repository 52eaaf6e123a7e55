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
from invites.actions.links import NO_ADDRESS
from invites.actions.people import reasons_against
from invites.addresses import address_hash
from invites.consent import DRAFT_STATES
from invites.models import Invitation


class NotPicked(Exception):
    """This person was not chosen, and nothing of them was kept; str() says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """Somebody whom a search has found. With a `reason` they can't be chosen.

    `can_link`: there is no address, but a personal link can be made for them.
    """

    key: str
    contact: Contact
    reason: str
    chosen: bool
    can_link: bool


def look(*, member: User, run: Import, words: str) -> list[Result]:
    """Whom the provider finds. Stores nothing of them. Raises what `looking_up.find` raises."""
    return _results(member, looking_up.find(member=member, run=run, words=words))


def pick(*, member: User, run: Import, words: str, key: str) -> tuple[str, list[Result]]:
    """Keeps and chooses one person; returns their name, and all results as they are afterwards.

    The provider is asked again by the same words, so nobody can be made up. Raises NotPicked, and
    what `looking_up.find` raises.
    """
    everybody = looking_up.find(member=member, run=run, words=words)
    found = _named(everybody, key)
    with transaction.atomic():
        contact = looking_up.keep(member=member, run=run, found=found)
        saved = drafting.choose(member=member, ticked={contact.pk}, shown={contact.pk})
        if saved.refusals:
            raise NotPicked(saved.refusals[0])  # and what was kept is rolled back
    return contact.display_name, _results(member, everybody)


def keep_for_link(*, member: User, run: Import, words: str, key: str) -> Contact:
    """Keeps one person who has no address, so that a personal link can be made. Raises as `pick`."""
    found = _named(looking_up.find(member=member, run=run, words=words), key)
    with transaction.atomic():
        contact = looking_up.keep(member=member, run=run, found=found)
        if not _can_link(contact):
            raise NotPicked(f"{contact.display_name or 'This person'} can’t have a personal link.")
    return contact


def _named(everybody: Sequence[Found], key: str) -> Found:
    for one in everybody:
        if one.key == key:
            return one
    raise NotPicked("This person is not among the results any more. Search again.")


def _can_link(contact: Contact) -> bool:
    return contact.refusal == NO_ADDRESS and bool(contact.name)


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
        reason = "" if chosen else reason
        results.append(Result(one.key, one.contact, reason, chosen, _can_link(one.contact)))
    return sorted(results, key=lambda one: one.reason != "")  # who can be chosen comes first

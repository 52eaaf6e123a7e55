"""Random ids for people, through a map that can be erased."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings

from ledger.models import Subject


def keyed_hash(purpose: str, value: str, key: bytes | None = None) -> str:
    """HMAC-SHA-256 of `value`, as 64 hex digits, under ADDRESS_KEY or another `key`.

    `purpose` keeps the kinds apart.
    """
    message = f"{purpose}\0{value}".encode()
    return hmac.new(key or settings.ADDRESS_KEY, message, hashlib.sha256).hexdigest()


def uids_for(keyed_hashes: Iterable[str], *, member: int | None = None) -> dict[str, UUID]:
    """The random id of each keyed hash; unknown ones are given one. Safe beside other writers.

    With `member` they are all this member's.
    """
    wanted = set(keyed_hashes)
    Subject.objects.bulk_create(
        [Subject(keyed_hash=value, member=member) for value in sorted(wanted)],
        ignore_conflicts=True,
    )
    return dict(Subject.objects.filter(keyed_hash__in=wanted).values_list("keyed_hash", "uid"))


def of_member(user_id: int) -> UUID:
    """The random id of a member of the site."""
    value = keyed_hash("member", str(user_id))
    return uids_for([value], member=user_id)[value]


def known_member(user_id: int) -> UUID | None:
    """The random id of a member if they have one already. Reads only: for pages."""
    found = Subject.objects.filter(keyed_hash=keyed_hash("member", str(user_id)))
    return found.values_list("uid", flat=True).first()


def members(uids: Iterable[UUID]) -> dict[UUID, int]:
    """Which members these ids stand for, as far as anybody still knows. Reads only."""
    known = Subject.objects.filter(uid__in=set(uids), member__isnull=False)
    return {uid: member for uid, member in known.values_list("uid", "member") if member}


def uids_of_member(user_id: int) -> list[UUID]:
    """Every id that a member has had: one under each address key. Reads only."""
    return list(Subject.objects.filter(member=user_id).order_by("id").values_list("uid", flat=True))


def erase(keyed_hashes: Iterable[str]) -> int:
    """Forgets whom these ids stand for; returns how many. The ledger's entries stay as they are."""
    deleted, _ = Subject.objects.filter(keyed_hash__in=list(keyed_hashes)).delete()
    return deleted

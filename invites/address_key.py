"""Whether ADDRESS_KEY is the one under which this database keeps its promises. A wrong one stops the start.

Under a wrong key nobody who said "never again" would be recognised, and nothing would look amiss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError
from django.db.models.signals import post_migrate

from invites.addresses import key_id, keys
from invites.models import AddressKey, Suppression
from ledger import clock


def connect() -> None:
    """Hooks the record onto migrations, and the refusal onto `manage.py check --database default`."""
    post_migrate.connect(_record, dispatch_uid="invites.address_key")
    checks.register(checks.Tags.database)(check_key)


def refusal() -> str:
    """The sentence that says why nothing may start; "" when the keys are right.

    Also "" for a database that can't be asked or has no tables yet: then nothing can be sent either.
    """
    try:
        missing = _used() - {key_id(key) for key in keys()}
    except DatabaseError:
        return ""
    if not missing:
        return ""
    return (
        f"The database keeps its “never again” under another key than ADDRESS_KEY (its name: "
        f"{', '.join(sorted(missing))}). Set ADDRESS_KEY as it was, or put the old key into "
        "OLD_ADDRESS_KEYS."
    )


def check_key(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """`manage.py check --database default`: an error when the key is not the right one."""
    sentence = refusal() if databases else ""
    return [checks.Error(sentence, id="invites.E001")] if sentence else []


def _used() -> set[str]:
    """Names of all keys that were ever in use on this database."""
    return set(AddressKey.objects.values_list("key_id", flat=True))


def _record(sender: Any, **kwargs: Any) -> None:
    """After a release: the key in use is needed from now on. With a wrong one nothing is recorded."""
    if sender.name != "invites":
        return
    used = _used()
    if not used:  # a new database, or one from before there was this table
        used = set(Suppression.objects.values_list("key_id", flat=True).distinct()) - {""}
    if used <= {key_id(key) for key in keys()}:
        used.add(key_id())
    known = [AddressKey(key_id=name, since=clock.now()) for name in used]
    AddressKey.objects.bulk_create(known, ignore_conflicts=True)

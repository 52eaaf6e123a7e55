"""The one cipher for what is kept only for a while: tokens, uploaded people, account mail.

Whatever is encrypted with it stands in a column named `ciphertext`: that is how a change of keys
finds it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import models, transaction

from ledger.entries import Event, append

COLUMN = "ciphertext"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a change of keys met, in rows. Nobody can read the `unreadable` ones any more."""

    changed: int = 0
    current: int = 0
    unreadable: int = 0


def cipher() -> MultiFernet:
    """Encrypts with the newest of GRANT_KEYS, decrypts with any. Raises InvalidToken for others."""
    return MultiFernet([Fernet(key) for key in settings.GRANT_KEYS])


def encrypted_tables() -> list[type[models.Model]]:
    """Every table with something encrypted in it."""
    return [model for model in apps.get_models() if _is_encrypted(model)]


@transaction.atomic
def rotate() -> Rotated:
    """Encrypts all that is kept with the first of GRANT_KEYS. Doing it twice is the same as once.

    A row that changes or goes meanwhile is left alone: whatever is written now has the first key.
    """
    newest = Fernet(settings.GRANT_KEYS[0])
    changed = current = unreadable = 0
    for model, key, sealed in _everything_encrypted():
        if _opens(newest, sealed):
            current += 1
            continue
        try:
            resealed = cipher().rotate(sealed)
        except InvalidToken:
            unreadable += 1
            continue
        same = model._default_manager.filter(pk=key, **{COLUMN: sealed})
        changed += same.update(**{COLUMN: resealed})
    rotated = Rotated(changed, current, unreadable)
    facts = {"changed": changed, "current": current, "unreadable": unreadable}
    append([Event("keys.rotated", uuid.uuid4(), facts={**facts})])
    return rotated


def _everything_encrypted() -> Iterator[tuple[type[models.Model], object, bytes]]:
    for model in encrypted_tables():
        for key in list(model._default_manager.order_by("pk").values_list("pk", flat=True)):
            sealed = model._default_manager.filter(pk=key).values_list(COLUMN, flat=True).first()
            if sealed is not None:
                yield model, key, bytes(sealed)


def _is_encrypted(model: type[models.Model]) -> bool:
    try:
        return isinstance(model._meta.get_field(COLUMN), models.BinaryField)
    except FieldDoesNotExist:
        return False


def _opens(key: Fernet, sealed: bytes) -> bool:
    try:
        key.decrypt(sealed)
    except InvalidToken:
        return False
    return True

"""Keyed hashes of recipients' addresses: how the site recognises somebody it has otherwise forgotten."""

from __future__ import annotations

from importer.addresses import normalise
from ledger.subjects import keyed_hash

NORMALISER = 1  # raise when `importer.addresses.normalise` changes; suppressions keep theirs


def address_hash(address: str) -> str:
    """64 hex digits under ADDRESS_KEY, equal for spellings that reach the same mailbox."""
    return keyed_hash("address", normalise(address))


def key_id() -> str:
    """Names the ADDRESS_KEY in use without giving it away, as 16 hex digits."""
    return keyed_hash("key", "id")[:16]

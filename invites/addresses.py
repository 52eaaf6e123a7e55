"""Keyed hashes of recipients' addresses: how the site recognises somebody it has otherwise forgotten.

New rows are written under ADDRESS_KEY and the newest normaliser. Old rows stay as they are, for good,
so whoever looks for an address looks for all its hashes: one per key and normaliser ever used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from importer import addresses
from ledger.subjects import keyed_hash

# Every way in which addresses were ever made comparable, by its number. A changed `normalise` becomes
# a new number; the old function moves here, and stays.
NORMALISERS: dict[int, Callable[[str], str]] = {1: addresses.normalise}


@dataclass(frozen=True, slots=True)
class Hashed:
    """One keyed hash of an address (64 hex digits), under which key, by which normaliser."""

    value: str
    key_id: str
    normaliser: int


def keys() -> list[bytes]:
    """Every key under which hashes are kept: ADDRESS_KEY, then those before it."""
    return [settings.ADDRESS_KEY, *settings.OLD_ADDRESS_KEYS]


def hashes_of(address: str) -> list[Hashed]:
    """All hashes under which this address may be known, the one for new rows first.

    Equal for spellings that reach the same mailbox. Raises NotAnAddress.
    """
    found: dict[str, Hashed] = {}
    newest_first = sorted(NORMALISERS.items(), reverse=True)
    for key in keys():
        for number, normalise in newest_first:
            value = keyed_hash("address", normalise(address), key)
            found.setdefault(value, Hashed(value, key_id(key), number))
    return list(found.values())


def address_hash(address: str) -> str:
    """The hash for new rows: 64 hex digits under ADDRESS_KEY. Raises NotAnAddress."""
    return hashes_of(address)[0].value


def domain_of(address: str) -> str:
    """The address's domain as it is compared: lower case, in ASCII. Raises NotAnAddress."""
    return addresses.normalise(address).rpartition("@")[2]


def domain_hashes_of(domain: str) -> list[Hashed]:
    """All hashes under which a domain (from `domain_of`) may be known, the one for new rows first.

    Of another kind than those of addresses, so that both can stand in one table.
    """
    newest = max(NORMALISERS)
    return [Hashed(keyed_hash("domain", domain, key), key_id(key), newest) for key in keys()]


def domain_hash(address: str) -> str:
    """The hash for new rows of the address's domain. Raises NotAnAddress."""
    return domain_hashes_of(domain_of(address))[0].value


def key_id(key: bytes | None = None) -> str:
    """Names a key (ADDRESS_KEY, or another one) without giving it away, as 16 hex digits."""
    return keyed_hash("key", "id", key)[:16]


def masked(address: str) -> str:
    """`b•••@n•••.example`: its owner knows it again, nobody else learns it. Always as many dots."""
    local, _, domain = address.rpartition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••.{top}" if address else ""

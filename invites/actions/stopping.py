"""Stopping without an invitation: who types an address gets a link by mail, and the link stops.

Every address is answered alike and as quickly: one row is written and a worker woken, whether or not
a mail will leave. Nothing is kept of who asked but the sealed mail, for minutes, and two counters.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.template.loader import render_to_string
from django.urls import reverse

from importer import addresses, ciphering
from importer.addresses import NotAnAddress
from invites.actions import account_mails
from invites.actions.responding import stopped_since
from invites.actions.suppressing import Reason, suppress
from invites.addresses import hashes_of, masked
from ledger.subjects import keyed_hash

LINK_HOURS = 24
DAY = 24 * 60 * 60
MAILS_A_DAY_PER_ADDRESS = 3
MAILS_A_DAY_PER_NETWORK = 20
_PURPOSE = "stop\0"  # what else is sealed with the same keys can't be passed off as a link


@dataclass(frozen=True, slots=True)
class Link:
    """Whose invitations a link stops, masked; whether that has happened."""

    address: str
    stopped: bool


def ask(*, address: str, visitor: str) -> None:
    """Mails a link to `address`, unless too many were asked for; nobody is told which.

    `visitor` is an IP address, of which only the network counts. Raises NotAnAddress, whose text is
    for people.
    """
    read = addresses.read(address)
    if not read.envelope:
        raise NotAnAddress("No mail from here can reach this address. Write to us instead.")
    seldom = within_limit("address", _mailbox(read.normalised), MAILS_A_DAY_PER_ADDRESS)
    seldom &= within_limit("network", network_of(visitor), MAILS_A_DAY_PER_NETWORK)
    words = {
        "link": settings.SITE_URL + reverse("open:stop_address", args=[seal(read.envelope)]),
        "hours": LINK_HOURS,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "postal_address": settings.POSTAL_ADDRESS,
    }
    account_mails.write(
        template="recipients/email/stop_link",
        to=read.envelope if seldom else account_mails.NOBODY,
        subject=f"Stop all invitations from {settings.SITE_NAME}",
        text=render_to_string("recipients/email/stop_link.txt", words),
    )


def seal(address: str) -> str:
    """What a link carries: the address and the moment, for nobody but us to read."""
    return ciphering.cipher().encrypt(f"{_PURPOSE}{address}".encode()).decode()


def look(secret: str) -> Link | None:
    """What a link would stop, or has stopped. None: it is too old, or no link of ours. Reads only."""
    address = _address(secret)
    if address is None:
        return None
    hashes = [hashed.value for hashed in hashes_of(address)]
    return Link(masked(address), stopped=stopped_since(hashes) is not None)


def stop(*, secret: str) -> bool:
    """No member can invite this address any more. False: too old, or no link of ours."""
    address = _address(secret)
    if address is None:
        return False
    suppress(address, reason=Reason.OWNER)
    return True


def _address(secret: str) -> str | None:
    try:
        opened = ciphering.cipher().decrypt(secret.encode(), ttl=LINK_HOURS * 60 * 60).decode()
    except InvalidToken:
        return None
    return opened.removeprefix(_PURPOSE) if opened.startswith(_PURPOSE) else None


def _mailbox(normalised: str) -> str:
    """The mailbox that many spellings may reach: without what follows a "+", and without dots.

    For counting alone. Somewhere these are two people's; then they share three mails a day.
    """
    local, _, domain = normalised.rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def within_limit(kind: str, value: str, most: int) -> bool:
    """Counts one more request of today, under a keyed hash; whether it is within the limit."""
    key = keyed_hash(f"asked to stop, {kind}", value)
    cache.add(key, 0, DAY)
    return cache.incr(key) <= most


def network_of(visitor: str) -> str:
    """An IPv4 address's /24, an IPv6 address's /48, of which many a home has 65,536 networks for
    itself; anything else as it is."""
    try:
        address = ipaddress.ip_address(visitor)
    except ValueError:
        return visitor
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))

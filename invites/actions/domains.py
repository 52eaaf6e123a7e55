"""The owner of a domain, proven by a DNS record, stops all invitations to its addresses."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from importer.addresses import NotAnAddress
from invites import tokens
from invites.actions.stopping import network_of, within_limit
from invites.actions.suppressing import suppress_domain
from invites.addresses import domain_of
from invites.deliverability import Lookups

LOOKUPS_A_DAY_PER_NETWORK = 30
LABEL = "_no-invitations"
FOUND_SHOWN = 3


class NotADomain(ValueError):
    """The text is no domain; the message is a sentence that says so."""


class TooOften(Exception):
    """So many questions to the DNS came from one network today."""


@dataclass(frozen=True, slots=True)
class Record:
    """The TXT record that proves a domain. The site's name in it leaves room for other sites'."""

    domain: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether the record was there, and so the domain is stopped; else some of what was there."""

    stopped: bool
    found: list[str]


def record_for(typed: str) -> Record:
    """The record for a domain as somebody types it. Raises NotADomain."""
    domain = typed.strip().lower().removeprefix("@").rstrip(".")
    try:
        domain = domain_of(f"x@{domain}")
    except NotAnAddress:
        raise NotADomain("This is not a domain. One looks like example.org.") from None
    site = urlsplit(settings.SITE_URL).hostname
    return Record(domain, f"{LABEL}.{domain}", f"{site}={tokens.proof_of_domain(domain)}")


def check(*, typed: str, visitor: str) -> Checked:
    """Asks the DNS, and stops invitations to the domain if the record is there. Twice is once.

    `visitor` is an IP address. Raises NotADomain, TooOften, DnsSilent.
    """
    record = record_for(typed)
    if not within_limit("domain", network_of(visitor), LOOKUPS_A_DAY_PER_NETWORK):
        raise TooOften
    found = Lookups(settings.DNS_SERVER).texts(record.name)
    if record.value in (text.strip() for text in found):
        suppress_domain(record.domain)
        return Checked(stopped=True, found=[])
    return Checked(stopped=False, found=[text[:200] for text in found[:FOUND_SHOWN]])

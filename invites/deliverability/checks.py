"""SPF, DKIM, DMARC and MX of the configured domains, one finding for each."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from invites.deliverability import spf
from invites.deliverability.finding import Finding, better, good, wrong
from invites.deliverability.lookups import DnsSilent, Lookups
from invites.signing import Key

_GOOD_RSA = 2048  # bits; RFC 8301, 3.2


@dataclass(frozen=True, slots=True)
class Site:
    """What is configured. `envelope_domain` stands in MAIL FROM; `provider` "" when there is none."""

    from_domain: str
    envelope_domain: str
    dkim_domain: str
    keys: tuple[Key, ...]
    provider: str


def check(dns: Lookups, site: Site) -> list[Finding]:
    """Everything, in the order in which one sets it up. A silent DNS becomes a finding."""
    envelope, sender = site.envelope_domain, site.from_domain
    parts: list[tuple[str, Callable[[], Finding]]] = [
        (f"SPF of {envelope}", lambda: spf.check(dns, envelope, needed=not site.provider)),
        *((_dkim_name(key), _dkim_check(dns, site, key)) for key in site.keys),
        (f"DMARC of {sender}", lambda: _dmarc(dns, site)),
        (f"MX of {sender}", lambda: _mail_server(dns, sender, "answers to INVITATIONS_ADDRESS")),
    ]
    if not site.keys:
        parts.insert(1, ("DKIM", lambda: _unsigned(site)))
    if envelope != sender:
        parts.append((f"MX of {envelope}", lambda: _mail_server(dns, envelope, "bounces")))
    return [_answered(about, ask) for about, ask in parts]


def _answered(about: str, ask: Callable[[], Finding]) -> Finding:
    try:
        return ask()
    except DnsSilent as silence:
        return wrong(about, f"The DNS gave no answer ({silence}). Ask again later.")


# --- DKIM -----------------------------------------------------------------------------------------


def _unsigned(site: Site) -> Finding:
    if site.provider:
        return good("DKIM", f"{site.provider} signs; its own pages say which records it needs.")
    return better("DKIM", "The site signs nothing. Set DKIM_KEYS, unless your mail server signs.")


def _dkim_name(key: Key) -> str:
    return f"DKIM {key.selector} ({key.kind})"


def _dkim_check(dns: Lookups, site: Site, key: Key) -> Callable[[], Finding]:
    return lambda: _dkim(dns, site.dkim_domain, key)


def _dkim(dns: Lookups, domain: str, key: Key) -> Finding:
    """Whether verifiers find our key there (RFC 6376, 3.6.1)."""
    about, name = _dkim_name(key), f"{key.selector}._domainkey.{domain}"
    records = dns.texts(name)
    to_set = f"Set this TXT record at {name}: {key.record}"
    if not records:
        return wrong(about, f"There is no record. {to_set}")
    if len(records) > 1:
        return wrong(about, f"There are {len(records)} TXT records at {name}; leave one. {to_set}")
    tags = _tags(records[0])
    public = "".join(tags.get("p", "").split())
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return wrong(about, f"The record is no DKIM key. {to_set}")
    if not public:
        return wrong(about, f"The key is revoked there (its p= is empty). {to_set}")
    if tags.get("k", "rsa") != key.kind or _modulus(public) != _modulus(key.public):
        return wrong(about, f"The key there is not the one in DKIM_KEYS. {to_set}")
    if "sha256" not in tags.get("h", "sha256").split(":"):
        return wrong(about, f"Its h= forbids sha256, which is what we sign with. {to_set}")
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return wrong(about, f"Its s= says that the key is not for mail. {to_set}")
    if "y" in tags.get("t", "").split(":"):
        return better(about, 'Its "t=y" says that you are testing, and receivers may ignore it.')
    modulus = _modulus(public)
    if isinstance(modulus, int) and modulus.bit_length() < _GOOD_RSA:
        return better(about, f"The key has {modulus.bit_length()} bits. Make one of {_GOOD_RSA}.")
    return good(about, f"The record at {name} has our key.")


def _modulus(public: str) -> int | str:
    """What makes two spellings of an RSA key one (with and without its X.509 wrapping)."""
    try:
        key = load_der_public_key(base64.b64decode(public))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return public
    return key.public_numbers().n if isinstance(key, RSAPublicKey) else public


# --- DMARC ----------------------------------------------------------------------------------------


def _dmarc(dns: Lookups, site: Site) -> Finding:
    """RFC 7489: the policy at From's domain, else at the nearest domain above that has one."""
    about = f"DMARC of {site.from_domain}"
    found = next(_policies(dns, site.from_domain), None)
    if found is None:
        return wrong(
            about,
            f"There is none, and large receivers want one. Set a TXT record at "
            f"_dmarc.{site.from_domain}: v=DMARC1; p=quarantine; rua=mailto:dmarc@{site.from_domain}",
        )
    place, records = found
    if len(records) > 1:
        return wrong(
            about, f"There are {len(records)} records at {place}, so none counts. Leave one."
        )
    tags = _tags(records[0])
    own = place == f"_dmarc.{site.from_domain}"
    policy = (tags.get("p", "") if own else tags.get("sp", tags.get("p", ""))).lower()
    if policy not in ("none", "quarantine", "reject"):
        return wrong(about, f"The record at {place} has no valid p=. Write p=quarantine.")
    if tags.get("adkim", "r").lower() == "s" and site.dkim_domain != site.from_domain and site.keys:
        return wrong(
            about,
            f"Its adkim=s wants signatures of {site.from_domain} itself. Set DKIM_DOMAIN to that, or "
            "take adkim=s away.",
        )
    if policy == "none":
        return better(
            about,
            "Its p=none asks for reports and lets forgeries through. When the reports show that your "
            "own mail passes, write p=quarantine.",
        )
    if not site.provider and not _aligned(site, strict=tags.get("aspf", "r").lower() == "s"):
        return better(
            about,
            f"SPF is checked for {site.envelope_domain} and so counts for nothing here; DKIM alone "
            f"has to pass. A RETURN_PATH_DOMAIN below {site.from_domain} would count (without aspf=s).",
        )
    if "rua" not in tags:
        return better(
            about, f"p={policy}, but nobody gets reports. Add rua=mailto: and an address."
        )
    return good(about, f"p={policy}, at {place}.")


def _policies(dns: Lookups, domain: str) -> Iterator[tuple[str, list[str]]]:
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        place = "_dmarc." + ".".join(labels[start:])
        records = [text for text in dns.texts(place) if _tags(text).get("v") == "DMARC1"]
        if records:
            yield place, records


def _aligned(site: Site, *, strict: bool) -> bool:
    envelope, sender = site.envelope_domain, site.from_domain
    if strict:
        return envelope == sender
    return f".{envelope}".endswith(f".{sender}") or f".{sender}".endswith(f".{envelope}")


# --- MX -------------------------------------------------------------------------------------------


def _mail_server(dns: Lookups, domain: str, what: str) -> Finding:
    about = f"MX of {domain}"
    hosts = dns.mail_servers(domain)
    if hosts == [""]:
        return wrong(about, f"It says that {domain} takes no mail, so {what} are lost.")
    if not hosts and not dns.has_address(domain):
        return wrong(
            about, f"There is none, so {what} are lost. Set an MX record that names a mail server."
        )
    if not hosts:
        return better(
            about, f"There is none; senders try the address of {domain}. Set an MX record."
        )
    silent = [host for host in hosts if not dns.has_address(host)]
    if silent:
        return wrong(about, f"{silent[0]} has no address, so {what} may be lost.")
    return good(about, f"{what[0].upper()}{what[1:]} go to {hosts[0]}.")


def _tags(text: str) -> dict[str, str]:
    """`a=b; c=d` as a mapping (RFC 6376, 3.2)."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}

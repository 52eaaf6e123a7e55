"""SPF (RFC 7208): is the record one that receivers can use? It does not ask whom the record names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from invites.deliverability.finding import Finding, better, good, wrong
from invites.deliverability.lookups import Lookups

MOST_LOOKUPS = 10  # RFC 7208, 4.6.4
_ASK_THE_DNS = {"include", "a", "mx", "ptr", "exists", "redirect"}
_MECHANISMS = _ASK_THE_DNS - {"redirect"} | {"all", "ip4", "ip6"}
_TERM = re.compile(r"([-+~?]?)([a-z0-9_.-]+)(?:[:=](.*)|(/.*))?", re.IGNORECASE)
_EXAMPLE = "v=spf1 a:mail.example.org -all"


@dataclass(slots=True)
class _Walk:
    """What was met on the way through a record and those that it includes."""

    lookups: int = 0
    faults: list[str] = field(default_factory=list)


def check(dns: Lookups, domain: str, *, needed: bool) -> Finding:
    """The domain's SPF. `needed` is false where a provider's own domain stands in the envelope.

    Raises DnsSilent.
    """
    about = f"SPF of {domain}"
    records = _records(dns, domain)
    if not records:
        verdict = wrong if needed else better
        return verdict(
            about,
            f"There is none. Set a TXT record at {domain} that names the servers which your mail "
            f"leaves from, as in: {_EXAMPLE}",
        )
    if len(records) > 1:
        return wrong(
            about,
            f"There are {len(records)} records, so receivers use none of them (RFC 7208, 4.5). Put "
            "what they say into one.",
        )
    walk = _Walk()
    ends = _walk(dns, domain, records[0], walk)
    if walk.faults:
        return wrong(about, " ".join(walk.faults))
    if walk.lookups > MOST_LOOKUPS:
        return wrong(
            about,
            f"It makes receivers ask the DNS more than {MOST_LOOKUPS} times, and then they ignore it "
            "(RFC 7208, 4.6.4). Leave out what you no longer send with, or write ip4: for include:.",
        )
    if ends == "+":
        return wrong(about, 'It allows everybody ("+all"). End it with "-all" or "~all".')
    if ends not in ("-", "~"):
        return better(about, 'It does not say who may not send. End it with "-all" or "~all".')
    return good(
        about, f'One record, {walk.lookups} of {MOST_LOOKUPS} look-ups, ends with "{ends}all".'
    )


def _records(dns: Lookups, domain: str) -> list[str]:
    texts = dns.texts(domain)
    return [
        text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")
    ]


def _walk(dns: Lookups, domain: str, record: str, walk: _Walk) -> str:
    """Follows a record; returns the sign of its "all", "" without one."""
    ends = redirect = ""
    for term in record.split()[1:]:
        match = _TERM.fullmatch(term)
        name = match[2].lower() if match else ""
        if match is None or (name not in _MECHANISMS and "=" not in term):
            walk.faults.append(f"The record of {domain} has {term!r}, which means nothing in SPF.")
            return ""
        if name == "all":
            ends = match[1] or "+"
            break  # what follows is never looked at (RFC 7208, 5.1)
        if name == "redirect":
            redirect = match[3] or ""
            continue
        walk.lookups += name in _ASK_THE_DNS
        if name == "include" and _follow(dns, domain, match[3] or "", walk) == "+":
            return match[1] or "+"  # whom the other record lets pass, this one does: everybody
        if walk.faults or walk.lookups > MOST_LOOKUPS:
            return ends
    if redirect and not ends:
        walk.lookups += 1
        return _follow(dns, domain, redirect, walk)
    return ends


def _follow(dns: Lookups, domain: str, target: str, walk: _Walk) -> str:
    """An include or a redirect. One with a macro depends on the mail, so nobody can follow it now."""
    if "%" in target or walk.lookups > MOST_LOOKUPS:
        return "?"
    records = _records(dns, target) if target else []
    if len(records) != 1:
        found = "no SPF record" if not records else f"{len(records)} SPF records"
        walk.faults.append(
            f"The record of {domain} refers to {target or 'nobody'}, which has {found}; receivers then "
            "ignore yours too (RFC 7208, 5.2)."
        )
        return ""
    return _walk(dns, target, records[0], walk)

"""Questions to the DNS. The only file here that touches the network."""

from __future__ import annotations

from typing import Any

import dns.exception
import dns.resolver

SECONDS = 5.0  # for one question, repetitions included


class DnsSilent(Exception):
    """The name servers gave no usable answer: nobody knows what is set."""


class Lookups:
    """Asks the machine's name servers, or the one given as (address, port)."""

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self._resolver = dns.resolver.Resolver(configure=server is None)
        if server is not None:
            self._resolver.nameservers = [server[0]]
            self._resolver.port = server[1]
        self._resolver.lifetime = SECONDS

    def texts(self, name: str) -> list[str]:
        """The TXT records of a name, each put together from its pieces. Raises DnsSilent."""
        return [
            b"".join(record.strings).decode("utf-8", "replace") for record in self._ask(name, "TXT")
        ]

    def mail_servers(self, name: str) -> list[str]:
        """The hosts in the MX records, the preferred first; "" is the null MX (RFC 7505)."""
        records = sorted(self._ask(name, "MX"), key=lambda record: record.preference)
        return [str(record.exchange).rstrip(".") for record in records]

    def has_address(self, name: str) -> bool:
        """Whether a host of this name has an IP address. Raises DnsSilent."""
        return bool(self._ask(name, "A") or self._ask(name, "AAAA"))

    def _ask(self, name: str, kind: str) -> list[Any]:
        try:
            answer = self._resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.DNSException as error:
            raise DnsSilent(f"{name} {kind}: {type(error).__name__}") from error
        return list(answer.rrset or [])

"""Addresses of servers that a member, or such a server, has written: read, or refused with a sentence.

Only names, only https, only usual ports. What stands behind the name is looked at in outgoing.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

LONGEST = 4000  # a page's link to the next one may be long
# Of https, of CardDAV at cPanel, of Radicale, and the usual second one of https.
PORTS = {443, 2080, 5232, 8443}
_STRANGE = re.compile(r"[\s\\\x00-\x1f\x7f]")
_WRITTEN_LIKE_A_NUMBER = re.compile(r"(?:\d+|0[xX][\da-fA-F]*)\.?$")


class BadAddress(ValueError):
    """The address can't be called; the message is a sentence for whoever typed it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is. `url` is written in the one way that requests would write it, too."""

    scheme: str
    host: str
    port: int
    url: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must stay the same for the access to go along (RFC 6454)."""
        return (self.scheme, self.host, self.port)


def read(written: str, private: Collection[str]) -> Place:
    """A server that a member has typed. Raises BadAddress."""
    written = written.strip()
    if not written:
        raise BadAddress("Type the address of your server, as in dav.example.org.")
    place = parse(written if "://" in written else f"https://{written}")
    refuse(place, private)
    return place


def parse(url: str) -> Place:
    """An address in its parts. Raises BadAddress for what is none."""
    none = BadAddress("This is not the address of a server. Type it as in dav.example.org.")
    if len(url) > LONGEST or _STRANGE.search(url):
        raise none
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise none from None
    if not parts.host or parts.scheme not in ("http", "https"):
        raise none
    if parts.auth is not None:
        raise BadAddress("Type the address without a user name. There is a field for that.")
    usual = 443 if parts.scheme == "https" else 80
    port = usual if parts.port is None else parts.port
    return Place(parts.scheme, parts.host, port, parts._replace(fragment=None).url)


def refuse(place: Place, private: Collection[str]) -> None:
    """Raises BadAddress for a server that a member can't send us to.

    `private` are those, as host:port, that development and tests may call all the same.
    """
    if f"{place.host}:{place.port}" in private:
        return
    if place.scheme != "https":
        raise BadAddress(
            "We read over https alone, so that nobody on the way can read your password."
        )
    labels = place.host.rstrip(".").split(".")
    if ":" in place.host or _WRITTEN_LIKE_A_NUMBER.match(labels[-1]):
        raise BadAddress("Type the server’s name, as in dav.example.org, not its number.")
    if len(labels) < 2 or labels[-1] in ("localhost", "local", "internal", "onion"):
        raise BadAddress("Type the server’s whole name, as in dav.example.org.")
    if place.port not in PORTS:
        allowed = ", ".join(map(str, sorted(PORTS)))
        raise BadAddress(f"We don’t call this port. These are possible: {allowed}.")

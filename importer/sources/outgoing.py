"""Sockets to other people's servers: hung up on in time, and only to the public internet where a
member named the server.

A member's word must not make us call a machine that only we can reach. So a name is resolved once,
every address behind it is looked at, and the very address that was looked at is connected to; TLS is
checked for the name. A name that changes its address later is looked at again, because each new
connection comes through here. No proxy is used for such servers: it would resolve the name itself.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from importer.sources.contract import SourceError

MOST_ADDRESSES = 3  # that are tried, of those behind a name

# https://www.iana.org/assignments/iana-ipv4-special-registry/: all that are not for everybody, and
# multicast. In Python is_global has changed its mind between releases, and calls multicast global.
_NOT_PUBLIC = [
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # Public by its number, but answers only inside of Azure, with the machine's own secrets.
        "168.63.129.16/32",
    )
]
# https://www.iana.org/assignments/ipv6-unicast-address-assignments/: only this is given out at all …
_GIVEN_OUT = IPv6Network("2000::/3")
# … and of it these are not for everybody: Teredo and its neighbours, documentation, 6to4.
_NOT_PUBLIC_V6 = [
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]
_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291, section 2.5.5.2
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: how an IPv6-only machine reaches IPv4


def is_public(written: str) -> bool:
    """Whether an address, as a resolver gives it, is one that the whole internet reaches."""
    try:
        address = ip_address(written)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address not in _MAPPED and address not in _NAT64:
            return address in _GIVEN_OUT and not _is_embedded(address)
        address = IPv4Address(int(address) & 0xFFFF_FFFF)
    return not any(address in block for block in _NOT_PUBLIC)


def _is_embedded(address: IPv6Address) -> bool:
    # ISATAP (RFC 5214) hides an IPv4 address behind any prefix.
    is_isatap = (int(address) >> 32) & 0xFDFF_FFFF == 0x0000_5EFE
    return is_isatap or any(address in block for block in _NOT_PUBLIC_V6)


def connected(host: str, port: int, seconds: float | None) -> socket.socket:
    """A connection to a public address behind this name. Raises SourceError, OSError.

    One address that is not public spoils the name. No such name, and a private one, sound the same:
    nobody learns from us what names our own network knows.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise SourceError("not_public", permanent=True) from None
    if not found or not all(is_public(str(where[0])) for *_, where in found):
        raise SourceError("not_public", permanent=True)
    refused: OSError = OSError("nothing was tried")
    for family, kind, protocol, _, where in found[:MOST_ADDRESSES]:
        line = socket.socket(family, kind, protocol)
        try:
            line.settimeout(seconds)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.connect(where)
        except OSError as error:
            line.close()
            refused = error
        else:
            return line
    raise refused


class Lines(HTTPAdapter):
    """Opens the sockets of one session, and can hang up on all of them.

    requests counts the seconds between two bytes only; who sends one byte a second, be it within the
    headers or a TLS handshake, would keep us for hours.
    """

    def __init__(self, *, only_public: bool, private: Collection[str] = ()) -> None:
        """`private` are those servers, as host:port, that may be called all the same."""
        self._only_public, self._private = only_public, private
        self._open: dict[HTTPConnection, socket.socket] = {}
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Makes all connections ours. `_new_conn` is where urllib3 resolves and connects, and with
        that alone replaced, it goes on to check TLS for the name."""
        super().init_poolmanager(*args, **kwargs)
        lines = self

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return lines._kept(self, super()._new_conn)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return lines._kept(self, super()._new_conn)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def _kept(
        self, connection: HTTPConnection, as_usual: Callable[[], socket.socket]
    ) -> socket.socket:
        if self._only_public and f"{connection.host}:{connection.port}" not in self._private:
            line = connected(connection.host, connection.port, connection.timeout)
        else:
            line = as_usual()
        # A second handle on the same connection: TLS takes the first one over.
        self._open[connection] = line.dup()
        return line

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Whatever is asked inside of the block ends after so many seconds."""
        timer = threading.Timer(seconds, self._hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            for connection in [one for one in self._open if one.sock is None]:
                self._open.pop(connection).close()

    def _hang_up(self) -> None:
        for line in list(self._open.values()):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the session's connections."""
        super().close()
        while self._open:
            self._open.popitem()[1].close()

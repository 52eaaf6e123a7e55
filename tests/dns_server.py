"""A DNS server over UDP on loopback that answers from a dict (RFC 1035)."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT = "silent"


@dataclass
class Zone:
    """(name, type) → records as a zone file has them, or SILENT: the server fails. It may change."""

    address: str = ""
    records: dict[tuple[str, str], list[str] | str] = field(default_factory=dict)

    def text(self, name: str, *values: str) -> None:
        """Sets the TXT records of a name; long ones are cut into pieces, as the DNS wants it."""
        self.records[name, "TXT"] = [
            " ".join(f'"{value[i : i + 250]}"' for i in range(0, len(value), 250))
            for value in values
        ]

    def _answer(self, raw: bytes) -> bytes:
        query = dns.message.from_wire(raw)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        found = self.records.get((name, kind), [])
        if found == SILENT:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire(max_size=65535)


@contextmanager
def dns_server() -> Iterator[Zone]:
    """An empty zone behind `zone.address`, as host:port, until the end of the block."""
    zone = Zone()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            raw, sock = self.request
            sock.sendto(zone._answer(raw), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Handler) as server:
        zone.address = "{}:{}".format(*server.server_address)
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield zone
        finally:
            server.shutdown()
            thread.join()

"""An SMTP server on loopback that keeps what it takes and misbehaves on request (RFC 5321, 2920).

Unlike a library's server it lets a test act at every moment of a mail, also between body and dot.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

VERBS = ("EHLO", "MAIL", "RCPT", "DATA", "BODY", "DOT", "TAKEN")
HANG_UP = "hang up"


@dataclass
class Sink:
    """What arrived, and how to answer.

    `taken` holds (recipient, bytes after dot-unstuffing) in order of arrival. `answer(verb, recipient)`
    is asked at each of VERBS: None goes on, a text is the reply, HANG_UP closes the connection.
    BODY comes with the first bytes of a mail, DOT before it counts as taken, TAKEN after. `heard` is
    given every command.
    """

    port: int = 0
    pipelining: bool = True
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    answer: Callable[[str, str], str | None] = lambda verb, recipient: None
    heard: Callable[[str], None] = lambda command: None

    @property
    def recipients(self) -> list[str]:
        """Who got mail, in order of arrival."""
        return [recipient for recipient, _ in self.taken]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, _HungUp):
            pass  # a peer that dies in mid-sentence is what these tests are about
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        recipient = ""
        while line := await reader.readline():
            command = line.decode("ascii").strip()
            self.heard(command)
            verb = command.split(" ")[0].upper()
            if verb == "RCPT":
                recipient = command.partition("<")[2].rstrip(">")
            if verb == "QUIT":
                writer.write(b"221 bye\r\n")
                return
            reply = await self._reply(verb, recipient)
            writer.write(f"{reply or _usual(verb, self.pipelining)}\r\n".encode())
            await writer.drain()
            if verb == "DATA" and reply is None:
                await self._take(reader, writer, recipient)

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipient: str
    ) -> None:
        lines = [await reader.readline()]
        await self._reply("BODY", recipient)
        while lines[-1] != b".\r\n":
            lines.append(await reader.readline())
            if not lines[-1].endswith(b"\n"):
                raise _HungUp  # the peer went away in the middle of a mail
        refusal = await self._reply("DOT", recipient)
        if refusal is None:
            body = [line[1:] if line.startswith(b".") else line for line in lines[:-1]]
            self.taken.append((recipient, b"".join(body)))
            refusal = await self._reply("TAKEN", recipient)
        writer.write(f"{refusal or '250 taken'}\r\n".encode())
        await writer.drain()

    async def _reply(self, verb: str, recipient: str) -> str | None:
        reply = await asyncio.to_thread(self.answer, verb, recipient)
        if reply == HANG_UP:
            raise _HungUp
        return reply


class _HungUp(Exception):
    """The connection ends here."""


def _usual(verb: str, pipelining: bool) -> str:
    if verb == "EHLO":
        return "250-sink\r\n250 PIPELINING" if pipelining else "250 sink"
    return "354 go on" if verb == "DATA" else "250 ok"


@contextlib.contextmanager
def smtp_sink(*, pipelining: bool = True) -> Iterator[Sink]:
    """A sink on a free port of 127.0.0.1, in a thread of its own, until the end of the block."""
    sink = Sink(pipelining=pipelining)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(sink._serve, "127.0.0.1", 0))
    sink.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="smtp sink", daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        server.close()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

"""The SMTP server of the mailbox: takes everything for everybody, and keeps it byte for byte."""

import asyncio
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import DatabaseError, connection

from sandbox import faults, mail_store

_log = logging.getLogger("sandbox.mail")
SIZE_LIMIT = 10 * 1024 * 1024


class MailboxHandler:
    """The hooks that aiosmtpd calls: each returns the server's reply."""

    def __init__(self) -> None:
        # One thread writes, so that SMTP connections never wait for each other's locks.
        self._writer = ThreadPoolExecutor(1, "mailbox-writer")

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer PIPELINING (RFC 2920): commands are read from a stream, one after the other."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        """Accept every recipient, unless a test has ordered otherwise."""
        fault = faults.take("smtp.rcpt", address)
        if fault is not None:
            return fault.reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail, and answer only when it is in the database."""
        recipients = [str(address) for address in envelope.rcpt_tos]
        ordered = (faults.take("smtp.data", address) for address in recipients)
        fault = next((fault for fault in ordered if fault is not None), None)
        if fault is not None and fault.kind == "smtp_reply":
            return fault.reply
        raw = envelope.original_content
        if raw is None:
            return "451 4.3.0 No content arrived"
        now = datetime.now(UTC)
        loop = asyncio.get_running_loop()
        try:
            number = await loop.run_in_executor(
                self._writer, mail_store.keep, envelope.mail_from or "", recipients, raw, now
            )
        except DatabaseError:
            _log.exception("A mail could not be kept.")
            return "451 4.3.0 The mailbox can't write just now"
        if fault is not None and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return f"250 2.0.0 OK kept as {number}"

    def close(self) -> None:
        """Wait for the mail that is being written."""
        self._writer.submit(connection.close)
        self._writer.shutdown()


class MailServer:
    """An event loop in a thread of its own, on a socket that is bound already."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._handler = MailboxHandler()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)

    def _protocol(self) -> SMTP:
        return SMTP(
            self._handler,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="sandbox.localhost",
            ident="Handpicked sandbox mailbox",
            loop=self._loop,
        )

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, sock=self._listener, backlog=100)
        )
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    def start(self) -> None:
        """Begin to accept mail."""
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting; what was answered with 250 is kept."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=1)
        self._handler.close()

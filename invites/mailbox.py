"""A mailbox by IMAP (RFC 9051): new messages in order, and a folder for those that are done with."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

SECONDS = 30  # without an answer from the server
_EVERY_FETCH = 100  # messages looked for at once


class MailboxUnavailable(Exception):
    """The mailbox can't be read now. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where the mailbox is. `folder` holds what comes in, `done` takes what was dealt with."""

    host: str
    port: int
    user: str
    password: str
    implicit_tls: bool
    starttls: bool
    folder: str
    done: str


class Mailbox:
    """One session with the folder selected. Inside `opened`, what goes wrong is a MailboxUnavailable."""

    def __init__(self, imap: imaplib.IMAP4, done: str) -> None:
        self._imap = imap
        self._done = done
        # A server offers more once it knows who asks; imaplib asks before that.
        self._offers = set(_only(imap.capability()[1]).decode().upper().split())
        # As long as this number stays, a UID means the same message (RFC 9051, 2.3.1.1).
        self.validity = int(_only(imap.response("UIDVALIDITY")[1]))

    def after(self, uid: int, size: int) -> Iterator[tuple[int, bytes]]:
        """New messages behind `uid`: their UID and at most `size` bytes. Marks nothing as read."""
        # "n:*" always names the last message, even one before n.
        found = [number for number in self._search(uid + 1) if number > uid]
        for number in found[:_EVERY_FETCH]:
            answer = self._do("FETCH", str(number), f"(UID BODY.PEEK[]<0.{size}>)")
            for item in answer:
                if isinstance(item, tuple) and len(item) == 2:
                    yield number, item[1]

    def put_away(self, uid: int) -> bool:
        """Moves a message to the `done` folder, which is made when it is missing. False: it can't."""
        can_move = "MOVE" in self._offers
        command, folder = "MOVE" if can_move else "COPY", _quoted(self._done)
        if self._imap.uid(command, str(uid), folder)[0] != "OK":
            self._imap.create(folder)
            if self._imap.uid(command, str(uid), folder)[0] != "OK":
                return False
        if not can_move:
            self._do("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in self._offers:
                self._do("EXPUNGE", str(uid))  # this one alone; without UIDPLUS a person has to
        return True

    def _search(self, first: int) -> list[int]:
        return [int(number) for number in _only(self._do("SEARCH", f"UID {first}:*")).split()]

    def _do(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes]]:
        kind, answer = self._imap.uid(command, *arguments)
        if kind != "OK":
            raise MailboxUnavailable(f"the server says no to {command}")
        return [item for item in answer if item is not None]


@contextmanager
def opened(account: Account) -> Iterator[Mailbox]:
    """The mailbox, logged in. Raises MailboxUnavailable, whatever goes wrong with the server."""
    imap: imaplib.IMAP4 | None = None
    try:
        imap = _connect(account)
        imap.login(account.user, account.password)
        if imap.select(_quoted(account.folder))[0] != "OK":
            raise MailboxUnavailable("the server has no such folder")
        yield Mailbox(imap, account.done)
    except (OSError, imaplib.IMAP4.error) as error:
        # The words of a server can repeat the user's name: the kind of error has to do.
        raise MailboxUnavailable(f"{type(error).__name__} at {account.host}") from error
    finally:
        if imap is not None:
            _leave(imap)


def _connect(account: Account) -> imaplib.IMAP4:
    tls = ssl.create_default_context()
    if account.implicit_tls:
        return imaplib.IMAP4_SSL(account.host, account.port, ssl_context=tls, timeout=SECONDS)
    imap = imaplib.IMAP4(account.host, account.port, timeout=SECONDS)
    if account.starttls:
        imap.starttls(tls)
    return imap


def _leave(imap: imaplib.IMAP4) -> None:
    try:
        imap.logout()
    except (OSError, imaplib.IMAP4.error):
        imap.shutdown()


def _only(answer: Sequence[object]) -> bytes:
    """The one line of an answer; empty where there is none."""
    first = answer[0] if answer else b""
    return first if isinstance(first, bytes) else b""


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

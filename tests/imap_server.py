"""A real IMAP server (pymap) on loopback, in a process of its own, with one mailbox in its memory."""

from __future__ import annotations

import imaplib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invites.mailbox import Account
from tests import servers

USER, PASSWORD = "reports@handpicked.example", "a password with spaces"
DONE = "Returned mail"


@contextmanager
def imap_server(folder: Path) -> Iterator[Account]:
    """How to log in to it. Gone, with its messages, when the block is left."""
    [port] = servers.free_ports(1)
    program = shutil.which("pymap", path=str(Path(sys.executable).parent))
    assert program, "pymap is one of requirements-dev.txt"
    command = [
        program, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-service", "managesieve",
        "dict", "--demo-user", USER, "--demo-password", PASSWORD,
    ]  # fmt: skip
    account = Account(
        "127.0.0.1", port, USER, PASSWORD,
        implicit_tls=False, starttls=False, folder="INBOX", done=DONE,
    )  # fmt: skip
    with servers.running(command, log=folder / "pymap.log") as process:
        process.wait_until(lambda: _answers(account), "pymap")
        yield account


def put(account: Account, raw: bytes) -> None:
    """A new message, unread."""
    with _session(account) as imap:
        imap.append("INBOX", "", "", raw)


def empty(account: Account) -> None:
    """No message and no second folder."""
    with _session(account) as imap:
        imap.select("INBOX")
        imap.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
        imap.expunge()
        imap.delete(f'"{DONE}"')


def subjects(account: Account, folder: str) -> list[str]:
    """The subjects in a folder, in order; of a folder that is not there, none."""
    with _session(account) as imap:
        if imap.select(f'"{folder}"', readonly=True)[0] != "OK":
            return []
        found = []
        for number in imap.search(None, "ALL")[1][0].split():
            answer = imap.fetch(number, "(BODY[HEADER.FIELDS (SUBJECT)])")[1]
            found.append(answer[0][1].decode().partition(":")[2].strip())
        return found


def unread(account: Account) -> int:
    """How many messages in the inbox nobody has read."""
    with _session(account) as imap:
        imap.select("INBOX", readonly=True)
        return len(imap.search(None, "UNSEEN")[1][0].split())


@contextmanager
def _session(account: Account) -> Iterator[imaplib.IMAP4]:
    imap = imaplib.IMAP4(account.host, account.port, timeout=10)
    imap.login(account.user, account.password)
    try:
        yield imap
    finally:
        imap.logout()


def _answers(account: Account) -> bool:
    try:
        with _session(account):
            return True
    except (OSError, imaplib.IMAP4.error):
        return False

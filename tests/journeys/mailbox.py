"""What arrived at the SMTP server, and whether it is what stood on the card, byte for byte."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from invites import consent, tokens
from tests.journeys.member import MEMBERS, SECONDS
from tests.servers import wait_until
from tests.stack import UNDO_SECONDS, Stack

Mail = dict[str, Any]


def newest(stack: Stack) -> int:
    """The number of the last mail so far."""
    return max((mail["id"] for mail in stack.sandbox.mails()), default=0)


def to_strangers(stack: Stack, since: int) -> list[Mail]:
    """Every mail to somebody who is no member."""
    mails = stack.sandbox.mails(since_id=since)
    return [mail for mail in mails if not recipient(mail).endswith(f"@{MEMBERS}")]


def window_has_passed(stack: Stack, confirmed_at: datetime) -> None:
    """Waits until the undo window is over and the worker has looked for what is due since then."""
    over = confirmed_at + timedelta(seconds=UNDO_SECONDS)
    wait_until(lambda: datetime.now(UTC) > over, "the end of the undo window")
    before = _sweeps(stack)
    # One may have begun before the window's end; the one after the next has begun behind it.
    wait_until(lambda: _sweeps(stack) >= before + 3, "two sweeps")


def _sweeps(stack: Stack) -> int:
    log = stack.processes["worker"].log.read_text(errors="replace")
    return len(re.findall(r"invites\.tasks\.sweep_outbox\[\S+\] succeeded", log))


def recipient(mail: Mail) -> str:
    """The one person in the mail's envelope."""
    [address] = mail["to"]
    return str(address)


def arrived_at(mail: Mail) -> datetime:
    """When the SMTP server took it."""
    return datetime.fromisoformat(mail["received_at"])


def code_for(stack: Stack, email: str) -> str:
    """The code in the mail that somebody got on signing up, which may come after other mail."""

    def codes() -> list[str]:
        texts = [mail["raw"].decode() for mail in stack.sandbox.mails(email)]
        return [
            code for text in texts for code in re.findall(r"^    (\S+)\r?$", text, re.MULTILINE)
        ]

    wait_until(codes, f"a code for {email}", SECONDS)
    return codes()[-1]


def secret_link(mail: Mail) -> str:
    """The recipient's own link."""
    [link] = [one for one in mail["links"] if re.search(r"/i/[\w-]{43}/$", one)]
    return str(link)


def as_shown(mail: Mail) -> bytes:
    """The mail's bytes without Date, with the secret token as its hash again."""
    secret = secret_link(mail).rstrip("/").rpartition("/")[2]
    date, _, rest = mail["raw"].partition(b"\r\n")
    assert date.startswith(b"Date: "), date
    assert secret.encode() in rest
    return bytes(rest.replace(secret.encode(), tokens.hash_of(secret).encode()))


def digest(mail: Mail) -> str:
    """The digest of what arrived, as the card counts it."""
    return consent.digest(recipient(mail), as_shown(mail))

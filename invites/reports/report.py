"""What a message that came back says, as values. Pure; anyone may import it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from uuid import UUID


class Kind(StrEnum):
    """What came back."""

    BOUNCE = "bounce"  # not delivered, or not yet (RFC 3464 "failed" and "delayed")
    COMPLAINT = "complaint"  # somebody called it spam, or a receiver says it could be (RFC 5965)
    AUTO_REPLY = "auto-reply"  # a machine answered for a person (RFC 3834)
    DELIVERED = "delivered"  # a receipt
    NONE = "none"  # an ordinary mail


class Reason(Enum):
    """Why a mail was not delivered: the word, and whether writing again would be pointless.

    Hard means: this address does not exist, or nobody takes mail there. All else is soft: a person
    may well stand behind an address that is full, locked, or does not like us today.
    """

    NO_USER = ("user unknown", True)
    MOVED = ("has moved", True)
    NO_HOST = ("host unknown", True)
    NO_MAIL_HERE = ("host takes no mail", True)
    FULL = ("mailbox full", False)
    DISABLED = ("account disabled", False)
    FILTERED = (
        "filtered",
        False,
    )  # "unknown user" said only after the content was seen, or in doubt
    TOO_BIG = ("message too big", False)
    RATE = ("too much at once", False)
    SPAM = ("looks like spam", False)
    BLOCKED = ("server blocked", False)
    AUTHENTICATION = ("SPF, DKIM or DMARC", False)
    REVERSE_DNS = ("reverse DNS", False)
    SENDER = ("sender refused", False)
    RELAYING = ("relaying denied", False)
    POLICY = ("policy", False)
    NOT_RFC = ("message malformed", False)
    EXPIRED = ("gave up waiting", False)
    NETWORK = ("network", False)
    SYSTEM = ("system error", False)
    PROGRAM = ("delivery program failed", False)
    PROTOCOL = ("protocol error", False)
    UNCLEAR = ("no clear reason", False)

    def __init__(self, word: str, hard: bool) -> None:
        self.word = word
        self.hard = hard


# RFC 6591: a failed SPF, DKIM or DMARC check. RFC 6430: "not spam", a complaint taken back.
_NOBODY_COMPLAINED = frozenset({"auth-failure", "not-spam"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient that a report speaks of.

    `address` is the one that was written to, as far as the report knows, `aliases` its other names
    there. `delayed`: its server goes on trying. `status` is the enhanced status code (RFC 3463). For
    complaints and receipts only the addresses mean something.
    """

    address: str | None
    hard: bool = False
    status: str | None = None
    reason: str = ""
    delayed: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All that one message says. `invitation` comes from our own Message-ID, if it is in there.

    `feedback` is the feedback type of a complaint (RFC 5965, 3.1 and later ones), in lower case.
    """

    kind: Kind
    recipients: tuple[Recipient, ...] = ()
    feedback: str = ""
    original_message_id: str | None = None
    invitation: UUID | None = None

    @property
    def unwanted(self) -> bool:
        """A complaint that speaks for a person, not for a machine that checks signatures."""
        return self.kind is Kind.COMPLAINT and self.feedback not in _NOBODY_COMPLAINED

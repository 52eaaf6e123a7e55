"""THE rule: what must be true before a mail may leave. Pure; read by pages, worker and database.

`missing_before_sending` is the rule in Python. `guards.py` says the same in SQL, from the same lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum


class State(StrEnum):
    """Where an invitation is. Holds and withdrawals are facts beside the state, not states."""

    CHOSEN = "chosen"  # picked from the address book; nothing decided
    REVIEWED = "reviewed"  # its card was looked at, a relationship stated
    CONFIRMED = "confirmed"  # will leave when its undo window is over
    CLAIMED = "claimed"  # in a worker's hands
    SENDING = "sending"  # the worker's durable intent: from here on it may have left
    REQUESTED = "requested"  # a member already: asked inside the site, no mail
    SENT = "sent"  # the mail server took it
    FAILED = "failed"  # the mail server refused it for good
    UNKNOWN = "unknown"  # nobody knows whether it was taken; never sent again by itself
    CANCELLED = "cancelled"  # taken back before it left
    BLOCKED = "blocked"  # the last look found that this person can't be invited
    EXPIRED = "expired"  # too late: the words may no longer fit


# The only ways from one state to another; the database refuses every other.
TRANSITIONS: frozenset[tuple[State, State]] = frozenset(
    {
        (State.CHOSEN, State.REVIEWED),
        (State.REVIEWED, State.CHOSEN),  # something on its card changed
        (State.REVIEWED, State.CONFIRMED),
        (State.CONFIRMED, State.CLAIMED),
        (State.CONFIRMED, State.CANCELLED),
        (State.CONFIRMED, State.EXPIRED),
        (State.CLAIMED, State.CONFIRMED),  # lease over, shutdown, hold
        (State.CLAIMED, State.CANCELLED),
        (State.CLAIMED, State.BLOCKED),
        (State.CLAIMED, State.SENDING),
        (State.CLAIMED, State.REQUESTED),
        (State.CLAIMED, State.FAILED),  # the server refuses an address that we would not write to
        (State.SENDING, State.SENT),
        (State.SENDING, State.FAILED),
        (State.SENDING, State.UNKNOWN),
        (State.SENDING, State.CONFIRMED),  # proven not accepted; tried again later
        (State.UNKNOWN, State.SENT),  # a delivery report, or the claim's owner coming back
        (State.UNKNOWN, State.FAILED),
    }
)

DRAFT_STATES = frozenset({State.CHOSEN, State.REVIEWED})
NEEDS_CONSENT = frozenset(
    {
        State.CONFIRMED,
        State.CLAIMED,
        State.SENDING,
        State.REQUESTED,
        State.SENT,
        State.UNKNOWN,
    }
)
# What is about to leave, or to be shown to its recipient inside the site.
DEPARTURES = frozenset({State.SENDING, State.REQUESTED})
# Before the worker's durable intent nothing of it has left: it can still be taken back.
WAITING_STATES = frozenset({State.CONFIRMED, State.CLAIMED})
# From that intent on somebody may have it.
MAY_HAVE_LEFT = NEEDS_CONSENT - WAITING_STATES
# Of these a mail server, or a provider, may have something to tell.
CAN_COME_BACK = frozenset({State.SENDING, State.SENT, State.UNKNOWN, State.FAILED})
# A blocked one too: withdrawing must not tell the sender who can't be invited.
WITHDRAWABLE_STATES = MAY_HAVE_LEFT | {State.BLOCKED}
# A later invitation to the same person is possible after these, and only these.
LEAVES_ROOM = frozenset({State.CANCELLED, State.EXPIRED, State.FAILED})


class Missing(Enum):
    """A named reason why a mail may not leave, with the sentence that the page shows."""

    SENDER_INCOMPLETE = "Your account needs a full name and a checked e-mail address first."
    NOT_REVIEWED = "You have not decided on this person yet."
    NO_RELATIONSHIP = "You have not said how you know this person."
    CHANGED_SINCE_REVIEW = "This mail changed after you looked at it."
    NOT_CONFIRMED = "You have not confirmed this mail."
    CHANGED_SINCE_CONFIRMATION = "This mail is not the one that was confirmed."
    NO_CONSENT_RECORD = "There is no record of the confirmation."
    UNDO_WINDOW_OPEN = "It can still be taken back; it waits for the undo window to end."
    TAKEN_BACK = "It was taken back."
    CANNOT_BE_INVITED = "This person can’t be invited."
    HELD = "It is on hold: a person is looking at it."


# The part of the rule that must hold before a confirmation; the rest is made true by confirming.
BEFORE_CONFIRMING = frozenset(
    {Missing.NOT_REVIEWED, Missing.NO_RELATIONSHIP, Missing.CHANGED_SINCE_REVIEW}
)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rule looks at, for one invitation.

    `digest` is computed from the bytes that would leave now; `recorded_digest` and `not_before` come
    from the consent record, which nobody can change. `now` is the database's clock.
    """

    state: State
    relationship: str
    digest: str | None
    reviewed_digest: str | None
    confirmed_digest: str | None
    recorded_digest: str | None
    not_before: datetime | None
    now: datetime
    stopped: bool
    held: bool


def missing_before_sending(facts: Facts) -> list[Missing]:
    """Everything that still stands between this invitation and its departure; empty: it may leave."""
    missing = []
    if facts.state is State.CHOSEN or facts.reviewed_digest is None:
        missing.append(Missing.NOT_REVIEWED)
    elif facts.digest != facts.reviewed_digest:
        missing.append(Missing.CHANGED_SINCE_REVIEW)
    if not facts.relationship:
        missing.append(Missing.NO_RELATIONSHIP)
    if facts.state in DRAFT_STATES or facts.confirmed_digest is None:
        missing.append(Missing.NOT_CONFIRMED)
    elif facts.digest != facts.confirmed_digest:
        missing.append(Missing.CHANGED_SINCE_CONFIRMATION)
    if facts.recorded_digest is None or facts.recorded_digest != facts.confirmed_digest:
        missing.append(Missing.NO_CONSENT_RECORD)
    if facts.not_before is None or facts.now < facts.not_before:
        missing.append(Missing.UNDO_WINDOW_OPEN)
    if facts.state is State.CANCELLED:
        missing.append(Missing.TAKEN_BACK)
    if facts.stopped:
        missing.append(Missing.CANNOT_BE_INVITED)
    if facts.held:
        missing.append(Missing.HELD)
    return missing


def digest(recipient: str, mail: bytes) -> str:
    """SHA-256 over envelope recipient, CRLF and the mail's bytes (tokens as hashes), in hex."""
    return hashlib.sha256(recipient.encode() + b"\r\n" + mail).hexdigest()


def fingerprint(digests: Iterable[str]) -> str:
    """One hash over a set of mails, whatever their order, in hex. Its first eight digits are shown."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


class ConsentError(Exception):
    """The base of what keeps a confirmation from happening; the page explains each."""


class ConsentMissing(ConsentError):
    """Confirming was asked for, but the rule does not hold. `reasons` are for people."""

    def __init__(self, reasons: Collection[Missing]) -> None:
        self.reasons = list(reasons)
        super().__init__(" ".join(reason.value for reason in self.reasons))


class StaleConfirmation(ConsentError):
    """What was confirmed is not what would leave. `changes` names the people whose mails differ."""

    def __init__(self, changes: Collection[str]) -> None:
        self.changes = list(changes)
        super().__init__("Something changed after the page was made. Nothing was queued.")

"""How answers of recipients limit a sender: THE rule, pure, without a database.

It looks once a week, and only at five people or more together, so that no sender can work out from a
limit who gave which answer.
"""

from __future__ import annotations

from enum import Enum

FEWEST = 5  # recipients, below which nothing follows from their answers
FEWER_FROM = (
    0.2  # share of answers against the sender, from which on they may invite fewer people …
)
HELD_FROM = 0.4  # … and from which on nobody, until a person has looked


class Verdict(Enum):
    """What follows from the answers."""

    FULL = "full"
    FEWER = "fewer"
    HELD = "held"


def verdict(*, recipients: int, against: int) -> Verdict:
    """What follows for a sender when `against` of so many recipients answered against them."""
    if recipients < FEWEST:
        return Verdict.FULL
    share = against / recipients
    if share >= HELD_FROM:
        return Verdict.HELD
    return Verdict.FEWER if share >= FEWER_FROM else Verdict.FULL


def fewer(usual: int) -> int:
    """How many invitations a period has for a sender with fewer: half, but never none."""
    return max(1, usual // 2)

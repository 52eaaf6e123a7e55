"""One thing that was looked at, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a record is."""

    GOOD = "good"
    BETTER = "better"  # works, and could be better
    WRONG = "wrong"  # mail gets lost or distrusted


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` names the record, `says` is for the person who edits the DNS."""

    verdict: Verdict
    about: str
    says: str


def good(about: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(Verdict.GOOD, about, says)


def better(about: str, says: str) -> Finding:
    """Something could be done."""
    return Finding(Verdict.BETTER, about, says)


def wrong(about: str, says: str) -> Finding:
    """Something must be done."""
    return Finding(Verdict.WRONG, about, says)

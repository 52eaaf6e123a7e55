"""What stands on the check page around the button that confirms: its words, by version. Pure.

Consent records name a version, so old ones stay here for good. A test holds the page to the newest: who
changes the page's words writes them here under a new version.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "2026-11"


@dataclass(frozen=True, slots=True)
class Notice:
    """One version. `one` are its sentences for a single mail, `many` for more; see `words`."""

    language: str
    one: tuple[str, ...]
    many: tuple[str, ...]


_BELOW = (
    "leaves {undo} after you confirm",
    "Someone who asked not to be invited gets nothing; we won’t say who. "
    "One mail per person, and no reminders.",
    "For {undo} you can take it all back.",
)
NOTICES = {
    "2026-11": Notice(
        "en",
        ("1 person gets one mail", *_BELOW, "Send 1 invitation"),
        ("{count} people get one mail each", *_BELOW, "Send {count} invitations"),
    ),
}


def words(version: str, *, count: int, undo_seconds: int) -> list[str]:
    """The sentences of one confirmation, from the heading to the button."""
    notice = NOTICES[version]
    said = notice.one if count == 1 else notice.many
    return [one.format(count=count, undo=period(undo_seconds)) for one in said]


def period(seconds: int) -> str:
    """The undo window in words; never longer than it is."""
    minutes, rest = divmod(seconds, 60)
    number, unit = (seconds, "second") if rest else (minutes, "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"

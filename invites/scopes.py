"""What a hold keeps back, as the text that stands in its row: written and read here alone. Pure.

guards.py makes the same of an invitation in SQL.
"""

from __future__ import annotations

SITE, SENDER, BATCH, SOURCE = "site", "sender", "batch", "source"


def of_sender(member: int) -> str:
    """Everything that this member sends."""
    return f"{SENDER}:{member}"


def of_batch(batch: int) -> str:
    """One batch, by its key."""
    return f"{BATCH}:{batch}"


def of_source(name: str) -> str:
    """Everybody who came from this address book."""
    return f"{SOURCE}:{name}"


def read(scope: str) -> tuple[str, str]:
    """One of the four words above, and what it names; "" for the site."""
    kind, _, name = scope.partition(":")
    return kind, name

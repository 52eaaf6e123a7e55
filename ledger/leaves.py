"""Entries in the order in which they were sealed: the one order that nothing is ever put in between.

Ids are given before transactions commit, so that "above the last id" loses entries that show up late.
The sealer waits for those, and what it has sealed stays where it is. Whoever goes through the whole
ledger bit by bit remembers a number of leaves.
"""

from __future__ import annotations

from ledger.models import Run
from ledger.sealing import Span

_RUNS = 256  # on a quiet site each has one entry or two


def spans_from(leaf: int, most: int) -> tuple[list[Span], int]:
    """Ids of the entries that are leaves from this one on, at most so many; and the leaf after them."""
    begins = Run.objects.filter(position__lte=leaf).order_by("-position")
    begin = begins.values_list("position", flat=True).first() or 0
    found: list[Span] = []
    for position, first, count in (
        Run.objects.filter(position__gte=begin)
        .order_by("position")
        .values_list("position", "first_entry", "count")[:_RUNS]
    ):
        skipped = max(0, leaf - position)
        taken = min(count - skipped, most)
        if taken <= 0:
            continue
        first += skipped
        if found and found[-1][1] == first - 1:
            found[-1] = (found[-1][0], first + taken - 1)
        else:
            found.append((first, first + taken - 1))
        leaf, most = leaf + taken, most - taken
    return found, leaf

"""Builds the tree over new entries and signs its head. Beat calls `seal`; nothing waits for it.

Entries are read and hashed outside of any transaction, and what was found is written in a short one, so
that sending goes on beside it. Two sealers at once do no harm: both would write the same seal number,
and the database takes one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from ledger import clock, heads, lines
from ledger.merkle import Frontier
from ledger.models import Block, Entry, Run, Seal

MOST_AT_ONCE = 50_000  # entries under one head; a longer queue becomes several heads
BLOCK_HEIGHT = 8
BLOCK = 1 << BLOCK_HEIGHT
# An id that is still missing after so long belongs to a transaction that was rolled back.
GIVE_UP_SECONDS = 3600
LATE_MINUTES = 10  # beat seals every minute

Span = tuple[int, int]  # entries from one id to another, both included, none missing


class Growth:
    """A tree that grows and tells of each block of 256 leaves that it completes."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        found = list(hashes)
        started = size % BLOCK
        cut = len(found) - started.bit_count()
        self._upper = Frontier(size - started, found[:cut])
        self._block = Frontier(started, found[cut:])

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._upper.size + self._block.size

    def frontier(self) -> Frontier:
        """The tree as it stands."""
        return Frontier(self.size, [*self._upper.hashes, *self._block.hashes])

    def add(self, leaves: list[bytes]) -> list[bytes]:
        """Adds leaf hashes; returns the roots of the blocks that are now complete."""
        complete = []
        at = 0
        while at < len(leaves):
            some = leaves[at : at + BLOCK - self._block.size]
            self._block.extend(some)
            at += len(some)
            if self._block.size == BLOCK:
                complete.append(self._block.root())
                self._upper.add(complete[-1], BLOCK_HEIGHT)
                self._block = Frontier()
        return complete


def seal() -> int:
    """Seals what was appended since the last time; returns how many entries.

    Without a key nothing is sealed and nothing stops: `heads.signing_key` says why, staff are told.
    """
    key = heads.signing_key()
    total = 0
    while key and (added := _one_head(key)):
        total += added
    return total


def _one_head(key: Ed25519PrivateKey) -> int:
    last = Seal.objects.order_by("-number").first()
    at = clock.now()
    spans = _new_spans(last)
    if not spans:
        return 0
    tree = growth_after(last)
    runs, blocks = [], []
    for first, end in spans:
        leaves = lines.leaf_hashes(lines.read(first, end))
        runs.append(
            Run(position=tree.size, first_entry=first, count=len(leaves), hashes=b"".join(leaves))
        )
        first_block = tree.size // BLOCK
        roots = tree.add(leaves)
        blocks += [Block(number=first_block + n, root=root) for n, root in enumerate(roots)]
    frontier = tree.frontier()
    head = heads.Head(
        origin=heads.origin(),
        size=frontier.size,
        root=frontier.root(),
        previous=heads.fingerprint(last.note) if last else None,
        at=at,
    )
    before = last.last_entry if last else 0
    note = heads.sign(head, key)
    try:
        with transaction.atomic():
            Seal(
                number=last.number + 1 if last else 1,
                at=at,
                size=head.size,
                note=note,
                frontier=b"".join(frontier.hashes),
                last_entry=max(before, spans[-1][1]),
                gaps=_gaps(last, spans, int(at.timestamp())),
            ).save(force_insert=True)
            Run.objects.bulk_create(runs)
            Block.objects.bulk_create(blocks)
    except IntegrityError:
        return 0  # another sealer was faster
    return sum(run.count for run in runs)


def what_is_wrong() -> str:
    """The sentence for whoever runs the site; "" while new entries are sealed within minutes."""
    last = Seal.objects.order_by("-number").first()
    waiting = Entry.objects.filter(
        id__gt=last.last_entry if last else 0,
        at__lt=clock.now() - timedelta(minutes=LATE_MINUTES),
    )
    if not waiting.exists():
        return ""
    since = f"since {last.at:%Y-%m-%d %H:%M} UTC" if last else "at all"
    if not settings.LEDGER_KEY:
        return f"The ledger was not sealed {since}: LEDGER_KEY is not set. Sending goes on."
    return f"The ledger was not sealed {since}. Look for ledger.tasks.seal in the worker's log."


def growth_after(last: Seal | None) -> Growth:
    """The tree that this seal ended with, ready to grow."""
    if last is None:
        return Growth()
    packed = bytes(last.frontier)
    return Growth(last.size, unpack(packed))


def unpack(packed: bytes) -> list[bytes]:
    """Hashes of 32 bytes that were stored one behind the other."""
    return [packed[at : at + 32] for at in range(0, len(packed), 32)]


def _new_spans(last: Seal | None) -> list[Span]:
    """Ids of entries that are no leaves yet, ascending, in spans of at most lines.AT_ONCE."""
    after = last.last_entry if last else 0
    ids: list[int] = []
    with connection.cursor() as cursor:
        for first, end, _ in last.gaps if last else []:
            cursor.execute(
                "SELECT id FROM ledger_entry WHERE id BETWEEN %s AND %s ORDER BY id", [first, end]
            )
            ids += [number for (number,) in cursor.fetchall()]
        cursor.execute(
            "SELECT id FROM ledger_entry WHERE id > %s ORDER BY id LIMIT %s", [after, MOST_AT_ONCE]
        )
        ids += [number for (number,) in cursor.fetchall()]
    return _spans(ids)


def _spans(ids: list[int]) -> list[Span]:
    found: list[Span] = []
    for number in ids:
        if found and found[-1][1] == number - 1 and number - found[-1][0] < lines.AT_ONCE:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _gaps(last: Seal | None, spans: list[Span], now: int) -> list[list[int]]:
    """The ids that are missing below the highest one: known ones that are still missing, and new ones."""
    before = last.last_entry if last else 0
    gaps = []
    for first, end, noticed in last.gaps if last else []:
        if now - noticed < GIVE_UP_SECONDS:
            gaps += [[*gap, noticed] for gap in _without(first, end, spans)]
    new = [(before, before), *((first, end) for first, end in spans if first > before)]
    gaps += [
        [left[1] + 1, right[0] - 1, now] for left, right in pairwise(new) if right[0] > left[1] + 1
    ]
    return gaps


def _without(first: int, end: int, spans: list[Span]) -> list[list[int]]:
    """What is left of a gap after the entries that turned up in it."""
    left = []
    for found_first, found_end in spans:
        if first <= found_first and found_end <= end:
            if found_first > first:
                left.append([first, found_first - 1])
            first = found_end + 1
    if first <= end:
        left.append([first, end])
    return left

"""Recomputes the whole ledger and says the first entry that does not fit. Changes nothing.

Whoever has full access to the database can change an entry, its leaf hash and every table of the
sealer, but can't sign. So each signed head is compared with the tree that the entries really make, and a
head that was kept elsewhere shows what was cut off or rewritten together with its seals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import connection

from ledger import heads
from ledger.merkle import Frontier
from ledger.models import Block, Entry, Run, Seal
from ledger.processes import in_order, useful
from ledger.recomputing import STRETCH, DoesNotFit, Piece, Recomputed, Stretch, recompute
from ledger.sealing import BLOCK, BLOCK_HEIGHT, GIVE_UP_SECONDS, Span, unpack

# So long an id may be missing, and two seconds, since the sealer notes when by the second.
_CAN_TURN_UP = timedelta(seconds=GIVE_UP_SECONDS + 2)
MANY = 200_000  # leaves; fewer are recomputed before other processes have started

Progress = Callable[[int], None]  # is told how many leaves were recomputed


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to fit: sealed entries and heads; and how many entries wait for the next head."""

    entries: int
    seals: int
    waiting: int


def verify(
    *,
    trusted: Sequence[heads.Verifier],
    since: Sequence[heads.Head] = (),
    progress: Progress = lambda leaves: None,
    processes: int | None = None,
) -> Verified:
    """Recomputes everything. `since` are heads that were kept elsewhere, already read and trusted.

    By so many processes; by as many as are useful when none are named. Raises DoesNotFit.
    """
    last = Seal.objects.order_by("-number").first()
    size = last.size if last else 0
    if processes is None:
        processes = useful() if size > MANY else 1
    seals = list(Seal.objects.filter(number__lte=last.number).order_by("number")) if last else []
    found = _Heads(seals, trusted, since)
    spans: list[Span] = []
    tree = Frontier()
    stretches = _stretches(size, sorted({seal.size for seal in seals}), spans)
    for done in in_order(recompute, stretches, processes):
        found.grown(done.stretch)
        roots = _checked_blocks(done)
        for at in sorted({*done.stretch.sizes, done.stretch.end}):
            while tree.size + BLOCK <= at:
                tree.add(next(roots), BLOCK_HEIGHT)
            if at in done.inside:
                found.sealed(Frontier(at, [*tree.hashes, *done.inside[at]]), done.stretch)
        progress(done.stretch.end)
    found.end()
    if _goes_on(last, size):
        raise DoesNotFit("Leaves were added without a head.")
    settled = _settled(spans, seals)
    return Verified(size, len(seals), _waiting(spans, last, settled))


def _stretches(end: int, sizes: list[int], spans: list[Span]) -> Iterator[Stretch]:
    """The leaves below `end`, as the sealer's runs say which entries they are.

    Adds to `spans` which entries these are. Raises DoesNotFit for a leaf that no run says anything of.
    """
    size, pieces = 0, list[Piece]()
    runs = Run.objects.filter(position__lt=end).order_by("position")
    for position, first, count in runs.values_list("position", "first_entry", "count").iterator():
        if position != size or count < 1:
            raise DoesNotFit(f"Leaf {size} is missing: {position} comes next.", first)
        if position + count > end:
            raise DoesNotFit("Leaves were added without a head.", first)
        if spans and spans[-1][1] == first - 1:
            spans[-1] = (spans[-1][0], first + count - 1)
        else:
            spans.append((first, first + count - 1))
        done = 0
        while done < count:
            some = min(count - done, STRETCH - size % STRETCH)
            pieces.append(Piece(position, done, first + done, some))
            size, done = size + some, done + some
            if size % STRETCH == 0:
                yield _stretch(size, pieces, sizes)
                pieces = []
    if pieces:
        yield _stretch(size, pieces, sizes)


def _stretch(end: int, pieces: list[Piece], sizes: list[int]) -> Stretch:
    first = pieces[0].run + pieces[0].skipped
    ending = sizes[bisect_right(sizes, first) : bisect_right(sizes, end)]
    return Stretch(first, end, tuple(pieces), tuple(ending))


def _checked_blocks(done: Recomputed) -> Iterator[bytes]:
    """The roots of whole blocks, each of which must be what the sealer stored. Raises DoesNotFit."""
    begins = done.stretch.first // BLOCK
    stored = dict(
        Block.objects.filter(number__gte=begins, number__lt=begins + len(done.roots)).values_list(
            "number", "root"
        )
    )
    for number, root in enumerate(done.roots, begins):
        if bytes(stored.get(number, b"")) != root:
            raise DoesNotFit(
                f"Block {number} has another root than its entries.",
                done.stretch.entry_at(number * BLOCK),
            )
        yield root


def _goes_on(last: Seal | None, size: int) -> bool:
    """Whether the sealer's tables say more than the last head, and no newer head has come meanwhile."""
    more = Run.objects.filter(position__gte=size), Block.objects.filter(number__gte=size // BLOCK)
    newer = Seal.objects.filter(number__gt=last.number if last else 0)
    return any(rows.exists() for rows in more) and not newer.exists()


class _Heads:
    """The heads in their order, each compared with the tree as soon as that has grown to its size."""

    def __init__(
        self, seals: list[Seal], trusted: Sequence[heads.Verifier], since: Sequence[heads.Head]
    ) -> None:
        self._coming = deque(seals)
        self._trusted = list(trusted)
        self._kept = deque(sorted(since, key=lambda head: head.size))
        self._last: Seal | None = None
        self._tree = Frontier()
        self._first_entry: int | None = None  # of what was added since the last head

    def grown(self, stretch: Stretch) -> None:
        """Notes what the next head is about."""
        if self._first_entry is None:
            self._first_entry = stretch.entry_at(stretch.first)

    def sealed(self, tree: Frontier, stretch: Stretch) -> None:
        """Compares a stored head, and what was kept elsewhere of that size. Raises DoesNotFit."""
        root, entry = tree.root(), self._first_entry
        while self._kept and self._kept[0].size <= tree.size:
            kept = self._kept.popleft()
            if (kept.size, kept.root) != (tree.size, root):
                raise DoesNotFit(
                    f"The head of {kept.at:%Y-%m-%d %H:%M} that was kept elsewhere does not fit: what it "
                    f"sealed was rewritten. The first difference may be in entry {entry}.",
                    entry,
                )
        seal = self._coming.popleft()
        head = self._read(seal, entry)
        if (head.size, seal.size) != (tree.size, tree.size):
            raise DoesNotFit(f"Head {seal.number} is not about {tree.size} leaves.", entry)
        if head.root != root:
            raise DoesNotFit(
                f"Head {seal.number} does not fit: of the entries that it sealed, the first that may "
                f"differ is {entry}.",
                entry,
            )
        before = heads.fingerprint(self._last.note) if self._last else None
        number = self._last.number + 1 if self._last else 1
        if (head.previous, seal.number, seal.at) != (before, number, head.at):
            raise DoesNotFit(f"Head {seal.number} does not follow the head before it.", entry)
        self._last, self._tree = seal, tree
        self._first_entry = stretch.entry_at(tree.size) if tree.size < stretch.end else None

    def _read(self, seal: Seal, entry: int | None) -> heads.Head:
        """The head in a seal. Raises DoesNotFit.

        The next head holds the hash of this whole note. So where the same key signed that one, its
        signature stands for this one as well.
        """
        by = heads.signers(seal.note)
        try:
            # The last one has none after it, and who signed nothing stands for nothing.
            if by and self._coming and heads.signers(self._coming[0].note) == by:
                return heads.parse(seal.note)
            return heads.read(seal.note, self._trusted)
        except heads.BadHead as problem:
            raise DoesNotFit(f"Head {seal.number}: {problem}", entry) from None

    def end(self) -> None:
        """After the last leaf: nothing may be left over. Raises DoesNotFit."""
        if self._coming:
            seal = self._coming[0]
            raise DoesNotFit(
                f"The ledger was cut off: head {seal.number} is about {seal.size} entries, and "
                f"{self._tree.size} are here."
            )
        if self._kept:
            kept = self._kept[0]
            raise DoesNotFit(
                f"The ledger was cut off: {self._tree.size} entries are sealed here, and the head of "
                f"{kept.at:%Y-%m-%d %H:%M} that was kept elsewhere is about {kept.size}."
            )
        if self._last and unpack(bytes(self._last.frontier)) != list(self._tree.hashes):
            raise DoesNotFit(f"The tree that head {self._last.number} goes on from was changed.")


def _settled(spans: list[Span], seals: list[Seal]) -> int:
    """The highest id below which nothing can turn up any more. Raises DoesNotFit where something did.

    The sealer notes which ids it still watches (Seal.gaps), and nobody signs that. But the heads' moments
    are signed: what was missing below an id that was sealed long before is late by more than is allowed.
    `spans` are in the order of leaves.
    """
    left, size, highest, settled = deque(spans), 0, 0, 0
    lately: deque[tuple[datetime, int]] = deque()  # heads, and the highest id under each
    for seal in seals:
        while size < seal.size:
            first, end = left.popleft()
            if first <= settled:
                raise DoesNotFit(f"Entry {first} was put in after its time.", first)
            cut = first + min(seal.size - size, end - first + 1)
            if cut <= end:
                left.appendleft((cut, end))
            size, highest = size + cut - first, max(highest, cut - 1)
        lately.append((seal.at, highest))
        while lately[0][0] < seal.at - _CAN_TURN_UP:
            settled = lately.popleft()[1]
    return settled


def _waiting(spans: list[Span], last: Seal | None, settled: int) -> int:
    """How many entries wait for the next head. Raises DoesNotFit for one that no head will ever seal."""
    spans.sort()
    for left, right in pairwise(spans):
        if right[0] <= left[1]:
            raise DoesNotFit(f"Entry {right[0]} was sealed twice.", right[0])
    watched = [(first, end) for first, end, _ in last.gaps] if last else []
    top = last.last_entry if last else 0
    waiting = 0
    after: int | None = None
    for first, end in [*spans, (top + 1, top + 1)]:
        if after is None or first > after + 1:
            for entry in _between(after, first):
                if entry <= settled or not any(low <= entry <= high for low, high in watched):
                    raise DoesNotFit(f"Entry {entry} was put in after its time.", entry)
                waiting += 1
        after = end
    return waiting + Entry.objects.filter(id__gt=top).count()


def _between(left: int | None, right: int) -> list[int]:
    """The ids of entries between these two, both excluded; None is before everything."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM ledger_entry WHERE id < %s AND (%s IS NULL OR id > %s) ORDER BY id",
            [right, left, left],
        )
        return [number for (number,) in cursor.fetchall()]

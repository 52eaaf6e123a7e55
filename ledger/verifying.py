"""Recomputes the whole ledger and says the first entry that does not fit. Changes nothing.

Whoever has full access to the database can change an entry, its leaf hash and every table of the
sealer, but can't sign. So each signed head is compared with the tree that the entries really make, and a
head that was kept elsewhere shows what was cut off or rewritten together with its seals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import connection

from ledger import heads, lines
from ledger.models import Block, Entry, Run, Seal
from ledger.sealing import Growth, unpack

Progress = Callable[[int], None]  # is told how many leaves were recomputed


class DoesNotFit(Exception):
    """The ledger is not what was sealed. `entry` is the first id that does not fit, if there is one."""

    def __init__(self, sentence: str, entry: int | None = None) -> None:
        super().__init__(sentence)
        self.entry = entry


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
) -> Verified:
    """Recomputes everything. `since` are heads that were kept elsewhere, already read and trusted.

    Raises DoesNotFit.
    """
    tree = Growth()
    seals = _Seals(trusted, since)
    blocks = Block.objects.order_by("number").values_list("number", "root").iterator(2_000)
    spans: list[tuple[int, int]] = []
    runs = Run.objects.order_by("position").values_list("position", "first_entry", "count", "hashes")
    for position, first, count, stored in runs.iterator(200):
        if position != tree.size:
            raise DoesNotFit(f"Leaf {tree.size} is missing: the next one is leaf {position}.", first)
        start = tree.size // 256
        complete = tree.add(_checked_leaves(first, count, bytes(stored)))
        for number, root in enumerate(complete, start):
            if next(blocks, None) not in ((number, root), (number, memoryview(root))):
                raise DoesNotFit(f"Block {number} has another root than its entries.", first)
        spans.append((first, first + count - 1))
        seals.reached(tree, first)
        progress(tree.size)
    if next(blocks, None):
        raise DoesNotFit("There are more blocks than leaves.")
    last = seals.end(tree)
    return Verified(tree.size, seals.count, _waiting(spans, last))


def _checked_leaves(first: int, count: int, stored: bytes) -> list[bytes]:
    """The leaves of a run, computed from its entries. Raises DoesNotFit at the first that differs."""
    last = first + count - 1
    try:
        found = lines.read(first, last)
    except lines.NotPlain:
        found = []
    if len(found) != count:
        raise _first_broken(first, last)
    leaves = lines.leaf_hashes(found)
    if b"".join(leaves) != stored:
        for entry, (leaf, sealed) in enumerate(zip(leaves, unpack(stored), strict=False), first):
            if leaf != sealed:
                raise DoesNotFit(f"Entry {entry} is not what was sealed.", entry)
        raise DoesNotFit(f"Entries from {first} on have another number of leaves.", first)
    return leaves


def _first_broken(first: int, last: int) -> DoesNotFit:
    """One by one, for the sentence: which entry of this run is missing or not plain."""
    for entry in range(first, last + 1):
        try:
            if not lines.read(entry, entry):
                return DoesNotFit(f"Entry {entry} is missing.", entry)
        except lines.NotPlain:
            return DoesNotFit(f"Entry {entry} is not what was sealed.", entry)
    return DoesNotFit(f"Entries {first} to {last} can't be read one by one.", first)


class _Seals:
    """The heads in the order of their sizes, each compared as soon as the tree has grown to it."""

    def __init__(self, trusted: Sequence[heads.Verifier], since: Sequence[heads.Head]) -> None:
        self._trusted = list(trusted)
        self._stored: Iterator[Seal] = Seal.objects.order_by("number").iterator(500)
        self._kept = sorted(since, key=lambda head: head.size)
        self._next = next(self._stored, None)
        self._last: Seal | None = None
        self._first_entry: int | None = None  # of what was added since the last head
        self.count = 0

    def reached(self, tree: Growth, first: int) -> None:
        """Compares what has the tree's present size. Raises DoesNotFit."""
        if self._first_entry is None:
            self._first_entry = first
        if not self._next and not self._kept:
            return
        sizes = [seal.size for seal in (self._next,) if seal] + [h.size for h in self._kept[:1]]
        if tree.size < min(sizes):
            return
        root = tree.frontier().root()
        while self._kept and self._kept[0].size <= tree.size:
            kept = self._kept.pop(0)
            if kept.size != tree.size or kept.root != root:
                raise DoesNotFit(
                    f"The head of {kept.at:%Y-%m-%d %H:%M} that was kept elsewhere does not fit: what it "
                    f"sealed was rewritten. The first difference is in entry {self._first_entry} or later.",
                    self._first_entry,
                )
        while self._next and self._next.size <= tree.size:
            self._compare(self._next, tree.size, root)
            self._last, self._next = self._next, next(self._stored, None)
            self.count += 1
        self._first_entry = None

    def _compare(self, seal: Seal, size: int, root: bytes) -> None:
        entry = self._first_entry
        try:
            head = heads.read(seal.note, self._trusted)
        except heads.BadHead as problem:
            raise DoesNotFit(f"Head {seal.number}: {problem}", entry) from None
        if (head.size, seal.size) != (size, size):
            raise DoesNotFit(f"Head {seal.number} is about {head.size} leaves, not {size}.", entry)
        if head.root != root:
            raise DoesNotFit(
                f"Head {seal.number} does not fit: of the entries that it sealed, the first that may "
                f"differ is {entry}.",
                entry,
            )
        before = heads.fingerprint(self._last.note) if self._last else None
        number = self._last.number + 1 if self._last else 1
        if (head.previous, seal.number) != (before, number):
            raise DoesNotFit(f"A head is missing before head {seal.number}.", entry)
        if seal.at != head.at:
            raise DoesNotFit(f"Head {seal.number} was signed at another time than its row says.")

    def end(self, tree: Growth) -> Seal | None:
        """After the last leaf: nothing may be left over. Returns the last seal. Raises DoesNotFit."""
        if self._kept:
            kept = self._kept[0]
            raise DoesNotFit(
                f"The ledger was cut off: {tree.size} entries are sealed here, and the head of "
                f"{kept.at:%Y-%m-%d %H:%M} that was kept elsewhere is about {kept.size}."
            )
        if self._next:
            raise DoesNotFit(
                f"The ledger was cut off: head {self._next.number} is about {self._next.size} entries, "
                f"and {tree.size} are here."
            )
        if self._first_entry is not None:
            raise DoesNotFit("Leaves were added without a head.", self._first_entry)
        if self._last and unpack(bytes(self._last.frontier)) != list(tree.frontier().hashes):
            raise DoesNotFit(f"The tree that head {self._last.number} goes on from was changed.")
        return self._last


def _waiting(spans: list[tuple[int, int]], last: Seal | None) -> int:
    """How many entries wait for the next head. Raises DoesNotFit for one that no head will ever seal."""
    spans.sort()
    for left, right in pairwise(spans):
        if right[0] <= left[1]:
            raise DoesNotFit(f"Entry {right[0]} was sealed twice.", right[0])
    watched = [(first, end) for first, end, _ in last.gaps] if last else []
    waiting = 0
    holes = [(left[1] + 1, right[0] - 1) for left, right in pairwise([(0, 0), *spans])]
    top = last.last_entry if last else 0
    holes.append(((spans[-1][1] if spans else 0) + 1, top))
    with connection.cursor() as cursor:
        for first, end in holes:
            if end < first:
                continue
            cursor.execute(
                "SELECT id FROM ledger_entry WHERE id BETWEEN %s AND %s ORDER BY id", [first, end]
            )
            for (entry,) in cursor.fetchall():
                if not any(a <= entry <= b for a, b in watched):
                    raise DoesNotFit(f"Entry {entry} was inserted after its time.", entry)
                waiting += 1
    below = Entry.objects.filter(id__lt=1).order_by("id").values_list("id", flat=True).first()
    if below is not None:
        raise DoesNotFit(f"Entry {below} was inserted before the first one.", below)
    return waiting + Entry.objects.filter(id__gt=top).count()

"""Recomputes the whole ledger and says the first entry that does not fit. Changes nothing.

Whoever has full access to the database can change an entry, its leaf hash and every table of the
sealer, but can't sign. So each signed head is compared with the tree that the entries really make, and a
head that was kept elsewhere shows what was cut off or rewritten together with its seals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ledger import heads, lines
from ledger.models import Block, Entry, Run, Seal
from ledger.sealing import BLOCK, Growth, unpack

RUNS_AT_ONCE = 16

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


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Some runs, the lines of each (None: not plain), and the blocks and seals up to their end."""

    runs: list[tuple[int, int, int, bytes]]
    lines: list[list[bytes] | None]
    blocks: list[tuple[int, bytes]]
    seals: list[Seal]


def verify(
    *,
    trusted: Sequence[heads.Verifier],
    since: Sequence[heads.Head] = (),
    progress: Progress = lambda leaves: None,
) -> Verified:
    """Recomputes everything. `since` are heads that were kept elsewhere, already read and trusted.

    Raises DoesNotFit.
    """
    tree, heads_seen = Growth(), _Heads(trusted, since)
    spans: list[tuple[int, int]] = []
    for stretch in _ahead(_stretches()):
        blocks, seals = iter(stretch.blocks), iter(stretch.seals)
        seal = next(seals, None)
        for (position, first, count, stored), text in zip(stretch.runs, stretch.lines, strict=True):
            if position != tree.size:
                raise DoesNotFit(f"Leaf {tree.size} is missing: {position} comes next.", first)
            number = tree.size // BLOCK
            for root in tree.add(_checked_leaves(first, count, stored, text)):
                if next(blocks, None) != (number, root):
                    raise DoesNotFit(f"Block {number} has another root than its entries.", first)
                number += 1
            spans.append((first, first + count - 1))
            heads_seen.grown(first)
            while seal and seal.size <= tree.size:
                heads_seen.sealed(seal, tree)
                seal = next(seals, None)
        heads_seen.left_over(seal, tree)
        if next(blocks, None):
            raise DoesNotFit("There are more blocks than leaves.")
        progress(tree.size)
    return Verified(tree.size, heads_seen.count, _waiting(spans, heads_seen.end(tree)))


def _ahead(stretches: Iterator[_Stretch]) -> Iterator[_Stretch]:
    """The same, each read by a second thread while the one before is hashed.

    The thread uses the caller's connection, which the caller leaves alone meanwhile: so both see the
    same data, also inside a transaction.
    """

    def adopt(shared: BaseDatabaseWrapper) -> None:
        connections[DEFAULT_DB_ALIAS] = shared

    shared = connections[DEFAULT_DB_ALIAS]
    shared.inc_thread_sharing()
    try:
        with ThreadPoolExecutor(1, initializer=adopt, initargs=(shared,)) as reader:
            coming = reader.submit(next, stretches, None)
            while stretch := coming.result():
                coming = reader.submit(next, stretches, None)
                try:
                    yield stretch
                except GeneratorExit:
                    return
    finally:
        shared.dec_thread_sharing()


def _stretches() -> Iterator[_Stretch]:
    """Everything that the sealer stored, with the entries' lines, in the order of leaves."""
    end = block = number = 0
    while True:
        runs = [
            (position, first, count, bytes(hashes))
            for position, first, count, hashes in Run.objects.filter(position__gte=end)
            .order_by("position")
            .values_list("position", "first_entry", "count", "hashes")[:RUNS_AT_ONCE]
        ]
        last = not runs
        end = runs[-1][0] + runs[-1][2] if runs else end
        blocks = Block.objects.filter(number__gte=block).order_by("number")
        seals = Seal.objects.filter(number__gt=number).order_by("number")
        if not last:
            blocks, seals = blocks.filter(number__lt=end // BLOCK), seals.filter(size__lte=end)
        found = _Stretch(
            runs,
            [_lines(first, first + count - 1) for _, first, count, _ in runs],
            [
                (block.number, bytes(block.root))
                for block in blocks[: 2 + len(runs) * lines.AT_ONCE]
            ],
            list(seals[: 1 + lines.AT_ONCE * len(runs)]),
        )
        block = found.blocks[-1][0] + 1 if found.blocks else block
        number = found.seals[-1].number if found.seals else number
        yield found
        if last:
            return


def _lines(first: int, last: int) -> list[bytes] | None:
    try:
        return lines.read(first, last)
    except lines.NotPlain:
        return None


def _checked_leaves(first: int, count: int, stored: bytes, text: list[bytes] | None) -> list[bytes]:
    """The leaves of a run, computed from its entries. Raises DoesNotFit at the first that differs."""
    if text is None or len(text) != count:
        raise _first_broken(first, count, stored)
    leaves = lines.leaf_hashes(text)
    if b"".join(leaves) != stored:
        raise _first_broken(first, count, stored)
    return leaves


def _first_broken(first: int, count: int, stored: bytes) -> DoesNotFit:
    """One by one, for the sentence: which entry of this run is missing or another one."""
    sealed = unpack(stored)
    for entry, leaf in enumerate(sealed, first):
        found = _lines(entry, entry)
        if found == []:
            return DoesNotFit(f"Entry {entry} is missing.", entry)
        if found is None or lines.leaf_hashes(found) != [leaf]:
            return DoesNotFit(f"Entry {entry} is not what was sealed.", entry)
    return DoesNotFit(f"From entry {first} on, {len(sealed)} leaves stand for {count}.", first)


class _Heads:
    """The heads in the order of their sizes, each compared as soon as the tree has grown to it."""

    def __init__(self, trusted: Sequence[heads.Verifier], since: Sequence[heads.Head]) -> None:
        self._trusted = list(trusted)
        self._kept = sorted(since, key=lambda head: head.size)
        self._last: Seal | None = None
        self._first_entry: int | None = None  # of what was added since the last head
        self.count = 0

    def grown(self, first: int) -> None:
        """Notes what the next head is about."""
        if self._first_entry is None:
            self._first_entry = first

    def sealed(self, seal: Seal, tree: Growth) -> None:
        """Compares a stored head, and what was kept elsewhere of that size. Raises DoesNotFit."""
        root, entry = tree.frontier().root(), self._first_entry
        while self._kept and self._kept[0].size <= tree.size:
            kept = self._kept.pop(0)
            if (kept.size, kept.root) != (tree.size, root):
                raise DoesNotFit(
                    f"The head of {kept.at:%Y-%m-%d %H:%M} that was kept elsewhere does not fit: what it "
                    f"sealed was rewritten. The first difference may be in entry {entry}.",
                    entry,
                )
        try:
            head = heads.read(seal.note, self._trusted)
        except heads.BadHead as problem:
            raise DoesNotFit(f"Head {seal.number}: {problem}", entry) from None
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
        self._last, self._first_entry = seal, None
        self.count += 1

    def left_over(self, seal: Seal | None, tree: Growth) -> None:
        """After a stretch: a head that is about more than there is. Raises DoesNotFit."""
        if seal:
            raise DoesNotFit(
                f"The ledger was cut off: head {seal.number} is about {seal.size} entries, and "
                f"{tree.size} are here."
            )

    def end(self, tree: Growth) -> Seal | None:
        """After the last leaf: nothing may be left over. Returns the last seal. Raises DoesNotFit."""
        if self._kept:
            kept = self._kept[0]
            raise DoesNotFit(
                f"The ledger was cut off: {tree.size} entries are sealed here, and the head of "
                f"{kept.at:%Y-%m-%d %H:%M} that was kept elsewhere is about {kept.size}."
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
    top = last.last_entry if last else 0
    waiting = 0
    after: int | None = None
    for first, end in [*spans, (top + 1, top + 1)]:
        if after is None or first > after + 1:
            for entry in _between(after, first):
                if not any(low <= entry <= high for low, high in watched):
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

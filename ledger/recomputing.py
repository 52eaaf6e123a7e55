"""Recomputes a stretch of the ledger's tree from its entries: the work that several processes share.

A stretch begins where a block begins, so its blocks are whole subtrees, and whoever puts the stretches
together (verifying.py) needs only their roots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger import lines, merkle
from ledger.merkle import Frontier
from ledger.models import Run
from ledger.sealing import BLOCK, BLOCK_HEIGHT, unpack

AT_ONCE = 4 * lines.AT_ONCE  # lines that are read in one go
STRETCH = 64 * BLOCK  # leaves: large enough that handing out the work costs nothing


class DoesNotFit(Exception):
    """The ledger is not what was sealed. `entry` is the first id that does not fit, if there is one."""

    def __init__(self, sentence: str, entry: int | None = None) -> None:
        super().__init__(sentence, entry)  # both, so that it can come from another process
        self.entry = entry

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of leaves, or a part of it: `count` entries, `skipped` behind the run's first."""

    run: int  # the position of the run's first leaf
    skipped: int
    first_entry: int
    count: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """The leaves from `first` up to `end`, and the sizes of heads that end among them."""

    first: int
    end: int
    pieces: tuple[Piece, ...]
    sizes: tuple[int, ...]

    def entry_at(self, leaf: int) -> int:
        """The id of the entry that is this leaf."""
        for piece in self.pieces:
            if leaf < piece.run + piece.skipped + piece.count:
                return piece.first_entry + leaf - piece.run - piece.skipped
        raise ValueError(leaf)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The roots of the stretch's whole blocks, and for each of its sizes the subtrees in the last block."""

    stretch: Stretch
    roots: list[bytes]
    inside: dict[int, tuple[bytes, ...]]


def recompute(stretch: Stretch) -> Recomputed:
    """From the entries, each of which must be what the sealer found. Raises DoesNotFit."""
    leaves = _leaves(stretch)
    whole = len(leaves) // BLOCK * BLOCK
    inside = {}
    begins, block = -1, Frontier()
    for size in stretch.sizes:
        at = size - stretch.first
        if begins != at - at % BLOCK:
            begins, block = at - at % BLOCK, Frontier()
        block.extend(leaves[begins + block.size : at])
        inside[size] = block.hashes
    roots = list(merkle.perfect_roots(leaves[:whole], BLOCK_HEIGHT))
    return Recomputed(stretch, roots, inside)


def _leaves(stretch: Stretch) -> list[bytes]:
    pieces = stretch.pieces
    runs = Run.objects.filter(position__gte=pieces[0].run, position__lte=pieces[-1].run)
    stored = {at: bytes(hashes) for at, hashes in runs.values_list("position", "hashes")}
    sealed = [
        stored.get(piece.run, b"")[32 * piece.skipped : 32 * (piece.skipped + piece.count)]
        for piece in pieces
    ]
    leaves: list[bytes] = []
    for first, last in _spans(pieces):
        text = _read(first, last)
        if text is None or len(text) != last - first + 1:
            break
        leaves += lines.leaf_hashes(text)
    if b"".join(leaves) != b"".join(sealed) or len(leaves) != stretch.end - stretch.first:
        raise _first_broken(pieces, sealed)
    return leaves


def _spans(pieces: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """The ids of their entries, so many at once as are read at once; runs may be short."""
    first, last = pieces[0].first_entry, pieces[0].first_entry - 1
    for piece in pieces:
        if piece.first_entry != last + 1 or last - first >= AT_ONCE:
            yield first, last
            first = piece.first_entry
        last = piece.first_entry + piece.count - 1
    yield first, last


def _read(first: int, last: int) -> list[bytes] | None:
    try:
        return lines.read(first, last)
    except lines.NotPlain:
        return None


def _first_broken(pieces: Sequence[Piece], sealed: Sequence[bytes]) -> DoesNotFit:
    """One by one, for the sentence: which entry is missing or another one."""
    for piece, stored in zip(pieces, sealed, strict=True):
        hashes = unpack(stored)
        text = _read(piece.first_entry, piece.first_entry + piece.count - 1)
        if text is not None and lines.leaf_hashes(text) == hashes:
            continue
        for entry, leaf in enumerate(hashes, piece.first_entry):
            found = _read(entry, entry)
            if found == []:
                return DoesNotFit(f"Entry {entry} is missing.", entry)
            if found is None or lines.leaf_hashes(found) != [leaf]:
                return DoesNotFit(f"Entry {entry} is not what was sealed.", entry)
        return DoesNotFit(
            f"From entry {piece.first_entry} on, {len(hashes)} leaves stand for {piece.count}.",
            piece.first_entry,
        )
    return DoesNotFit("The ledger was changed while it was read.", pieces[0].first_entry)

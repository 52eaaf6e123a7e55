"""The hash tree over the ledger's entries, as Certificate Transparency builds it. Pure.

Everything follows RFC 6962, section 2.1 (the same hashes as in RFC 9162): a leaf is hashed with the
byte 0 before it, a node with the byte 1 before its two children, and n leaves are split at the largest
power of two below n. Hashes are 32 bytes of SHA-256, sizes and positions count leaves from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

EMPTY = sha256().digest()  # the root of no leaves

_NODE = sha256(b"\1")  # copying it is cheaper than beginning anew

# (first, end) → the hash of the perfect subtree over these leaves; its size is a power of two.
Subtree = Callable[[int, int], bytes]


def leaf_hash(line: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """A tree that only grows: its perfect subtrees, largest first, at most one of each size.

    That is all one needs to add leaves and to know the root: 24 hashes at ten million leaves.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count():
            raise ValueError(f"A tree of {size} leaves has {size.bit_count()} subtrees.")
        self.size = size
        self._hashes = list(hashes)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The subtrees' hashes, largest subtree first."""
        return tuple(self._hashes)

    def add(self, subtree: bytes, height: int = 0) -> None:
        """Adds a perfect subtree of 2**height leaves; the size must be a multiple of that."""
        if self.size % (1 << height):
            raise ValueError(
                f"A subtree of height {height} does not fit behind {self.size} leaves."
            )
        carry = self.size >> height
        while carry & 1:
            subtree = node_hash(self._hashes.pop(), subtree)
            carry >>= 1
        self._hashes.append(subtree)
        self.size += 1 << height

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Adds leaf hashes, the aligned middle of them as large subtrees: one pass per level."""
        at, end = 0, len(leaves)
        while at < end:
            height = min(_trailing_zeros(self.size), (end - at).bit_length() - 1)
            self.add(perfect_root(leaves[at : at + (1 << height)]), height)
            at += 1 << height

    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self._hashes:
            return EMPTY
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of neighbours of the same height."""
    height = len(hashes).bit_length() - 1
    if len(hashes) != 1 << height:
        raise ValueError(f"{len(hashes)} is no power of two.")
    return perfect_roots(hashes, height)[0]


def perfect_roots(hashes: Sequence[bytes], height: int) -> Sequence[bytes]:
    """The roots over neighbours of the same height, 2**height of them under each."""
    begun = _NODE.copy
    for _ in range(height):
        above = []
        neighbours = iter(hashes)
        for left, right in zip(neighbours, neighbours, strict=True):
            node = begun()
            node.update(left + right)
            above.append(node.digest())
        hashes = above
    return hashes


def inclusion_proof(position: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that lead from the leaf at `position` to the root of `size` leaves, lowest first."""
    if not 0 <= position < size:
        raise ValueError(f"There is no leaf {position} among {size}.")
    return _path(position, 0, size, subtree)


def _path(position: int, first: int, end: int, subtree: Subtree) -> list[bytes]:
    if end - first == 1:
        return []
    middle = first + _split(end - first)
    if position < middle:
        return [*_path(position, first, middle, subtree), root_of(middle, end, subtree)]
    return [*_path(position, middle, end, subtree), root_of(first, middle, subtree)]


def root_of(first: int, end: int, subtree: Subtree) -> bytes:
    """The root over the leaves from `first` up to `end`, put together from perfect subtrees."""
    count = end - first
    if count & (count - 1) == 0:
        return subtree(first, end)
    middle = first + _split(count)
    return node_hash(subtree(first, middle), root_of(middle, end, subtree))


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The hashes that show that the tree of `old` leaves is the beginning of the tree of `new`."""
    if not 0 < old <= new:
        raise ValueError(f"A tree of {old} leaves can't be the beginning of one of {new}.")
    return _subproof(old, 0, new, True, subtree)


def _subproof(old: int, first: int, end: int, whole: bool, subtree: Subtree) -> list[bytes]:
    # RFC 6962, section 2.1.2: `whole` says that the old tree's root is one that the reader knows.
    if old == end - first:
        return [] if whole else [root_of(first, end, subtree)]
    half = _split(end - first)
    middle = first + half
    if old <= half:
        rest = _subproof(old, first, middle, whole, subtree)
        return [*rest, root_of(middle, end, subtree)]
    rest = _subproof(old - half, middle, end, False, subtree)
    return [*rest, root_of(first, middle, subtree)]


def _split(count: int) -> int:
    """The largest power of two below `count` (at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _trailing_zeros(size: int) -> int:
    return (size & -size).bit_length() - 1 if size else 63

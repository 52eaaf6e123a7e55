"""The hash tree: known roots, every proof of every small tree, and that no other proof passes."""

from __future__ import annotations

from hashlib import sha256

import pytest

from invites.evidence import verify
from ledger import continues, merkle

# RFC 6962's own test data, as the reference implementations of Certificate Transparency publish it.
INPUTS = [
    b"", b"\0", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43",
    bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70)),
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [merkle.leaf_hash(str(number).encode()) for number in range(70)]


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 6962's definition of the root, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\1" + plain_root(leaves[:half]) + plain_root(leaves[half:])).digest()


def subtree(first: int, end: int) -> bytes:
    assert (end - first) & (end - first - 1) == 0
    return merkle.perfect_root(LEAVES[first:end])


def root(size: int) -> bytes:
    return plain_root(LEAVES[:size])


def test_the_roots_are_those_of_certificate_transparency() -> None:
    frontier = merkle.Frontier()
    assert frontier.root().hex() == sha256(b"").hexdigest()
    for data, expected in zip(INPUTS, ROOTS, strict=True):
        frontier.add(merkle.leaf_hash(data))
        assert frontier.root().hex() == expected


@pytest.mark.parametrize("step", [1, 2, 3, 7, 16, 33, 70])
def test_however_the_leaves_come_the_root_is_the_same(step: int) -> None:
    frontier = merkle.Frontier()
    for start in range(0, len(LEAVES), step):
        frontier.extend(LEAVES[start : start + step])
        assert frontier.root() == root(frontier.size)
        frontier = merkle.Frontier(frontier.size, frontier.hashes)  # as if read back from a table


def test_every_leaf_of_every_tree_is_proved_and_no_other_leaf_is() -> None:
    for size in range(1, len(LEAVES)):
        for position in range(size):
            proof = merkle.inclusion_proof(position, size, subtree)
            assert len(proof) <= (size - 1).bit_length()
            leaf = LEAVES[position]
            assert verify.climb(leaf, position, size, proof) == root(size)
            assert verify.climb(b"x" * 32, position, size, proof) != root(size)
            assert verify.climb(leaf, position, size, [*proof, leaf]) is None
            if proof:
                assert verify.climb(leaf, position, size, proof[:-1]) is None


def test_every_tree_is_proved_to_continue_every_smaller_one() -> None:
    for new in range(1, len(LEAVES)):
        for old in range(1, new + 1):
            proof = merkle.consistency_proof(old, new, subtree)
            assert continues.contains(old, root(old), new, root(new), proof)
            assert not continues.contains(old, b"x" * 32, new, root(new), proof)
            assert not continues.contains(old, root(old), new, b"x" * 32, proof)
            assert not continues.contains(old, root(old), new, root(new), [*proof, b"x" * 32])
            for wrong in range(len(proof)):
                forged = [*proof[:wrong], b"x" * 32, *proof[wrong + 1 :]]
                assert not continues.contains(old, root(old), new, root(new), forged)

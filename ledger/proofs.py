"""Proofs that an entry is under a signed head: at most 24 hashes for ten million entries."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from ledger import lines, merkle
from ledger.models import Block, Run, Seal
from ledger.sealing import BLOCK, unpack


class NotSealed(Exception):
    """The entry is too new: it is under no head yet. Beat seals every minute."""


@dataclass(frozen=True, slots=True)
class Proved:
    """One entry's line, its place among the leaves, and the hashes from there to the root."""

    entry: int
    line: str
    position: int
    hashes: list[bytes]


def newest() -> Seal:
    """The newest head. Raises NotSealed."""
    seal = Seal.objects.order_by("-number").first()
    if seal is None:
        raise NotSealed
    return seal


def since(old: int, seal: Seal) -> str:
    """Lines that show that this head holds the first `old` entries as they were: see continues.py.

    They go below the head. "" where it is about fewer.
    """
    if not 0 < old <= seal.size:
        return ""
    hashes = merkle.consistency_proof(old, seal.size, subtree)
    return "\n".join([f"\nsince {old}", *(b64encode(one).decode() for one in hashes), ""])


def prove(entries: list[int], seal: Seal) -> list[Proved]:
    """A proof for each of these entries under this head. Raises NotSealed."""
    return [_prove(entry, seal) for entry in entries]


def _prove(entry: int, seal: Seal) -> Proved:
    run = Run.objects.filter(first_entry__lte=entry).order_by("-first_entry").first()
    if run is None or entry >= run.first_entry + run.count:
        raise NotSealed
    position = run.position + entry - run.first_entry
    if position >= seal.size:
        raise NotSealed
    (line,) = lines.read(entry, entry)
    hashes = merkle.inclusion_proof(position, seal.size, subtree)
    return Proved(entry, line.decode(), position, hashes)


def subtree(first: int, end: int) -> bytes:
    """The root over an aligned power of two of leaves, from what the sealer stored."""
    if end - first >= BLOCK:
        roots = Block.objects.filter(number__gte=first // BLOCK, number__lt=end // BLOCK)
        return merkle.perfect_root(
            [bytes(root) for root in roots.order_by("number").values_list("root", flat=True)]
        )
    runs = Run.objects.filter(position__gt=first - lines.AT_ONCE, position__lt=end)
    found: list[bytes] = []
    for run in runs.order_by("position"):
        leaves = unpack(bytes(run.hashes))
        found += leaves[max(0, first - run.position) : max(0, end - run.position)]
    return merkle.perfect_root(found)

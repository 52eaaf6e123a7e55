"""Every entry of a sealed ledger can be proved with few hashes, and with no other line."""

from __future__ import annotations

import pytest

from invites.evidence import verify
from ledger import heads, merkle, proofs, sealing
from ledger.models import Entry
from tests.ledger.tampering import appended

pytestmark = pytest.mark.django_db


def test_every_kind_of_place_in_the_tree_can_be_proved() -> None:
    with pytest.raises(proofs.NotSealed):
        proofs.newest()
    for count in (1, 300, 2_000, 7):
        appended(count)
        sealing.seal()
    seal = proofs.newest()
    head = heads.read(seal.note, heads.verifiers())
    ids = list(Entry.objects.order_by("id").values_list("id", flat=True))
    places = [0, 1, 255, 256, 300, 301, 511, 512, 1_300, 2_047, 2_048, 2_300, 2_301, 2_307]
    for place, proved in zip(places, proofs.prove([ids[n] for n in places], seal), strict=True):
        leaf = merkle.leaf_hash(proved.line.encode())
        assert proved.position == place
        assert len(proved.hashes) <= 12
        root = verify.climb(leaf, place, head.size, proved.hashes)
        assert root == head.root
    appended(1)
    with pytest.raises(proofs.NotSealed):
        proofs.prove([ids[-1] + 1], seal)

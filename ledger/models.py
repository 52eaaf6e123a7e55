"""Entries, which stay; the map from people to entries, which can be erased; when beat last ran."""

from __future__ import annotations

import uuid

from django.db import models


class Entry(models.Model):
    """One thing that was done. Written by `entries.append` alone; the database refuses any change.

    `subject` is what it was done to, `actor` who did it: random ids that mean nothing without the
    `Subject` map. No foreign key, so that erasing a person never touches an entry.
    """

    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    subject = models.UUIDField()
    actor = models.UUIDField(null=True)
    facts = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["subject", "id"], name="ledger_entry_by_subject")]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class Subject(models.Model):
    """Who a random id stands for: the keyed hash of a member or an address. Erasing = deleting.

    Of a member their number, too, for staff: a hash leads to nobody. It is no foreign key.
    """

    keyed_hash = models.CharField(max_length=64, unique=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    member = models.BigIntegerField(null=True, db_index=True)

    def __str__(self) -> str:
        return str(self.uid)


class Heartbeat(models.Model):
    """The last moment at which something was seen alive; one row each. See ledger/heartbeat.py."""

    name = models.CharField(max_length=20, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"


class Run(models.Model):
    """Which entries became which leaves: `count` entries from `first_entry` on, without a gap.

    Entries become leaves in the order in which the sealer finds them, not in that of their ids:
    PostgreSQL gives ids before transactions commit. `hashes` holds 32 bytes per leaf.
    """

    position = models.BigIntegerField(primary_key=True)  # of its first leaf, counted from 0
    first_entry = models.BigIntegerField(unique=True)
    count = models.PositiveIntegerField()
    hashes = models.BinaryField()

    def __str__(self) -> str:
        return f"leaves from {self.position}"


class Block(models.Model):
    """The root over 256 leaves that are complete, so that a proof need not hash millions."""

    number = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()

    def __str__(self) -> str:
        return f"block {self.number}"


class Seal(models.Model):
    """One signed tree head. `note` is what was signed and published; the rest lets the sealer go on."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    size = models.BigIntegerField()
    note = models.TextField()
    # The roots of the perfect subtrees, 32 bytes each, largest first (ledger.merkle.Frontier).
    frontier = models.BinaryField()
    last_entry = models.BigIntegerField()  # the highest id that was seen
    # Ids up to it that were not there yet: [first, last, seconds since 1970 when it was noticed].
    gaps = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="ledger_seal_by_moment")]

    def __str__(self) -> str:
        return f"seal {self.number}"


class Home(models.Model):
    """Where this database lived when a worker last looked; one row. See ledger/restoring.py."""

    place = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.place


class Publication(models.Model):
    """Which head a place outside of this site got last; one row per place."""

    place = models.CharField(max_length=20, unique=True)
    seal = models.BigIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"head {self.seal} to the {self.place}"

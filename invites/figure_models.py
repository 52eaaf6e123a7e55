"""Tables of figures: what happened on which day, and who did what first; from the ledger, by
actions/counting.py.

Every one can be thrown away and counted again. Nothing here says anything about a person: a sender is
the ledger's random id, which is nobody's once the account is erased.
"""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class Kind(StrEnum):
    """What a figure is about; its key is in brackets."""

    ALL = "all"  # everything ("")
    SOURCE = "source"  # one address book (its name)
    SENDER = "sender"  # one member (the random id, in hexadecimal)
    WORDING = "wording"  # one note (see confirming.wording)
    CAME = "came"  # members who did this for the first time ("")
    WENT_ON = (
        "went on"  # of those, by the same day: who has done the next step, before or since ("")
    )
    AFTER = "after"  # how long after confirming (the least number of seconds)


# What is counted per source, sender and wording, too.
EVENTS = (
    "imported", "chosen", "confirmed", "undone", "sent", "bounced", "dont_know", "declined", "accepted",
    "complained",
)  # fmt: skip
# The steps of a member's way, of which each is also counted by members.
STEPS = ("imported", "chosen", "written", "reviewed", "confirmed", "sent")
# Of these the greatest of the newest days are listed.
RANKED = (Kind.SOURCE, Kind.SENDER, Kind.WORDING)
RANGES = (30, 90, 364)  # days, today included; the last are 52 weeks


class DailyFigure(models.Model):
    """How often something happened on one day."""

    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=40, blank=True)
    event = models.CharField(max_length=12)
    day = models.DateField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key", "event", "day"], name="invites_one_figure_a_day"
            )
        ]
        indexes = [
            # What leaves a range when a new day begins.
            models.Index(fields=["day"], name="invites_figure_by_day")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.event} on {self.day}: {self.count}"


class RecentFigure(models.Model):
    """The same for the last `days` days, so that the greatest can be found by index."""

    days = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=40, blank=True)
    event = models.CharField(max_length=12)
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["days", "kind", "key", "event"], name="invites_one_recent_figure"
            )
        ]
        indexes = [
            models.Index(fields=["days", "kind", "event", "count"], name="invites_recent_by_count")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.event} in {self.days} days: {self.count}"


class FirstTime(models.Model):
    """When a member did a step for the first time: the list behind the counts of members."""

    sender = models.CharField(max_length=32)  # the ledger's random id, in hexadecimal
    step = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "step"], name="invites_first_time_once")
        ]
        # Rows are written in the order of the ledger's leaves, so that later ones have higher ids.
        indexes = [models.Index(fields=["step", "id"], name="invites_first_times")]

    def __str__(self) -> str:
        return f"{self.sender} {self.step} at {self.at}"


class Counted(models.Model):
    """How far the ledger is counted; one row. It changes together with the figures, or not at all."""

    entries = models.BigIntegerField(default=0)
    day = models.DateField()  # with which the recent figures end
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.entries} entries"

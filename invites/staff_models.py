"""What staff write about a complaint, and what the site tells them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class CaseNote(models.Model):
    """What one of the staff noted about a complaint, for the others. Forgotten with the case."""

    case = models.ForeignKey("invites.Case", on_delete=models.CASCADE, related_name="notes")
    words = models.CharField(max_length=1000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="invites_note_by_moment")]

    def __str__(self) -> str:
        return f"note {self.pk}"


class ReopeningState(models.TextChoices):
    """A proposal ends once."""

    PROPOSED = "proposed", "Waits for a second person"
    AGREED = "agreed", "Agreed"
    REFUSED = "refused", "Refused"
    VOID = "void", "Void"


class Reopening(models.Model):
    """One of the staff proposes to lift the hold on a sender somebody complained about; another decides.

    The second is another account, by a constraint; guards.py lets nobody lift such a hold without.
    """

    hold = models.ForeignKey("invites.Hold", on_delete=models.PROTECT, related_name="reopenings")
    reason = models.CharField(max_length=200)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=ReopeningState.choices, default=ReopeningState.PROPOSED
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["proposed_at"], condition=Q(state="proposed"), name="invites_to_agree"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["hold"], condition=Q(state="proposed"), name="invites_one_proposal_per_hold"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | Q(state__in=["agreed", "refused"], decided_by__isnull=False)
                & Q(decided_at__isnull=False)
                | Q(state="void", decided_by=None, decided_at__isnull=False),
                name="invites_reopening_has_its_end",
            ),
            # Not NULL, by the one above: a CHECK passes on NULL.
            models.CheckConstraint(
                condition=~Q(state="agreed") | ~Q(decided_by=F("proposed_by")),
                name="invites_reopening_needs_two",
            ),
        ]

    def __str__(self) -> str:
        return f"proposal to lift hold {self.hold_id}"


class StaffEvent(models.Model):
    """What the site tells STAFF_WEBHOOK_URL: a row until the receiver has taken it, and some days more.

    `uid` is what receivers know it by, the same at each attempt. `told` names nobody.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)
    told = models.JSONField()
    at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True)  # None: taken, or given up
    taken_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=80, blank=True)  # why it was not taken the last time

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try"], condition=Q(next_try__isnull=False), name="invites_untold"
            ),
            models.Index(fields=["at"], name="invites_staffevent_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"


class Trouble(models.Model):
    """Something that is not well, and that staff were told so; gone when it is well again."""

    name = models.CharField(max_length=20, unique=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

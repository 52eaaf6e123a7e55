"""What recipients answered, what they reported, and what everybody may read about invitations."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class AnswerKind(models.TextChoices):
    """What a recipient can say beside accepting. The last two count against the sender."""

    DECLINED = "declined", "No, thanks"
    NOT_HOW = "not_how", "That isn’t how we know each other"
    DONT_KNOW = "dont_know", "I don’t know this person"


AGAINST_THE_SENDER = (AnswerKind.NOT_HOW, AnswerKind.DONT_KNOW)


class Answer(models.Model):
    """A recipient's present answer to one invitation. No answer, no row."""

    invitation = models.OneToOneField(
        "invites.Invitation", on_delete=models.CASCADE, related_name="answer"
    )
    kind = models.CharField(max_length=10, choices=AnswerKind.choices)
    given_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"answer {self.kind} to invitation {self.invitation_id}"


class Outcome(models.TextChoices):
    """How a complaint ended. Only two of the staff together reopen (actions/reopening.py)."""

    KEPT_STOPPED = "kept_stopped", "The sender stays stopped"
    ANSWERED = "answered", "Answered; nothing about the sender"
    NO_REASON = "no_reason", "No reason found"
    REOPENED = "reopened", "Reopened by two of the staff"


class Case(models.Model):
    """A recipient's report of one invitation, and what became of it.

    `decision` and `what_changed` are for the reporter to read. `words` are the reporter's, for staff
    alone; they are erased with everything else about that person. `owner` is who of the staff has
    taken it.
    """

    invitation = models.OneToOneField(
        "invites.Invitation", on_delete=models.PROTECT, related_name="case"
    )
    words = models.CharField(max_length=500, blank=True)
    # What it put its sender under, or found them under; which two people lift because of it.
    hold = models.ForeignKey(
        "invites.Hold", null=True, on_delete=models.PROTECT, related_name="complaints"
    )
    opened_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)  # when staff had mail about it
    tell_after = models.DateTimeField(null=True)  # the mail server did not take it: not before
    read_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField("what was decided", max_length=500, blank=True)
    what_changed = models.CharField(max_length=500, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(told_at=None),
                name="invites_case_untold",
            ),
            models.Index(
                fields=["opened_at"],
                condition=models.Q(decided_at=None),
                name="invites_case_open",
            ),
            models.Index(
                fields=["decided_at"],
                condition=~models.Q(decision="", what_changed=""),
                name="invites_case_words",
            ),
        ]

    def __str__(self) -> str:
        return f"report {self.pk}"


class Standing(models.Model):
    """A sender who may invite fewer people than others, by the weekly look at all answers."""

    sender = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="standing"
    )
    allowance = models.PositiveSmallIntegerField()
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"standing of sender {self.sender_id}"


class MonthlyFigures(models.Model):
    """What happened in one month that is over, as everybody may read it. `month` is its first day."""

    month = models.DateField(unique=True)
    sent = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField()
    stopped = models.PositiveIntegerField()
    complained = models.PositiveIntegerField()
    held = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "monthly figures"

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class Incident(models.Model):
    """What went wrong on the site, as staff tell everybody."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    day = models.DateField(help_text="The day on which it happened.")
    title = models.CharField(max_length=120, help_text="In one line. Everybody reads it.")
    words = models.TextField(
        max_length=4000,
        help_text="What happened, whom it touched, what was done about it. No names or addresses.",
    )

    def __str__(self) -> str:
        return f"{self.day} {self.title}"

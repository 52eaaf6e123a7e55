"""Mails that are no invitations: about accounts, until they leave; and what came back, until it is read."""

from __future__ import annotations

from django.db import models


class AccountMail(models.Model):
    """One mail about an account, encrypted, for the minutes until a worker has handed it over."""

    ciphertext = models.BinaryField()
    written_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField()

    def __str__(self) -> str:
        return f"account mail {self.pk}"


class ReturnedReport(models.Model):
    """That one report about an invitation has had its effect: it has none a second time."""

    digest = models.CharField(max_length=64, unique=True)
    taken_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"report {self.pk}"


class ReportsMailbox(models.Model):
    """How far the mailbox for returned mail was read. IMAP's UIDs grow as long as `validity` stays."""

    name_hash = models.CharField(max_length=64, unique=True)
    validity = models.PositiveBigIntegerField()
    last_uid = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"mailbox {self.pk}"

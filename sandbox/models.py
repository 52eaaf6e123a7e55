"""The mailbox's tables: received mail, byte for byte, and whom each mail was for."""

from django.db import models


class Mail(models.Model):
    """One message as it came in by SMTP."""

    received_at = models.DateTimeField()
    envelope_from = models.TextField(blank=True)
    # The bytes after dot-unstuffing (RFC 5321, section 4.5.2) and before anything else.
    raw = models.BinaryField()

    def __str__(self) -> str:
        return f"Mail {self.pk}"


class Delivery(models.Model):
    """One RCPT TO of a mail, in lower case so that a person has one mailbox."""

    mail = models.ForeignKey(Mail, on_delete=models.CASCADE, related_name="deliveries")
    address = models.TextField(db_index=True)
    # As it stood in the envelope: tests compare this one.
    as_given = models.TextField()

    def __str__(self) -> str:
        return self.address

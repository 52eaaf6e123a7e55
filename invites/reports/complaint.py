"""Complaints: the Abuse Reporting Format (RFC 5965), and mails that wrap the mail complained about."""

from __future__ import annotations

import re

from invites.reports import parts
from invites.reports.report import Kind, Recipient, Report

_RECIPIENT = re.compile(
    r"^(?:original-rcpt-to|removal-recipient)[ \t]*:[ \t]*(.{1,400})$", re.IGNORECASE | re.MULTILINE
)
_REQUIRED = {"feedback-type", "user-agent"}  # RFC 5965, 3.1
_ADDRESS = re.compile(r"[^\s<>;,\"()]{1,128}@[^\s<>;,\"()]{1,255}")
_SUBJECT = re.compile(
    r"\b(?:abuse|spam|feedback|complaint)\b.{0,20}\breport\b|\bcomplaint about (?:a |the |your )?message\b",
    re.IGNORECASE,
)
# Fields in which some receivers name the reader who complained, in the mail that they send back.
_READER = ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "x-rcpt-to")
_MAX_RECIPIENTS = 200


def read(message: parts.Message) -> Report | None:
    """The complaint in a message, else None. One recipient without address when none is named."""
    reports = message.texts("message/feedback-report")
    if not reports and _REQUIRED.issubset(parts.fields(message.words)):
        reports = [message.words]  # the MIME wrapping was lost
    originals = message.texts(*parts.ORIGINAL)
    if reports:
        feedback = parts.fields(reports[0]).get("feedback-type", "").strip().lower() or "abuse"
    elif originals and _SUBJECT.search(message.headers.get("subject", "")):
        feedback = "abuse"
    else:
        return None
    named = [
        match[0]
        for value in _RECIPIENT.findall("\n".join(reports))
        if (match := _ADDRESS.search(value))
    ]
    if not named and originals:
        named = _reader(parts.fields(originals[0][: parts.MAX_TEXT]))
    unique: list[str | None] = [*dict.fromkeys(named[:_MAX_RECIPIENTS])]
    return Report(Kind.COMPLAINT, tuple(map(Recipient, unique or [None])), feedback)


def _reader(original: dict[str, str]) -> list[str]:
    """The reader of the mail that comes back, if only one can be meant."""
    for name in (*_READER, "to"):
        found = _ADDRESS.findall(original.get(name, ""))
        if len(found) == 1:
            return found
    return []

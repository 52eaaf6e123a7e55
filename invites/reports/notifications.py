"""Amazon SES events, as its notification service sends them by mail: JSON in the text.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from invites.reports import reasons
from invites.reports.report import Kind, Reason, Recipient, Report

_START = re.compile(r'\s*\{\s*"(?:notificationType|eventType|Type)"')
_FOLD = re.compile(
    r"!?\n ?"
)  # some servers break lines of more than 990 bytes, with or without "!"
_MAX_RECIPIENTS = 200


def read(words: str) -> Report | None:
    """The event in a text that starts with one, else None."""
    if not _START.match(words):
        return None
    try:
        event, _ = json.JSONDecoder().raw_decode(_FOLD.sub("", words.strip()))
        if isinstance(event.get("Message"), str):  # still in the notification service's envelope
            event = json.loads(event["Message"])
    except (ValueError, RecursionError, AttributeError):
        return None
    event = _object(event)
    kind = str(event.get("notificationType") or event.get("eventType") or "").lower()
    detail = _object(event.get(kind))
    message_id = _header(_object(event.get("mail")), "message-id")
    if kind == "bounce":
        permanent = detail.get("bounceType") == "Permanent"
        told = [_object(item) for item in _list(detail.get("bouncedRecipients"))]
        return Report(
            Kind.BOUNCE,
            tuple(_bounced(item, permanent) for item in told),
            original_message_id=message_id,
        )
    if kind == "complaint":
        told = [_object(item) for item in _list(detail.get("complainedRecipients"))]
        feedback = str(detail.get("complaintFeedbackType") or "abuse").lower()
        addresses = tuple(Recipient(_text(item.get("emailAddress"))) for item in told)
        return Report(Kind.COMPLAINT, addresses, feedback, message_id)
    if kind == "delivery":
        addresses = tuple(Recipient(_text(item)) for item in _list(detail.get("recipients")))
        return Report(Kind.DELIVERED, addresses, original_message_id=message_id)
    return None


def _bounced(item: dict[str, Any], permanent: bool) -> Recipient:
    verdict = reasons.judge(
        str(item.get("diagnosticCode") or ""),
        status=_text(item.get("status")),
        failed=permanent,
    )
    delayed = item.get("action") == "delayed"
    reason = Reason.EXPIRED if delayed else verdict.reason
    address = _text(item.get("emailAddress"))
    return Recipient(address, verdict.hard, verdict.status, reason.word, delayed=delayed)


def _header(mail: dict[str, Any], name: str) -> str | None:
    for header in map(_object, _list(mail.get("headers"))):
        if str(header.get("name")).lower() == name:
            return str(header.get("value")).strip("<> ")
    return None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value[:_MAX_RECIPIENTS] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

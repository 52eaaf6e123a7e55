"""What came back by mail: a bounce, a complaint, an automatic reply, a receipt, or an ordinary mail.

Standards first (RFC 5965, 3464, 8098, 3834), then the shapes that letters without a standard share.
Pure: bytes in, a Report out; it never raises, and it believes nobody: who may report what about
whom is the caller's to check.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from invites.reports import (
    automatic,
    complaint,
    delivery_status,
    notice,
    notifications,
    parts,
    reasons,
    signs,
)
from invites.reports.delivery_status import DELAYED, DELIVERED, Entry
from invites.reports.notice import Notice
from invites.reports.report import Kind, Reason, Recipient, Report

_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_DISPOSITION_PARTS = ("message/disposition-notification", "message/global-disposition-notification")
_REJECTED = re.compile(r"reject|could not be delivered|not delivered|discarded", re.IGNORECASE)
_WAITING = re.compile(
    r"\bwarning\b.{0,40}\b(?:message|only)|not yet been|has been delayed"
    r"|is delayed|still (?:undelivered|being retried)"
    r"|will (?:be retried|keep trying|continue)|temporary failure report|\(delay",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(
    r"^[>|]?[ \t]*message-id[ \t]*:\s{0,8}<?([^\s<>]{3,300})>?", re.IGNORECASE | re.MULTILINE
)
_BRACKETED = re.compile(r"<([^\s<>]{3,300})>")
_OURS = re.compile(r"([0-9a-f]{32})@[^@\s]+")


def read(raw: bytes) -> Report:
    """What these bytes say. Any bytes will do."""
    message = parts.message(raw)
    letter = notice.notice(message.words)
    report = (
        complaint.read(message)
        or notifications.read(message.words)
        or _statuses(message, letter)
        or _disposition(message)
        or _wrapped(message, letter)
        or _prose(message, letter)
    )
    if report is None:
        automatically = automatic.is_automatic(message.headers)
        report = Report(Kind.AUTO_REPLY if automatically else Kind.NONE)
    if report.kind is Kind.NONE:
        return report
    message_id = report.original_message_id or _original_message_id(message, letter)
    ours = _OURS.fullmatch(message_id or "")
    return replace(
        report,
        original_message_id=message_id,
        invitation=UUID(hex=ours[1]) if ours else None,
    )


def _statuses(message: parts.Message, letter: Notice) -> Report | None:
    """A delivery status notification (RFC 3464), also one that lost its MIME wrapping."""
    entries = delivery_status.entries("\n\n".join(message.texts(*_STATUS_PARTS)))
    if not entries and signs.is_bounce(message.headers, message.words):
        entries = delivery_status.entries(message.words)
    if not entries:
        return None
    undelivered = [entry for entry in entries if entry.action not in DELIVERED]
    if not undelivered:
        return Report(Kind.DELIVERED, tuple(Recipient(_address(entry)) for entry in entries))
    about = notice.about([name for entry in entries for name in entry.addresses], letter.text)
    told = tuple(
        _bounced(entry, letter.text, alone=True)
        if len(undelivered) == 1
        else _bounced(entry, "\n".join(about[name] for name in entry.addresses), alone=False)
        for entry in undelivered
    )
    if len(told) == 1 and told[0].address is None:
        [(address, _)] = notice.recipients(message.headers, letter.text, "")[:1]
        told = (replace(told[0], address=address),)
    return Report(Kind.BOUNCE, told)


def _bounced(entry: Entry, said: str, *, alone: bool) -> Recipient:
    """One recipient of a notification. `said`: what its letter says about it, for people."""
    stage = notice.stage(entry.diagnosis) or notice.stage(said)
    failed = entry.action != DELAYED
    verdict = reasons.judge(
        entry.diagnosis, status=entry.status, stage=stage, failed=failed, program=entry.program
    )
    if not reasons.says_something(entry.diagnosis):
        for words in (reasons.replies(said), said):
            told = reasons.judge(
                words, status=entry.status, stage=stage, failed=failed, program=entry.program
            )
            if told.reason is not Reason.UNCLEAR and words:
                verdict = told
                break
    if verdict.hard and alone and (softer := reasons.words_of_softness(said)):
        verdict = replace(verdict, reason=softer, hard=False)  # people are told another story
    return Recipient(
        _address(entry),
        verdict.hard,
        verdict.status,
        verdict.reason.word,
        delayed=not failed,
        aliases=entry.addresses[1:],
    )


def _address(entry: Entry) -> str | None:
    return entry.addresses[0] if entry.addresses else None


def _disposition(message: parts.Message) -> Report | None:
    """A disposition notification (RFC 8098): read, or thrown away by a rule, which is never hard."""
    for text in message.texts(*_DISPOSITION_PARTS):
        fields = parts.fields(text)
        kind = fields.get("disposition", "").rpartition(";")[2].strip().lower()
        address = fields.get("original-recipient") or fields.get("final-recipient", "")
        address = address.rpartition(";")[2].strip(" <>")
        if kind.startswith("deleted") and _REJECTED.search(message.words):
            verdict = reasons.judge(message.words, failed=False)
            told = Recipient(address or None, False, verdict.status, verdict.reason.word)
            return Report(Kind.BOUNCE, (told,), original_message_id=_bare(fields))
        if kind.startswith(("displayed", "dispatched", "processed")):
            return Report(
                Kind.DELIVERED, (Recipient(address or None),), original_message_id=_bare(fields)
            )
    return None


def _prose(message: parts.Message, letter: Notice) -> Report | None:
    """A bounce that only a person was meant to read."""
    if not signs.is_bounce(message.headers, letter.text):
        return None
    failed = not _WAITING.search(f"{message.headers.get('subject', '')}\n{letter.text}")
    originals = message.texts(*parts.ORIGINAL)
    quoted = parts.fields(originals[0] if originals else letter.quoted.replace("\n\n", "\n"))
    told = notice.recipients(message.headers, letter.text, quoted.get("to", ""))
    return Report(
        Kind.BOUNCE,
        tuple(_told(address, said, failed) for address, said in told),
    )


def _wrapped(message: parts.Message, letter: Notice) -> Report | None:
    """A notification that a gateway passed on as an attachment, naming nobody itself."""
    originals = message.texts("message/rfc822")
    if len(originals) != 1 or notice.names_somebody(letter.text):
        return None
    if not signs.is_bounce(message.headers, originals[0]):
        return None
    inner = parts.message(originals[0].encode("utf-8", "replace"))
    return _statuses(inner, notice.notice(inner.words))


def _told(address: str | None, said: str, failed: bool) -> Recipient:
    stage = notice.stage(said)
    verdict = reasons.judge(reasons.replies(said), stage=stage, failed=failed)
    if verdict.reason is Reason.UNCLEAR:
        verdict = reasons.judge(said, stage=stage, failed=failed)
    return Recipient(address, verdict.hard, verdict.status, verdict.reason.word, delayed=not failed)


def _original_message_id(message: parts.Message, letter: Notice) -> str | None:
    """The Message-ID of the mail that is reported on, without brackets."""
    for text in (*message.texts(*parts.ORIGINAL), letter.quoted, *_bodies(message)):
        if match := _MESSAGE_ID.search(text[: parts.MAX_TEXT]):
            return match[1]
    for name in ("in-reply-to", "references"):
        if found := _BRACKETED.findall(message.headers.get(name, "")[:20_000]):
            return str(found[-1])
    return None


def _bodies(message: parts.Message) -> Sequence[str]:
    return [part.text for part in message.parts if part.media_type != "text/html"]


def _bare(fields: dict[str, str]) -> str | None:
    return fields.get("original-message-id", "").strip("<> ") or None

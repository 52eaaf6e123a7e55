"""Letters that come back, as programs write them: small builders, all with example domains."""

from __future__ import annotations

OURS = "0123456789abcdef0123456789abcdef@invitations.example.org"
BEN = "ben@example.net"


def letter(body: str, **headers: str) -> bytes:
    """One message. `from_` and `content_type` are From and Content-Type."""
    fields = {"From": "Mail Delivery System <mailer-daemon@mx.example.net>"}
    for name, value in headers.items():
        fields[name.strip("_").replace("_", "-").title()] = value
    head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    return f"{head}\n{body}".encode()


def multipart(kind: str, *parts: tuple[str, str], **headers: str) -> bytes:
    """A multipart/report (RFC 6522) of this report-type, out of (media type, text)."""
    pieces = "".join(f"--=_b\nContent-Type: {media}\n\n{text}\n" for media, text in parts)
    content_type = f'multipart/report; report-type={kind}; boundary="=_b"'
    return letter(f"{pieces}--=_b--\n", content_type=content_type, **headers)


def original(message_id: str = OURS, to: str = BEN) -> str:
    """The invitation that comes back."""
    return (
        "Received: from out.example.org by mx.example.net; Thu, 1 Jan 2026 10:00:00 +0000\n"
        f"From: Ana <invitations@example.org>\nTo: {to}\nSubject: Ana invites you\n"
        f"Message-ID: <{message_id}>\n\nHello\n"
    )


def status(
    diagnosis: str,
    *,
    code: str = "5.0.0",
    action: str = "failed",
    recipient: str = BEN,
    words: str = "Your message could not be delivered.",
) -> bytes:
    """A delivery status notification (RFC 3464) about one recipient."""
    fields = f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {code}\n"
    if diagnosis:
        fields += f"Diagnostic-Code: {diagnosis}\n"
    return multipart(
        "delivery-status",
        ("text/plain; charset=utf-8", words),
        ("message/delivery-status", f"Reporting-MTA: dns; mx.example.net\n\n{fields}"),
        ("message/rfc822", original()),
        subject="Undelivered Mail Returned to Sender",
    )


def complaint(feedback: str, *, fields: str = "", to: str = BEN) -> bytes:
    """A report in the Abuse Reporting Format (RFC 5965)."""
    return multipart(
        "feedback-report",
        ("text/plain", "This is an email abuse report."),
        (
            "message/feedback-report",
            f"Feedback-Type: {feedback}\nUser-Agent: Loop/1\nVersion: 1\n{fields}",
        ),
        ("message/rfc822", original(to=to)),
        from_="loop@mailbox.example",
        subject="Abuse report",
    )

"""The one door for mail. The only module that may import smtplib or django.core.mail.

Two things pass: an invitation in the hands of the outbox, and account mail by a template on the list.
"""

from __future__ import annotations

import logging
import smtplib
import socket
import ssl
import uuid
from collections.abc import Sequence
from email.charset import QP, Charset
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address

from invites import signing

log = logging.getLogger(__name__)

# Mail about a member's own account, to that member. Everything else that Django or a third-party
# app tries to send through EMAIL_BACKEND is refused.
ACCOUNT_TEMPLATES = frozenset(
    {
        "account/email/email_confirmation",
        "account/email/email_confirmation_signup",
        "account/email/account_already_exists",
        "account/email/password_reset_key",
        "invites/email/head",
        "invites/email/linkedin_link",
        "invites/email/receipt",
        # To the staff, and to whoever wants no invitations.
        "recipients/email/case",
        "recipients/email/stop_link",
    }
)


# How the Message-ID of account mail begins, so that nobody takes it for an invitation's.
ACCOUNT_ID = "account."


class DeliveryError(Exception):
    """The base of what can go wrong when a mail is handed over."""


class ServerUnavailable(DeliveryError):
    """The mail server can't be reached or won't talk. No mail was touched; all wait."""


class NotAccepted(DeliveryError):
    """Proven: this mail was not taken. `permanent`: trying again is pointless (5xx).

    `late`: the server had accepted the recipient before, so `knock` would have passed.
    """

    def __init__(self, reply: str, *, permanent: bool, late: bool = False) -> None:
        self.permanent = permanent
        self.late = late
        super().__init__(reply)


class OutcomeUnknown(DeliveryError):
    """The server fell silent after the final dot began to leave: it may have taken the mail."""


class MailForbidden(RuntimeError):
    """Something tried to send mail that is not on the list of account mail."""


class Connection:
    """One SMTP session that hands over many mails, one after the other."""

    def __init__(self) -> None:
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> smtplib.SMTP:
        """The session, greeted and logged in. Raises ServerUnavailable."""
        if self._smtp is not None:
            return self._smtp
        try:
            if settings.EMAIL_USE_SSL:
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                    settings.EMAIL_HOST,
                    settings.EMAIL_PORT,
                    timeout=settings.EMAIL_TIMEOUT,
                    context=ssl.create_default_context(),
                )
            else:
                smtp = smtplib.SMTP(
                    settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT
                )
                if settings.EMAIL_USE_TLS:
                    smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
            if settings.EMAIL_HOST_USER:
                smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            # Else the dot, sent by itself, waits 40 ms for the server to acknowledge the body (Nagle).
            if smtp.sock is not None:
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, smtplib.SMTPException) as error:
            raise ServerUnavailable(f"{type(error).__name__} at {settings.EMAIL_HOST}") from error
        self._smtp = smtp
        return smtp

    def close(self) -> None:
        """Ends the session, politely if the server still listens."""
        if self._smtp is not None:
            smtp, self._smtp = self._smtp, None
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()

    def hand_over(self, sender: str, recipient: str, raw: bytes) -> str:
        """Signs one mail, gives it to the server, returns its words. `raw` has CRLF line ends.

        Raises NotAccepted (it was not taken), OutcomeUnknown (it may have been), ServerUnavailable.
        """
        smtp = self.open()
        body = _stuffed(_signed(raw))
        try:
            self._announce(smtp, sender, recipient, "DATA")
            smtp.send(body)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            raise self._lost(error) from error
        # From the first byte of the dot on, silence means that nobody knows.
        try:
            smtp.send(b".\r\n")
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise OutcomeUnknown(str(error)) from error
        reply = _words(code, words)
        # The first digit decides (RFC 5321, 4.3.2); an answer that is neither yes nor no proves nothing.
        if 200 <= code < 300:
            return reply
        if not 400 <= code < 600:
            self._drop()
            raise OutcomeUnknown(reply)
        if code == 421:
            self._drop()
        raise NotAccepted(reply, permanent=code >= 500, late=True)

    def knock(self, sender: str, recipient: str) -> None:
        """Asks whether the server would take a mail to `recipient`, and gives it none: no DATA.

        Raises NotAccepted in the words and after the time that `hand_over` would, ServerUnavailable.
        """
        smtp = self.open()
        try:
            self._announce(smtp, sender, recipient)
            smtp.rset()
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> NotAccepted:
        self._drop()
        return NotAccepted(f"connection lost before the end of the mail: {error}", permanent=False)

    def _announce(self, smtp: smtplib.SMTP, sender: str, recipient: str, *more: str) -> None:
        """MAIL, RCPT and what follows, in one go where the server offers PIPELINING (RFC 2920)."""
        commands = [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", *more]
        replies: list[tuple[int, bytes]] = []
        if smtp.has_extn("pipelining"):
            smtp.send("".join(f"{command}\r\n" for command in commands))
            replies = [smtp.getreply() for _ in commands]
        else:
            for command in commands:
                replies.append(smtp.docmd(command))
                if replies[-1][0] >= 400:
                    break
        refused = next((reply for reply in replies if reply[0] >= 400), None)
        if refused is None and replies[-1][0] == (354 if more else 250):
            return
        if len(replies) == len(commands) and replies[-1][0] == 354:
            # It refused the recipient and wants a body all the same: leave without giving one.
            self._drop()
        elif refused is not None and refused[0] == 421:
            self._drop()
        else:
            smtp.rset()
        code, words = refused or replies[-1]
        late = refused is not None and refused is not replies[0] and replies.index(refused) > 1
        raise NotAccepted(_words(code, words), permanent=500 <= code < 600, late=late)

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _signed(raw: bytes) -> bytes:
    """Below the site's DKIM signatures, if it signs itself."""
    if not settings.DKIM_KEYS:
        return raw
    try:
        return signing.signed(raw, domain=settings.DKIM_DOMAIN, keys=settings.DKIM_KEYS)
    except signing.CannotSign as error:
        raise NotAccepted(f"could not be signed: {error}", permanent=False, late=True) from error


def _stuffed(raw: bytes) -> bytes:
    """Dot-stuffing (RFC 5321, 4.5.2): the server takes it away again."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _words(code: int, words: bytes) -> str:
    return f"{code} {words.decode(errors='replace')}"[:500]


def _domain() -> str:
    return str(settings.INVITATIONS_ADDRESS).rpartition("@")[2]


class AccountMail(EmailMessage):
    """Mail to a member about their own account; `template` says which."""

    def __init__(self, template: str, *, to: str, subject: str, text: str) -> None:
        super().__init__(
            subject=" ".join(subject.split()),
            body=text,
            from_email=f"{settings.SITE_NAME} <{settings.INVITATIONS_ADDRESS}>",
            to=[to],
            headers={"Message-ID": f"<{ACCOUNT_ID}{uuid.uuid4().hex}@{_domain()}>"},
        )
        self.template = template
        # 7-bit, as invitations are: a server that has to convert a mail breaks its signature.
        self.encoding = Charset("utf-8")
        self.encoding.body_encoding = QP


class AccountMailBackend(BaseEmailBackend):
    """Django's EMAIL_BACKEND: lets account mail pass, by the name of its template, and nothing else."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """As Django's. Raises MailForbidden for anything that `send_account_mail` did not make."""
        for message in email_messages:
            if not (isinstance(message, AccountMail) and message.template in ACCOUNT_TEMPLATES):
                raise MailForbidden(
                    "Mail has one door: invitations by the outbox, account mail by template."
                )
        with Connection() as connection:
            for message in email_messages:
                mime: Any = message.message()  # Django's own subclass knows line ends
                raw = mime.as_bytes(linesep="\r\n")
                for to in message.recipients():
                    recipient = sanitize_address(to, "utf-8")
                    connection.hand_over(settings.INVITATIONS_ADDRESS, recipient, raw)
        return len(email_messages)


def send_account_mail(*, template: str, to: str, subject: str, text: str) -> None:
    """Sends a member mail about their own account.

    Raises MailForbidden for a template not on the list, NotAccepted when the server refuses the mail,
    ServerUnavailable when there is none to ask, or none that answers.
    """
    message = AccountMail(template, to=to, subject=subject, text=text)
    try:
        AccountMailBackend().send_messages([message])
    except OutcomeUnknown as silence:
        raise ServerUnavailable(f"no answer from {settings.EMAIL_HOST}") from silence
    except ValueError as error:
        raise NotAccepted("no address that SMTP can say", permanent=True) from error

"""Reads a stored mail back: what its recipient was told, whatever its sender has changed since.

For the recipient's page and for staff. It knows how `rendering` builds a mail, and nothing else.
"""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from html.parser import HTMLParser

_SHOWN = ("From", "Reply-To", "To", "Subject", "Message-ID", "List-Unsubscribe")


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One mail, decoded. `headers` and `text` are what a mail program shows; tokens are hashes.

    `words` are the sender's own, with the line ends they typed.
    """

    headers: dict[str, str]
    sender_name: str
    sender_address: str
    words: str
    text: str


def read(raw: bytes) -> StoredMail:
    """The mail behind the bytes of a PreparedMail."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    (sender,) = message["Reply-To"].addresses
    return StoredMail(
        headers={name: str(message[name]) for name in _SHOWN},
        sender_name=sender.display_name or sender.addr_spec,
        sender_address=sender.addr_spec,
        words=_words(_part(message, "html")),
        text=_part(message, "plain"),
    )


def words_in(raw: bytes) -> str:
    """The sender's own words alone, in a fraction of the time: no header is read."""
    (html,) = (
        part
        for part in email.message_from_bytes(raw).walk()
        if part.get_content_type() == "text/html"
    )
    return _words(bytes(html.get_payload(decode=True)).decode().replace("\r\n", "\n"))


def _words(html: str) -> str:
    found = _OwnWords()
    found.feed(html)
    return "\n\n".join(found.paragraphs)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None, "every invitation has a text and an HTML part"
    return str(part.get_content()).replace("\r\n", "\n")


class _OwnWords(HTMLParser):
    """Collects the quoted paragraphs. The text part would do, were its lines not cut to a width."""

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self._quoted = self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "blockquote":
            self._quoted = True
        elif tag == "p" and self._quoted:
            self._open = True
            self.paragraphs.append("")
        elif tag == "br" and self._open:
            self.paragraphs[-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        if tag == "blockquote":
            self._quoted = False
        elif tag == "p":
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.paragraphs[-1] += data

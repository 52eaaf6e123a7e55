"""A stored mail as a reader sees it: headers, text, HTML, links.

The stored bytes stay as they are.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import dkim

# What an HTML page may not hold (WHATWG HTML, 13.2.3.5), but a broken or hostile mail may.
_UNPRINTABLE = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef\\ufffe\\uffff]"
)
_LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What a mail program would show. `links` are in order of appearance, each once."""

    subject: str
    sender: str
    to: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    links: tuple[str, ...]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "a" and name == "href" and value and value.startswith(("http:", "https:")):
                self.found.append(value)


def signature(raw: bytes, record: str) -> str:
    """What a receiver's DKIM check would say, in words, if the DNS had this record."""
    mail = dkim.DKIM(raw)
    if not mail.present():
        return "not signed"
    try:
        valid = mail.verify(dnsfunc=lambda name, timeout=5: record.encode())
    except dkim.DKIMException as error:
        return f"signature broken: {error}"
    domain = mail.domain.decode() if mail.domain else "?"
    return f"signed by {domain}" if valid else "signature broken"


def printable(text: str) -> str:
    """The text for a page: control characters as their pictures (␀), others as "�"."""
    return _UNPRINTABLE.sub(_picture, text.replace("\r\n", "\n"))


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 32 else "\N{REPLACEMENT CHARACTER}"


def read_mail(raw: bytes) -> ReadMail:
    """Parse a mail leniently: a broken one is shown as far as it can be read."""
    message = message_from_bytes(raw, policy=policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("The default policy makes EmailMessage objects.")
    text, html = _body(message, "plain"), _body(message, "html")
    parser = _Links()
    parser.feed(html)
    in_text = [link.rstrip(".,;:!?)") for link in _LINK.findall(text)]
    return ReadMail(
        subject=_header(message, "Subject") or "(no subject)",
        sender=_header(message, "From"),
        to=_header(message, "To"),
        headers=tuple((name, printable(str(value))) for name, value in message.items()),
        text=printable(text),
        html=html,
        links=tuple(dict.fromkeys([*in_text, *parser.found])),
    )


def _header(message: EmailMessage, name: str) -> str:
    return printable(str(message.get(name, "")))


def _body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        return payload.decode(charset, errors="replace")
    except LookupError:
        # A charset that nobody knows: show what can be shown.
        return payload.decode("ascii", errors="replace")

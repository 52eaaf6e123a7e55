"""A message as it came, cut into its parts: whatever the bytes are, and never raising.

Python's parser gives up on broken multiparts just where reports are broken; this one keeps the text.
"""

from __future__ import annotations

import binascii
import html
import quopri
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header

MAX_BYTES = 1_000_000  # a report quotes the mail it is about; what it says itself stands in front
MAX_TEXT = 64_000
_MAX_PARTS = 40
_MAX_DEPTH = 6
_MAX_LINE = 2_000

_HEADER = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)")
_PARAMETER = r'{}\s*=\s*(?:"([^"\r\n]{{1,200}})"|([^\s;"]{{1,200}}))'
_BOUNDARY = re.compile(_PARAMETER.format("boundary"), re.IGNORECASE)
_CHARSET = re.compile(_PARAMETER.format("charset"), re.IGNORECASE)
_LINE_TAG = re.compile(r"<(?:br|/p|/div|/tr|/td|/li|/h\d|hr)\b[^<>]{0,200}>", re.IGNORECASE)
_HIDING_TAG = re.compile(r"<(style|script|head)\b|</(style|script|head)\s{0,20}>", re.IGNORECASE)
_TAG = re.compile(r"<[/!a-zA-Z][^<>]{0,2000}>")

# RFC 3462, RFC 6522, RFC 6533: the mail that a report is about, whole or its headers.
ORIGINAL = frozenset(
    {
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-headers",
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf: its media type, its header fields (names in lower case), its text."""

    media_type: str
    headers: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """The header fields of the whole, decoded, and its leaves in order."""

    headers: dict[str, str]
    parts: tuple[Part, ...]

    def texts(self, *media_types: str) -> list[str]:
        """The text of every leaf of these media types."""
        return [part.text for part in self.parts if part.media_type in media_types]

    @property
    def words(self) -> str:
        """What is written for people: plain text, else HTML without its tags."""
        plain = [part.text for part in self.parts if part.media_type == "text/plain"]
        if not any(text.strip() for text in plain):
            plain = [_without_tags(text) for text in self.texts("text/html")]
        return "\n".join(plain)[:MAX_TEXT]


def message(raw: bytes) -> Message:
    """Any bytes, cut into header fields and leaves. Reads at most MAX_BYTES."""
    text = raw[:MAX_BYTES].decode("latin-1").replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    while text.startswith(("From ", ">From ")):  # the line that mailboxes put in front
        text = text.partition("\n")[2]
    headers, body = _split(text)
    leaves: list[Part] = []
    for part in _leaves(headers, body, 0):
        leaves.append(part)
        if len(leaves) == _MAX_PARTS:
            break
    return Message({name: _decoded(value) for name, value in headers.items()}, tuple(leaves))


def fields(text: str) -> dict[str, str]:
    """Header-like fields (names in lower case, unfolded); of several with one name, the first."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.split("\n"):
        if line[:1] in (" ", "\t"):
            if current is not None:
                current.append(line[:_MAX_LINE].strip())
        elif match := _HEADER.match(line[:_MAX_LINE]):
            current = found.setdefault(match[1].lower(), [])
            if current:  # said before: its continuation lines are not wanted either
                current = None
            else:
                current.append(match[2].strip())
        else:
            current = None
    return {name: " ".join(lines).strip() for name, lines in found.items()}


def _split(text: str) -> tuple[dict[str, str], str]:
    """Header fields and body. Without a first header line everything is body."""
    if not _HEADER.match(text[:_MAX_LINE]):
        return {}, text
    head, _, body = text.partition("\n\n")
    return fields(head[:MAX_TEXT]), body


def _leaves(headers: dict[str, str], body: str, depth: int) -> Iterator[Part]:
    content_type = headers.get("content-type", "text/plain")
    media_type = content_type.partition(";")[0].strip().lower() or "text/plain"
    if media_type.startswith("multipart/") and depth < _MAX_DEPTH:
        pieces = _pieces(content_type, body)
        if pieces:
            for piece in pieces:
                yield from _leaves(*_split(piece), depth + 1)
            return
        media_type = "text/plain"  # the boundary never comes: it is all one text
    yield Part(media_type, headers, _text(headers, content_type, body))


def _pieces(content_type: str, body: str) -> list[str]:
    """The parts of a multipart (RFC 2046, 5.1), without preamble; none when its boundary never comes."""
    match = _BOUNDARY.search(content_type)
    if not match:
        return []
    boundary = re.escape((match[1] or match[2]).strip())
    pieces = re.split(rf"^--{boundary}(?:--)?[ \t]*$\n?", body, flags=re.MULTILINE)
    if len(pieces) == 1:
        return []
    return [piece for piece in pieces[1 : _MAX_PARTS + 1] if piece.strip()]


def _text(headers: dict[str, str], content_type: str, body: str) -> str:
    """A leaf's text: transfer encoding (RFC 2045, 6) and charset undone as far as they go."""
    raw = body.encode("latin-1")
    encoding = headers.get("content-transfer-encoding", "").strip().lower()
    if encoding == "base64":
        raw = _base64(raw)
    elif encoding == "quoted-printable":
        raw = quopri.decodestring(raw)
    match = _CHARSET.search(content_type)
    charsets = ["utf-8", "latin-1"] if not match else [match[1] or match[2], "utf-8", "latin-1"]
    if b"\x1b$" in raw[:MAX_TEXT]:
        charsets.insert(0, "iso-2022-jp")
    for charset in charsets:
        try:
            return raw.decode(charset).replace("\r\n", "\n")
        except (LookupError, ValueError):
            continue
    return raw.decode("latin-1")


def _base64(raw: bytes) -> bytes:
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
        return binascii.a2b_base64(letters[: len(letters) // 4 * 4])


def _decoded(value: str) -> str:
    """A header's text: UTF-8 as it stands (RFC 6532), and RFC 2047 undone."""
    with suppress(ValueError):
        value = value.encode("latin-1").decode("utf-8")
    if "=?" in value:
        with suppress(MessageError, LookupError, ValueError):
            return str(make_header(decode_header(value)))
    return value


def _without_tags(page: str) -> str:
    page = _without_hidden(page[: 4 * MAX_TEXT])
    return html.unescape(_TAG.sub(" ", _LINE_TAG.sub("\n", page)))


def _without_hidden(page: str) -> str:
    """Without what stands between a tag of these and its end. One way through the page: strangers
    write it, and a pattern that looks for each end anew would keep us for minutes."""
    kept, at = [], 0
    opened: dict[str, int] = {}
    for tag in _HIDING_TAG.finditer(page):
        if tag[1]:
            opened.setdefault(tag[1].lower(), tag.start())
        elif (start := opened.get(tag[2].lower())) is not None:
            kept.append(page[at:start])
            at = tag.end()
            opened.clear()
    return " ".join([*kept, page[at:]])

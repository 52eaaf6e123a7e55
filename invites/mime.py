"""The envelope of words: headers and parts as bytes. Knows nothing of invitations.

Python's own mail policies would encode a long List-Unsubscribe address (RFC 2047), which breaks
one-click, and Django would draw a random boundary; so the few headers are written here.
"""

from __future__ import annotations

import re
from email.header import Header

_QP_WIDTH = 75  # RFC 2045, 6.7: 76 with the soft break's "="
_SAFE_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")


class UnsafeAddress(ValueError):
    """The address can't stand in a 7-bit mail (RFC 5321)."""


def multipart(headers: dict[str, str], *, boundary: str, text: str, page: str, whole: str) -> bytes:
    """A mail of a text and an HTML part, 7-bit, with CRLF line ends (RFC 2045, 2046, 5322).

    `headers` are encoded already; no line is broken inside `whole`, wherever that stands.
    """
    lines = [
        *(f"{name}: {value}" for name, value in headers.items()),
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
    ]
    for kind, content in (("plain", text), ("html", page)):
        lines += [
            f"--{boundary}",
            f"Content-Type: text/{kind}; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            *(_quoted_printable(line, whole) for line in content.split("\n")),
        ]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("ascii")


def _quoted_printable(line: str, whole: str) -> str:
    """One line in quoted-printable (RFC 2045, 6.7) whose soft breaks never fall inside `whole`.

    That piece can then be replaced by another of the same length, byte for byte.
    """
    parts: list[str] = []
    for index, piece in enumerate(re.split(f"({re.escape(whole)})", line)):
        if index % 2:
            parts.append(piece)
        else:
            parts += [
                chr(byte)
                if byte in b" \t" or (33 <= byte <= 126 and byte != 61)
                else f"={byte:02X}"
                for byte in piece.encode()
            ]
    if parts and parts[-1] in (" ", "\t"):
        parts[-1] = f"={ord(parts[-1]):02X}"
    rows, row = [], ""
    for part in parts:
        if len(row) + len(part) > _QP_WIDTH:
            rows.append(row + "=")
            row = ""
        row += part
    return "\r\n".join([*rows, row])


def unstructured(name: str, text: str) -> str:
    """A field's text as it stands in a header: as it is, or encoded (RFC 2047) and folded."""
    if text.isascii() and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name=name, maxlinelen=75).encode(linesep="\r\n")


def mailbox(name: str, address: str) -> str:
    """`name <address>` as RFC 5322 wants it; the name quoted, or encoded where it is not ASCII."""
    local, _, domain = address.rpartition("@")
    address = f"{local}@{domain.encode('idna').decode()}"
    if not _SAFE_ADDRESS.fullmatch(address):
        raise UnsafeAddress("This address has characters that many mail servers refuse.")
    if not name:
        return f"<{address}>"
    if name.isascii() and "=?" not in name:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"\r\n <{address}>'
    encoded = Header(name, "utf-8", header_name="Reply-To", maxlinelen=75).encode(linesep="\r\n")
    return f"{encoded}\r\n <{address}>"

"""Letters about mail that was not delivered: whom do they speak of, and what do they say about each?

Before RFC 3464 every program had words of its own, and many still have. The rules here know the
shapes that such letters share, not the programs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from invites.reports import parts
from invites.reports.phrases import any_of
from invites.reports.reasons import Stage

_ADDRESS = r"[^\s<>()\[\],;:\"'|=]{1,128}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?"


# A line that opens with an address, behind no more than punctuation or a label.
_LABEL = (
    r"(?:(?:(?:failed )?recipient\(?s?\)?(?: address)?|rcpt to|address|user|unknown user|error|for"
    r"|final-recipient)[ \t]*:?[ \t]+)?"
)
_OPENING = any_of(
    rf"^[ \t>*\-'\"]{{0,12}}{_LABEL}(?:rfc822;[ \t]*)?[<'\"(]?({_ADDRESS})(?=[>'\")\s:,;.(<]|$)"
)
_RCPT = any_of(rf"\bRCPT[ _]TO:? ?<?({_ADDRESS})")
_IN_A_SENTENCE = any_of(
    r"(?:\b(?:to|for|recipient|address|user|mailbox|deliver\w*|reach|account|an|para|à|destinatario"
    rf"|destinataire|empfänger|адрес\w*)\b[^\n@<]{{0,40}}?[ :<'\"(]|\bSMTP[=:])({_ADDRESS})"
)
_TO_LINE = any_of(rf"^[ \t>]{{0,8}}to:[ \t]+[\"'<]?({_ADDRESS})")
_ABOUT_THE_SENDER = any_of(
    r"\b(?:mail from|from|sent by|sender|return-path|reply-to|contact|please|help|support|write to"
    r"|forward)\b"
)
# Ends the notice if a mail's header follows.
_SEPARATOR = any_of(
    r"^[ \t>|#*\-=_]*\b(?:this|below|enclosed|here|follow(?:s|ing)?|attached)\b.{0,60}"
    r"\b(?:copy|header|message|text)",
    r"^[ \t>|#*\-=_]*\b(?:original|returned|undelivered|unsent|bounced|rejected|your)(?: e?-?mail)?"
    r"(?: message)?(?: header\w*)?(?: follows| below| text)?[ \t]*[:\-=*|#]",
    r"^[ \t>|#*\-=_]*\b(?:message|mail) (?:header|text|content|body)\w* (?:follow|below)",
)
# Ends the notice whatever follows: a rule drawn across the page, with a title.
_TITLE = any_of(
    r"^[ \t]*[-=*#_]{2,}[ \t]*.{0,40}\b(?:copy of|original (?:message|mail)|header of|unsent message"
    r"|(?:returned|undelivered|bounced) (?:message|e?-?mail)|message (?:header|text|body))"
)
_HEADER_OF_ORIGINAL = any_of(
    r"^[>|\s]{0,4}(?:received:|return-path:|message-id:|mime-version:|dkim-signature:|delivered-to:"
    r"|x-[a-z-]{1,40}:|from: .{0,200}@|date: )"
)
_HEADER = re.compile(r"^[>|]{0,2} ?[A-Za-z][A-Za-z0-9-]{1,40}:(?:\s|$)")
_REFUSED = r"[^\n]*\n(?:<<<|received)[^\n0-9]{0,6}[45]"
_STAGES: tuple[tuple[Stage, re.Pattern[str]], ...] = (
    (
        Stage.CONNECT,
        any_of(
            r"after initial connection|initial greeting|(?:after|in reply to) (?:EHLO|HELO|STARTTLS)",
            r"while (?:performing|receiving) the (?:EHLO|HELO|initial)",
        ),
    ),
    (
        Stage.MAIL,
        any_of(
            rf">>> ?MAIL\b{_REFUSED}|in reply to mail\b|after mail from|response to mail from",
            r"\[MAIL_FROM\]|sender was rejected",
        ),
    ),
    (
        Stage.RCPT,
        any_of(
            rf">>> ?RCPT\b{_REFUSED}|in reply to rcpt|after rcpt|to rcpt to|smtp:rcpt|\[RCPT_TO\]",
            r"does not like recipient|rcpt to response|response to rcpt|recipient address rejected",
        ),
    ),
    (
        Stage.DATA,
        any_of(
            rf">>> ?(?:DATA|BDAT|\.){_REFUSED}|in reply to (?:the )?(?:end of )?data|\[DATA\]",
            r"after (?:end of )?data|end of (?:message|data)|failed after i sent|failed on data",
        ),
    ),
)
_MAX_RECIPIENTS = 200
_MAX_LINES = 1_500


@dataclass(frozen=True, slots=True)
class Notice:
    """What the letter itself says (`text`), and the mail that it quotes (`quoted`), if it does."""

    text: str
    quoted: str


def names_somebody(words: str) -> bool:
    """Whether there is an address in the first lines."""
    return bool(re.search(_ADDRESS, words[:8_000]))


def notice(words: str) -> Notice:
    """The text up to the mail that it quotes, and from there on."""
    lines = [line[:2_000] for line in words[: parts.MAX_TEXT].split("\n")[:_MAX_LINES]]
    for index, line in enumerate(lines):
        titled = _TITLE.match(line) or (
            _SEPARATOR.match(line) and _headers_follow(lines, index + 1)
        )
        if index and titled:
            return Notice("\n".join(lines[:index]), "\n".join(lines[index + 1 :]))
        if _HEADER_OF_ORIGINAL.match(line) and index > 2 and _headers_follow(lines, index):
            while _HEADER.match(lines[index - 1]):
                index -= 1
            return Notice("\n".join(lines[:index]), "\n".join(lines[index:]))
    return Notice("\n".join(lines), "")


def recipients(headers: dict[str, str], text: str, quoted_to: str) -> list[tuple[str | None, str]]:
    """Each recipient with what is said about them; one without address when none is named.

    In order of trust: X-Failed-Recipients, lines that open with an address, RCPT TO, sentences, and
    the quoted mail's own To. `text` is the notice, `quoted_to` that To.
    """
    own = {address.lower() for address in re.findall(_ADDRESS, headers.get("to", "")[:2_000])}
    named = re.findall(_ADDRESS, headers.get("x-failed-recipients", "")[:20_000])
    lines = text.split("\n")
    opening = [(index, match[1]) for index, line in enumerate(lines) if (match := _opening(line))]
    if not named:
        named = [address for _, address in opening]
        if set(map(str.lower, named)) - own:
            named = [address for address in named if address.lower() not in own]
    for search in (_RCPT, _IN_A_SENTENCE, _TO_LINE):
        if named:
            break
        named = [
            match[1]
            for line in lines
            if search is _TO_LINE or not _TO_LINE.match(line[:1_000])
            for match in search.finditer(line[:1_000])
            if match[1].lower() not in own
            and not _ABOUT_THE_SENDER.search(line[: match.start(1)][-30:])
        ]
    if not named:
        named = re.findall(_ADDRESS, quoted_to[:2_000])[:1]
    unique = list({address.lower(): address for address in reversed(named)}.values())[::-1]
    if len(unique) < 2:
        return [(unique[0] if unique else None, text)]
    said = about(unique[:_MAX_RECIPIENTS], text)
    return [(address, said[address]) for address in said]


def about(addresses: Sequence[str], text: str) -> dict[str, str]:
    """Address → the lines that speak of it: from one that names it to one that names another."""
    said: dict[str, list[str]] = {address: [] for address in addresses}
    current: str | None = None
    for line in text.split("\n"):
        lower = line.lower()
        named = [address for address in addresses if address.lower() in lower]
        if named:
            current = max(named, key=len)
        elif _opening(line):
            current = None
        if current is not None:
            said[current].append(line)
    return {address: "\n".join(lines) for address, lines in said.items()}


def stage(text: str) -> Stage | None:
    """At which command the server said no, if the text tells."""
    said = ((pattern.search(text[:20_000]), stage) for stage, pattern in _STAGES)
    first = [(match.start(), stage) for match, stage in said if match]
    return min(first, key=lambda found: found[0])[1] if first else None


def _opening(line: str) -> re.Match[str] | None:
    match = _OPENING.match(line[:1_000])
    return None if match and _ABOUT_THE_SENDER.search(line[: match.start(1)]) else match


def _headers_follow(lines: list[str], index: int) -> bool:
    """Whether a mail's header starts here, after empty lines: two fields in a row, one typical."""
    while index < len(lines) and not lines[index].strip():
        index += 1
    fields = []
    for line in lines[index : index + 12]:
        if _HEADER.match(line):
            fields.append(line)
        elif not line.startswith((" ", "\t", ">", "|")) or not line.strip():
            break
    return len(fields) > 1 and any(map(_HEADER_OF_ORIGINAL.match, fields))

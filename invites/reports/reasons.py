"""From a server's words to a reason, and to hard or soft: by the phrases in phrases.py, then by codes.

When in doubt: soft. A soft bounce too many costs a mail; a hard one too many shuts a person out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from invites.reports import phrases
from invites.reports.report import Reason

_URL = re.compile(r"https?://[^\s<>\"']{1,500}", re.IGNORECASE)
_ADDRESS = re.compile(r"<?[^\s<>()\[\],;:\"'|]{1,128}@[a-z0-9][a-z0-9.-]{0,200}>?", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_REPLY = re.compile(r"(?<![\w.])([45]\d\d)[ -]?(?=$|[\s#(<:'.]|[A-Za-z45])")
_TRANSCRIPT = re.compile(r"[ \t>]{0,4}<<< ?([45]\d\d.*)")
_WORD = re.compile(r"[^\W\d_]{3,}")
_SPACE = re.compile(r"\s+")


class Stage(Enum):
    """The command (RFC 5321) that was answered with the refusal."""

    CONNECT = "before any sender or recipient was named"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Reason, hard or soft, and the enhanced status code (RFC 3463) that fits best."""

    reason: Reason
    hard: bool
    status: str | None


# RFC 3463 and its registry, by subject and detail; None as detail: all others of the subject.
_CODES: dict[tuple[int, int | None], Reason] = {
    (1, 1): Reason.NO_USER,
    (1, 2): Reason.NO_HOST,
    (1, 3): Reason.NO_USER,  # bad mailbox syntax
    (1, 6): Reason.MOVED,
    (1, 7): Reason.SENDER,
    (1, 8): Reason.SENDER,
    (1, 9): Reason.NOT_RFC,
    (1, 10): Reason.NO_MAIL_HERE,  # RFC 7505; Exchange says "recipient not found" with it
    (2, 1): Reason.DISABLED,
    (2, 2): Reason.FULL,
    (2, 3): Reason.TOO_BIG,
    (2, None): Reason.FILTERED,
    (3, 4): Reason.TOO_BIG,
    (3, None): Reason.SYSTEM,
    (4, 7): Reason.EXPIRED,
    (4, None): Reason.NETWORK,
    (5, None): Reason.PROTOCOL,
    (6, None): Reason.NOT_RFC,
    (7, 13): Reason.DISABLED,  # RFC 5248
    (7, 20): Reason.AUTHENTICATION,  # RFC 7372, and the five after it
    (7, 21): Reason.AUTHENTICATION,
    (7, 22): Reason.AUTHENTICATION,
    (7, 23): Reason.AUTHENTICATION,
    (7, 24): Reason.AUTHENTICATION,
    (7, 25): Reason.REVERSE_DNS,
    (7, 26): Reason.AUTHENTICATION,
    (7, 27): Reason.SENDER,  # RFC 7505: the sender's own domain takes no mail
    (7, None): Reason.POLICY,
}

_STAGES_WITHOUT_RECIPIENT = frozenset({Stage.CONNECT, Stage.MAIL})


def judge(
    said: str,
    *,
    status: str | None = None,
    stage: Stage | None = None,
    failed: bool = True,
    program: bool = False,
) -> Verdict:
    """Why, from a server's own words, and the report's Status field (RFC 3464, 2.3.4).

    `failed` is false for a delay; `program` is true when a local program spoke, not SMTP.
    """
    codes = _codes(said)
    own = _codes(status or "")
    all_codes = codes + own
    best = next(filter(_specific, all_codes), all_codes[0] if all_codes else None)
    reason, hard = _reason(_prose(said), codes, own, stage, program)
    return Verdict(reason, hard and failed, ".".join(map(str, best)) if best else None)


def words_of_softness(text: str) -> Reason | None:
    """A soft reason, if people are told one and nothing hard beside it."""
    prose = _prose(text)
    if _first(phrases.HOST, prose) or _first(phrases.USER, prose):
        return None
    return _first(phrases.SOFT, prose)


def replies(text: str) -> str:
    """The lines that quote a server, to the end of their paragraph.

    In a transcript (">>>" and "<<<") only the first refusal: what follows are its consequences, and
    the words that the own program makes of it.
    """
    lines = text.split("\n")
    refused = [match[1] for line in lines if (match := _TRANSCRIPT.match(line))]
    if refused:
        return "\n".join(line for line in refused if line[:3] == refused[0][:3])
    kept: list[str] = []
    inside = False
    for line in lines:
        inside = bool(line.strip()) and (inside or bool(_CODE.search(line) or _REPLY.search(line)))
        if inside:
            kept.append(line)
    return "\n".join(kept)


def says_something(text: str) -> bool:
    """Whether there are words in it beside codes, addresses and links."""
    return bool(_WORD.search(_prose(text)))


def _reason(
    prose: str, codes: list[_Code], own: list[_Code], stage: Stage | None, program: bool
) -> tuple[Reason, bool]:
    if soft := _first(phrases.SOFT, prose):
        return soft, False
    if program:
        return Reason.PROGRAM, False
    if stage in _STAGES_WITHOUT_RECIPIENT:
        return (Reason.SENDER if stage is Stage.MAIL else Reason.BLOCKED), False
    if host := _first(phrases.HOST, prose):
        return host, all(code[0] == 5 for code in codes + own)
    by_code = [_by_code(code) for code in codes if _specific(code)]
    if user := _first(phrases.USER, prose):
        sure = (
            phrases.CERTAIN.search(prose)
            or stage is Stage.RCPT
            or any(map(_no_such_address, codes + own))
        )
        if sure and not any(map(_about_policy, codes)):
            return user, True
        return Reason.FILTERED, False
    if not codes and not _WORD.search(prose):  # nothing but the Status field
        by_code = [_by_code(code) for code in own if _specific(code)]
        codes = own
    softer = [reason for reason in by_code if reason and not reason.hard]
    if softer:
        return softer[0], False
    if by_code and by_code[0]:
        return by_code[0], all(code[0] == 5 for code in codes if _specific(code))
    hints = (found for code in own if (found := _by_code(code)) and not found.hard)
    return next(hints, Reason.UNCLEAR), False


_Code = tuple[int, int, int]


def _codes(text: str) -> list[_Code]:
    return [(int(a), int(b), int(c)) for a, b, c in _CODE.findall(text[:8_000])]


def _specific(code: _Code) -> bool:
    return code[1:] not in ((0, 0), (1, 0), (5, 0))


def _no_such_address(code: _Code) -> bool:
    """RFC 3463, X.1: something is wrong with an address, and it is not the sender's."""
    return code[1] == 1 and code[2] not in (0, 7, 8, 9)


def _about_policy(code: _Code) -> bool:
    return code[1] == 7


def _by_code(code: _Code) -> Reason | None:
    _, subject, detail = code
    return _CODES.get((subject, detail)) or _CODES.get((subject, None))


def _prose(said: str) -> str:
    """In lower case, without links, addresses and codes: words only."""
    text = _ADDRESS.sub(" ", _URL.sub(" ", said[:8_000]))
    text = _CODE.sub(" ", _REPLY.sub(" ", text))
    return _SPACE.sub(" ", text.replace("’", "'")).strip().lower()


def _first(rows: tuple[tuple[Reason, re.Pattern[str]], ...], prose: str) -> Reason | None:
    return next((reason for reason, pattern in rows if pattern.search(prose)), None)

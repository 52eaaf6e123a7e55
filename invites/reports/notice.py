"""Bounces in prose: is this one, whom does it speak of, and what does it say about each?

Before RFC 3464 every program had words of its own, and many still have. The rules here know the
shapes that such letters share, not the programs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from invites.reports import parts
from invites.reports.reasons import Stage

_FROM = re.compile(
    r"mail(?:er)?[-_. ]?daemon|mail(?:er)? (?:delivery|administrator|system|router|server)|delivery (?:sub)?system"
    r"|delivery (?:agent|service|notification)|post ?master|poostmaster|e-?mail (?:delivery|server|gateway)"
    r"|system administrator|microsoft (?:outlook|exchange)|bounce|mdaemon|listserv",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|non-? ?deliver|not (?:be )?deliver|n.t (?:be )?deliver|returned? (?:e?-?mail|to sender|message)|returning|failure notice"
    r"|deliver\w* (?:status|report|notification|failure|failed|error|problem|delay|has failed|incomplete|attempt)"
    r"|(?:fail|failed|error|unable|problem|cannot|could not|delay)\w* .{0,30}(?:deliver|send|sending|transmit|recipient|mail)"
    r"|(?:mail|message|deliver\w*|notice|transmission)\b.{0,30}\b(?:fail|error|delay|reject|bounce|status|return)|bounced?\b|warning: (?:message|could)"
    r"|unzustellbar|nicht zugestellt|zustell\w* .{0,20}fehl|fehlgeschlagen|non (?:remis|distribu|recapit|consegn)|[ée]chec|impossible de remettre"
    r"|mancat[ao] |impossibile|no se (?:ha |pudo |puede )|no entregad|devuelt|devolu|não (?:foi )?entreg|falha|onbestelbaar|niet bezorgd|niet afgeleverd"
    r"|kunde inte|kunne ikke|kan ikke leveres|ikke levert|niedost|nie można|nedoru[cč]|teslim edile|iletileme"
    r"|не ?доставлен|не удалось|ошибка|不達|配信|送信でき|エラー|宛先不明|退信|无法投递|無法投遞|投递失败|无法传递|未传递|传送失败|배달|반송|전송 실패",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"(?:could|can|was|were|has|have|did|is|are) ?n(?:o|')t (?:been |be |yet )?(?:yet )?(?:been )?(?:deliver|sent\b|reach)|cannot be (?:deliver|sent)|not able to (?:deliver|send)"
    r"|unable to (?:deliver|send|complete)|delivery to the following|undeliver|deliver\w* (?:has |have )?(?:fail|been delayed|problem|status|attempt|error)|fail\w* (?:to )?deliver"
    r"|permanent(?:ly)? (?:fatal )?(?:error|fail)|failed (?:permanently|address|recipient)|address\w* (?:had|failed)|wasn't able to|not been delivered|is delayed"
    r"|transcript of session|smtp error|remote (?:host|server) (?:said|returned)|said: [45]\d\d|message (?:was|has been) (?:rejected|returned|blocked|refused)|rejected your message"
    r"|returned (?:to you|below|message)|following recipient|following address|non-deliver|unknown user|user unknown|no such user|bounce"
    r"|nicht (?:zugestellt|ausgeliefert)|unzustellbar|pas pu être|non remis|n'a pas été|no se (?:ha podido|pudo|puede)|non è stato possibile|recapito non|não (?:foi|pôde)"
    r"|не (?:может быть|был[оа]?|удалось) ?достав|配信|送信でき|届け|退回|无法|無法|投递|배달",
    re.IGNORECASE,
)
_ADDRESS = r"[^\s<>()\[\],;:\"'|=]{1,128}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?"
_LABEL = r"(?:(?:to|rcpt to|recipient(?: address)?|failed recipient\(?s?\)?|address|user|error|for|final-recipient|unknown user)[ \t]*:?[ \t]+)?"
# A line that opens with an address, behind no more than punctuation or a label.
_OPENING = re.compile(
    rf"^[ \t>*\-'\"]{{0,12}}{_LABEL}(?:rfc822;[ \t]*)?[<'\"(]?({_ADDRESS})(?=[>'\")\s:,;.(<]|$)",
    re.IGNORECASE,
)
_IN_A_SENTENCE = re.compile(
    r"(?:\b(?:to|for|recipient|address|user|mailbox|deliver\w*|reach|account|message to|to:|an|para|à|destinatario|destinataire|empfänger|адрес\w*)"
    rf"\b[^\n@<]{{0,40}}?[ :<'\"(]|\bRCPT TO: ?<?)({_ADDRESS})",
    re.IGNORECASE,
)
_RCPT = re.compile(rf"\bRCPT[ _]TO:? ?<?({_ADDRESS})", re.IGNORECASE)
_ABOUT_THE_SENDER = re.compile(
    r"\b(?:mail from|from|sent by|sender|return-path|reply-to|contact|please|help|support|expanded from|write to|forward)\b",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"^[ \t>|#*\-=_]*\b(?:(?:this|below|enclosed|here|following|follow|attached)\b.{0,60}\b(?:copy|header|message|text)"
    r"|(?:original|returned|undelivered|unsent|bounced|rejected|your)(?: e?-?mail)?(?: message)?(?: header\w*)?(?: follows| below| text)?[ \t]*[:\-=*|#]"
    r"|(?:message|mail) (?:header|text|content|body)\w* (?:follow|below)|begin(?:ning)? (?:of )?(?:original|message|returned))",
    re.IGNORECASE,
)
_HEADER_OF_ORIGINAL = re.compile(
    r"^[>|\s]{0,4}(?:received:|return-path:|message-id:|mime-version:|dkim-signature:|x-[a-z-]{1,40}:|delivered-to:|from: .{0,200}@|date: )",
    re.IGNORECASE,
)
_HEADER = re.compile(r"^[>|]{0,2} ?[A-Za-z][A-Za-z0-9-]{1,40}:(?:\s|$)")
_STAGES: tuple[tuple[Stage, re.Pattern[str]], ...] = tuple(
    (stage, re.compile(pattern, re.IGNORECASE))
    for stage, pattern in (
        (
            Stage.MAIL,
            r">>> ?MAIL\b[^\n]*\n(?:<<<|received|\S{0,12}<)[^\n0-9]{0,6}[45]|in reply to mail\b|after mail from|\[MAIL_FROM\]|sender was rejected|response to mail from",
        ),
        (
            Stage.CONNECT,
            r"after initial connection|after (?:EHLO|HELO)|in reply to (?:EHLO|HELO|STARTTLS)|initial greeting|while (?:performing|receiving) the (?:EHLO|HELO|initial)",
        ),
        (
            Stage.DATA,
            r">>> ?(?:DATA|BDAT|\.)[^\n]*\n(?:<<<|received)[^\n0-9]{0,6}[45]|in reply to (?:the )?(?:end of )?data|after (?:end of )?data|\[DATA\]|failed after i sent|failed on data|end of (?:message|data)",
        ),
        (
            Stage.RCPT,
            r">>> ?RCPT\b[^\n]*\n(?:<<<|received)[^\n0-9]{0,6}[45]|in reply to rcpt|after rcpt|\[RCPT_TO\]|does not like recipient|rcpt to response|response to rcpt|recipient address rejected|to rcpt to",
        ),
    )
)
_MAX_RECIPIENTS = 200
_MAX_LINES = 1_500


@dataclass(frozen=True, slots=True)
class Notice:
    """What the letter itself says (`text`), and the mail that it quotes (`quoted`), if it does."""

    text: str
    quoted: str


def is_bounce(headers: dict[str, str], words: str) -> bool:
    """Whether this reads like a bounce: a program wrote it, and more than one sign says so."""
    if headers.get("x-failed-recipients"):
        return True
    by_program = bool(_FROM.search(headers.get("from", "")))
    by_subject = bool(_SUBJECT.search(headers.get("subject", "")))
    by_path = headers.get("return-path", "").replace(" ", "") == "<>"
    by_words = bool(_BODY.search(words[:8_000]))
    if headers.get("in-reply-to") and not by_program and not by_path:
        return False  # a person answers
    return (by_program and (by_words or by_subject)) or (by_subject and by_words and by_path)


def notice(words: str) -> Notice:
    """The text up to the mail that it quotes, and from there on."""
    lines = [line[:2_000] for line in words[: parts.MAX_TEXT].split("\n")[:_MAX_LINES]]
    for index, line in enumerate(lines):
        if index and _SEPARATOR.match(line) and _headers_follow(lines, index + 1):
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
    for search in (_RCPT, _IN_A_SENTENCE):
        if named:
            break
        named = [
            match[1]
            for line in lines
            for match in search.finditer(line[:1_000])
            if match[1].lower() not in own
            and not _ABOUT_THE_SENDER.search(line[: match.start(1)][-30:])
        ]
    if not named:
        named = re.findall(_ADDRESS, quoted_to[:2_000])[:1]
    unique = list({address.lower(): address for address in reversed(named)}.values())[::-1]
    if len(unique) < 2:
        return [(unique[0] if unique else None, text)]
    return [(address, about(address, text)) for address in unique[:_MAX_RECIPIENTS]]


def about(address: str, text: str) -> str:
    """The lines that speak of one recipient: from its address to the next line that opens with one."""
    said: list[str] = []
    inside = False
    for line in text.split("\n"):
        opened = _opening(line)
        if opened:
            inside = opened[1].lower() == address.lower()
        if inside:
            said.append(line)
    return "\n".join(said)


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

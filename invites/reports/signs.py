"""Is this a bounce, though no standard says so? Signs in From, Subject, Return-Path and in the words."""

from __future__ import annotations

import re

from invites.reports.notice import names_somebody
from invites.reports.phrases import any_of

_FROM = any_of(
    r"mail(?:er)?[-_. ]?daemon|\bmdaemon|mail[-_ ]?service|listserv|antivirus|bounce",
    r"mail(?:er)? (?:delivery|administrator|system|router|server)|e-?mail (?:delivery|gateway)",
    r"delivery (?:(?:sub)?system|agent|service|notification)|system administrator",
    r"post ?master|poostmaster|(?:for|_)[-_ ]?smtp|microsoft (?:outlook|exchange)",
)
_SUBJECT = any_of(
    r"undeliver|non-? ?deliver|(?:not|n.t) (?:be )?deliver|failure notice|returning",
    r"returned? (?:e?-?mail|to sender|message)|bounced?\b|warning: (?:message|could)",
    r"deliver\w* (?:status|report|notification|fail|error|problem|delay|has failed|attempt)",
    r"(?:fail|error|unable|problem|cannot|could not|delay)\w* .{0,30}(?:deliver|send|transmit|mail)",
    r"(?:mail|message|deliver\w*|transmission)\b.{0,30}\b(?:fail|error|delay|reject|bounce|return)",
    r"unzustellbar|nicht zugestellt|zustell\w* .{0,20}fehl|fehlgeschlagen|onbestelbaar|niet bezorgd",
    r"non (?:remis|distribu|recapit|consegn)|[ée]chec|impossible de remettre|mancat[ao] ",
    r"impossibile|no se (?:ha |pudo |puede )|no entregad|devuelt|devolu|não (?:foi )?entreg|falha",
    r"kunde inte|kunne ikke|kan ikke leveres|ikke levert|niedost|nie można|nedoru[cč]|iletileme",
    r"не ?доставлен|не удалось|ошибка|不達|配信|送信でき|エラー|宛先不明",
    r"退信|无法投递|無法投遞|投递失败|无法传递|未传递|传送失败|배달|반송|전송 실패",
)
_ANSWER = re.compile(r"\s*(?:re|fwd?|aw|wg|tr|rv|sv|antw|enc)\s*:", re.IGNORECASE)
_WORDS = any_of(
    r"n(?:o|')t (?:yet )?(?:been |be )?(?:yet )?(?:deliver|sent\b|reach)|cannot be (?:deliver|sent)",
    r"(?:unable|not able|wasn't able) to (?:deliver|send|complete)|undeliver|non-deliver|bounce",
    r"delivery to the following|fail\w* (?:to )?deliver|is delayed|has been postponed",
    r"deliver\w* (?:has |have )?(?:fail|been delayed|problem|status|attempt|error)",
    r"permanent(?:ly)? (?:fatal )?(?:error|fail)|failed (?:permanently|address|recipient)",
    r"address\w* (?:had|failed)|following (?:recipient|address)|not accepting mail",
    r"transcript of session|smtp error|remote (?:host|server) (?:said|returned)|said: [45]\d\d",
    r"message (?:was|has been) (?:rejected|returned|blocked|refused)|rejected your message",
    r"returned (?:to you|below|message|because)|unknown user|user unknown|no such user",
    r"nicht (?:zugestellt|ausgeliefert)|unzustellbar|pas pu être|non remis|n'a pas été",
    r"no se (?:ha podido|pudo|puede)|non è stato possibile|recapito non|não (?:foi|pôde)",
    r"не (?:может быть|был[оа]?|удалось) ?достав|配信|送信でき|届け|退回|无法|無法|投递|배달",
)
# Parcels and lorries aren't delivered either.
_ABOUT_MAIL = any_of(
    r"\b(?:e-?mail|mail(?:box|s)?|message|smtp|recipient|addressee|mta|postmaster)\b"
    r"|(?<![\d.])[45]\d\d[ -][45]\.\d\.\d",
    r"nachricht|empf[äa]nger|postfach|message|courriel|destinataire|mensaje|correo|destinat[aá]rio",
    r"messaggio|mensagem|bericht|ontvanger|meddeland|meddelelse|wiadomo|zpr[áa]v|ileti|posta\b",
    r"сообщени|письм|повідомлен|лист[аі]?\b|メール|メッセージ|邮件|郵件|信件|메일|메시지",
)


def is_bounce(headers: dict[str, str], words: str) -> bool:
    """Whether this reads like a bounce: more than one sign says so, and no person answers."""
    if headers.get("x-failed-recipients"):
        return True
    by_program = bool(_FROM.search(headers.get("from", "")))
    by_subject = bool(_SUBJECT.search(headers.get("subject", "")))
    by_path = headers.get("return-path", "").replace(" ", "") == "<>"
    by_words = bool(_WORDS.search(words[:8_000]))
    if by_program or by_path:
        return by_words + by_subject + by_program > 1
    answers = headers.get("in-reply-to") or _ANSWER.match(headers.get("subject", ""))
    about_mail = bool(_ABOUT_MAIL.search(words[:8_000]))
    return by_subject and by_words and about_mail and not answers and names_somebody(words)

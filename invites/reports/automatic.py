"""Mail that a machine wrote in a person's place: RFC 3834, and what was common before and beside it."""

from __future__ import annotations

import re

_ANSWERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-vacation",
    "x-mail-autoreply",
)
_PRECEDENCE = re.compile(r"auto[-_ ]?repl", re.IGNORECASE)
_SUBJECT = re.compile(
    r"\b(?:auto(?:matic|mated|matisch\w*)?[-: ]?(?:re(?:ply|sponse)|answer|antwort))\b|^auto:"
    r"|\bout of (?:the )?office\b|\bon vacation\b|\bvacation (?:re(?:ply|sponse)|notice|message)|\baway (?:until|from)\b"
    r"|automatische (?:antwort|beantwoording)|abwesen(?:d|heit)|r[ée]ponse automatique|absence du bureau|\babsent\b"
    r"|respuesta autom[áa]tica|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)"
    r"|resposta autom[áa]tica|fora do escrit[óo]rio|ausente|afwezig|autosvar|automatisk[t]? svar|fr[åa]nvar"
    r"|automatyczna odpowied|poza biurem|automatick[áa] odpov|автоответ|автоматический ответ|вне офиса"
    r"|自動(?:返信|応答)|不在(?:通知|の)|自动(?:回复|答复)|自動(?:回覆|回復)|자동 ?(?:응답|회신)|부재중"
    r"|otomatik (?:yan[ıi]t|cevap)",
    re.IGNORECASE,
)


def is_automatic(headers: dict[str, str]) -> bool:
    """Whether a machine says that it wrote this. RFC 3834, 5: any Auto-Submitted but "no"."""
    submitted = headers.get("auto-submitted", "no").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(headers.get(name, "no").strip().lower() not in ("", "no") for name in _ANSWERS):
        return True
    if _PRECEDENCE.search(headers.get("precedence", "")):
        return True
    if headers.get("x-auto-response-suppress") and headers.get("in-reply-to"):
        return True
    if headers.get("x-apple-action", "").strip().lower() == "vacation":
        return True
    return bool(_SUBJECT.search(headers.get("subject", "")))

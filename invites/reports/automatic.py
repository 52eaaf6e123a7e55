"""Mail that a machine wrote in a person's place: RFC 3834, and what was common before and beside it."""

from __future__ import annotations

from invites.reports.phrases import any_of

_ANSWERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-vacation",
    "x-mail-autoreply",
)
_PRECEDENCE = any_of(r"auto[-_ ]?repl")
_SUBJECT = any_of(
    r"\bauto(?:matic|mated|mati\w*)?[-: ]?(?:re(?:ply|sponse)|answer|antwoord|antwort)\b|^auto:",
    r"\bout of (?:the )?office\b|\bon vacation\b|\bvacation (?:re(?:ply|sponse)|notice|message)",
    r"\baway (?:until|from)\b|\babsent\b|abwesen(?:d|heit)|automatische (?:antwort|beantw)",
    r"r[ée]ponse automatique|absence du bureau|respuesta autom[áa]tica|fuera de (?:la )?oficina",
    r"risposta automatica|fuori (?:sede|ufficio)|resposta autom[áa]tica|fora do escrit[óo]rio",
    r"ausente|afwezig|autosvar|automatiskt? svar|fr[åa]nvar|automatyczna odpowied|poza biurem",
    r"automatick[áa] odpov|автоответ|автоматический ответ|вне офиса|otomatik (?:yan[ıi]t|cevap)",
    r"automaattinen vastaus|poissa|autom(?:atski|atsk[áy]) odgovor|samodejni odgovor|automatikus v[áa]lasz"
    r"|r[ăa]spuns automat|resposta autom[àa]tica|erantzun automatiko|automaatne vastus|respons otomatis"
    r"|balasan otomatis|automātiska atbilde|automatinis atsakymas|trả lời tự động|автоматичн\w+ відповідь"
    r"|автоматичен отговор|аутоматски одговор|αυτόματη (?:απάντηση|απόκριση)|εκτός γραφείου",
    r"תשובה אוטומטית|מענה אוטומטי|מחוץ למשרד|رد تلقائي|خارج المكتب|پاسخ خودکار"
    r"|स्वचालित (?:उत्तर|प्रत्युत्तर)|ตอบกลับอัตโนมัติ|ตอบกลับโดยอัตโนมัติ",
    r"自動(?:返信|応答|回覆|回復)|不在(?:通知|の)|自动(?:回复|答复)|자동 ?(?:응답|회신)|부재중",
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

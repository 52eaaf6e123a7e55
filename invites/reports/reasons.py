"""From a server's words to a reason, and to hard or soft: one table of phrases, one of codes.

When in doubt: soft. A soft bounce too many costs a mail; a hard one too many shuts a person out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from invites.reports.report import Reason

_URL = re.compile(r"https?://[^\s<>\"']{1,500}", re.IGNORECASE)
_ADDRESS = re.compile(r"<?[^\s<>()\[\],;:\"'|]{1,128}@[a-z0-9][a-z0-9.-]{0,200}>?", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_REPLY = re.compile(r"(?<![\w.])([45]\d\d)[ -]?(?=$|[\s#(<:'.]|[A-Za-z45])")
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


def _phrases(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


# The first row that is found decides. Soft ones stand first: a reply such as "5.1.1 User unknown,
# mailbox full" says two things, and the softer one must win. In lower case, without addresses and
# links (where they stood: one space).
_SOFT: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        Reason.FULL,
        _phrases(
            r"(?:mail ?box|mail ?folder|inbox|maildir|account|user|recipient|mail)\b.{0,40}\b(?:is |was )?(?:too )?full\b",
            r"(?:over|exceed\w*|out of|above|beyond|within).{0,30}\b(?:quota|storage|disk|mail ?box size)\b",
            r"\b(?:quota|storage|disk|mail ?box size).{0,40}(?:exceed|over|full|reached|violation)",
            r"\bover ?quota|overquota|not enough (?:disk|storage|space)|insufficient (?:quota|mailbox)",
            r"no space left|mailbox (?:size )?limit|too much mail data|too many messages (?:in|on) ",
            r"postfach.{0,30}voll|überfüllt|speicherplatz|bo[iî]te.{0,40}pleine|quota d[ée]pass",
            r"buz[oó]n.{0,30}llen|casella.{0,30}piena|caixa.{0,40}cheia|cuota excedida",
            r"переполнен|превышен.{0,20}квот|已满|已滿|容量|超出.{0,10}限|いっぱい|オーバー|가득",
        ),
    ),
    (
        Reason.RATE,
        _phrases(
            r"too many (?:connections|sessions|recipients|messages|concurrent|mails|errors|invalid)",
            r"\brate (?:limit|control|exceed)|receiving mail at a rate|mail(?:ing)? rate|throttl",
            r"connection (?:rate|limit|frequency)|(?:hourly|daily|sending) (?:sending )?(?:limit|quota)",
            r"too (?:fast|quickly|frequent)|slow down|exceeded the (?:maximum )?number of|unusual rate",
            r"more than .{0,40} (?:messages|recipients) per|max(?:imum)? (?:number of )?(?:recipients|emails)",
        ),
    ),
    (
        Reason.TOO_BIG,
        _phrases(
            r"(?:message|mail|size).{0,40}(?:too (?:big|large|long)|exceed|larger than|limit)",
            r"exceed\w*.{0,40}(?:message|maximum|fixed|mail) ?size|size ?limit|too large",
        ),
    ),
    (
        Reason.DISABLED,
        _phrases(
            r"\b(?:disabled|suspended|deactivated|inactive|frozen|blocked user|user blocked|dormant)\b",
            r"(?:account|mailbox|user|recipient|address).{0,60}\b(?:locked|closed|expired|on hold|cancell?ed)\b",
            r"not (?:active|activated|currently accepting)|no longer (?:active|valid|available|accept|in use|on|with|work)",
            r"(?:temporar\w*|currently) (?:locked|unavailable|inactive)|gesperrt|deaktiviert|d[ée]sactiv",
            r"desactivad|disattivat|заблокирован|отключен|停用|停止|凍結|冻结|禁用",
        ),
    ),
    (
        Reason.AUTHENTICATION,
        _phrases(
            r"\b(?:spf|dkim|dmarc|arc)\b|senderid|sender id\b|authentication checks?|openspf",
            r"authentication information|unauthenticated (?:email|mail|message)",
        ),
    ),
    (
        Reason.REVERSE_DNS,
        _phrases(
            r"\bptr\b|\brdns\b|reverse[ -]?(?:dns|lookup|mapping|address|host|name|record|resol)",
            r"unverifiable sending|(?:cannot|could not|can't|unable to) (?:find|resolve|verify) your (?:host|ip|hostname|domain|reverse)",
            r"(?:mismatch\w*|match).{0,20}client ip|dynamic ip|generic (?:reverse|host)|helo|ehlo",
        ),
    ),
    (
        Reason.SPAM,
        _phrases(
            r"\bspam\b(?!\w)|spammy|\bunsolicited\b|\bjunk\b|\bube\b|\bbulk (?:mail|email)\b|phish",
            r"spam(?:assassin|hit|trap|detected|score)|considered.{0,20}spam|垃圾|スパム|спам",
        ),
    ),
    (
        Reason.BLOCKED,
        _phrases(
            r"black ?list|block ?list|deny ?list|\brbl\b|dnsbl|spamhaus|spamcop|barracuda|proofpoint|sorbs",
            r"\bblocked\b|\bbanned\b|\bbanning\b|blocking|(?:low|poor|bad|ip|sender|domain)?\s?reputation",
            r"access (?:was )?(?:denied|refused|disabled|restrict)|client host|\bgr[ae]y ?list|temporarily deferred|user complaints",
            r"connection (?:refused|rejected|denied|dropped|reset)|refused (?:to talk|connection|your)",
            r"not (?:allowed|permitted|accept\w*|authori[sz]ed).{0,30}(?:from your|connect|this (?:host|server|ip))",
            r"connections? not accepted|bad (?:ip|host)|your (?:ip|host|server|network)\b",
            r"不审|拒绝|拒否|拒絕",
        ),
    ),
    (
        Reason.RELAYING,
        _phrases(
            r"\brelay(?:ing)?\b|not (?:a )?(?:local|permitted to) (?:domain|gateway)|unable to relay",
            r"not in my.{0,20}(?:list|domain)|rcpthosts|not (?:one of )?our domain|address is not verified|open proxy",
        ),
    ),
    (
        Reason.SENDER,
        _phrases(
            r"\bsender\b.{0,80}(?:reject|denied|refus|block|invalid|not (?:exist|found|valid|verif|allow|accept)|does(?: not|n't)|unknown|verif|fail)",
            r"(?:domain of|verify|unknown|invalid|unroutable|bad) (?:the )?(?:sender|return|envelope)",
            r"from:? ?(?:domain|address|header)|mail from.{0,60}(?:reject|denied|invalid|not |does)|reverse-path|return path",
            r"valid sender|your (?:e-?mail )?(?:address|domain)\b|(?:unauthenticated|unauthori[sz]ed) sender",
        ),
    ),
    (
        Reason.NOT_RFC,
        _phrases(
            r"not rfc|rfc ?\d*.{0,20}complian|multiple .{0,20}(?:addresses|from)|duplicate header",
            r"(?:missing|invalid|bare|bad|illegal).{0,20}(?:header|date|message-id|line feed|\blf\b|mime)",
        ),
    ),
    (
        Reason.POLICY,
        _phrases(
            r"\bpolic(?:y|ies)\b|prohibit|\bcontent\b|virus|infected|malware|attachment|header error|restricted",
            r"security (?:issue|reason|violation|threat)|protocol violation|\bfilter(?:ed|ing|s)?\b|not (?:authori[sz]ed|permitted|allowed)",
            r"local violation|rule imposed|administrative|administrator has|members? (?:only|of the)|permission",
        ),
    ),
    (
        Reason.EXPIRED,
        _phrases(
            r"timed? ?out|\bexpired\b|retry (?:time|timeout)|too long in|in the queue too long|queue too long",
            r"giving up after|multiple retries|(?:retried|been delayed|is delayed|has been queued)|not yet been",
            r"accept our requests to connect|socket error|unable to connect|could ?n.t connect|delay reason",
            r"stopped trying|delivery attempts|be retried|still undelivered|has not been delivered (?:yet|for)",
        ),
    ),
    (
        Reason.NETWORK,
        _phrases(
            r"name server: .{0,80}lookup failure|lookup failure|temporary (?:lookup|name|resolution|dns)",
            r"(?:host|domain|name)\b.{0,60}\btry again|malformed or unexpected name server|server failure|servfail",
            r"network (?:is )?(?:unreachable|error|down)|no route to host|unreachable|loop|too many hops|hop count",
            r"(?:establish|make) an? smtp connection|lost connection|connection (?:closed|lost|was closed|failed|error)",
            r"no answer from host|routing|mail for .{0,100}loops",
        ),
    ),
    (
        Reason.SYSTEM,
        _phrases(
            r"(?:local|internal|system|server|configuration|operating system|mail server|processing) (?:error|failure|problem)",
            r"insufficient (?:system|disk|storage|resources|memory)|disk space|ldap|i/o error|queue file|write error",
            r"temporar\w+ (?:fail|error|problem|unable|unavailable|local|server|system)|service (?:is )?(?:not available|unavailable|busy|temporar)",
            r"transaction failed|please try (?:again )?later|try (?:again )?later|\bbusy\b|misconfigur|support tls|starttls|database",
        ),
    ),
    (
        Reason.PROTOCOL,
        _phrases(
            r"(?:sequence of|bad|unrecogni[sz]ed|unknown|improper|unimplemented) (?:commands?|sequence|parameter)",
            r"command (?:parameter )?(?:not (?:implemented|recogni[sz]ed|supported)|unrecogni[sz]ed|rejected)|syntax error|not implemented",
        ),
    ),
)

_PERSON = r"(?:user|recipient|mail ?box|account|address|alias|addressee|person|customer|subscriber|local[ -]?part|employee|name)"
_MISSING = r"(?:does ?n.?o?t exist|do not exist|did not exist|not exist|not found|was ?n.?o?t found|could not be found|not known|not recogni[sz]ed|unknown|invalid|not listed|not valid|no such|undefined|nonexist\w*|non-exist\w*|is not here|couldn.t be found|not present)"

# Hard, and plain enough to be believed at any stage.
_HOST: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        Reason.NO_MAIL_HERE,
        _phrases(
            r"(?:host|domain|server)s? (?:does|do) ?n.?o?t accept (?:any )?(?:e-?)?mail|null ?mx",
            r"no mx (?:record )?(?:was )?(?:found|exists?)|could ?n.t find a mail exchanger|no mail exchanger",
            r"no valid (?:hosts?|mx)",
        ),
    ),
    (
        Reason.NO_HOST,
        _phrases(
            r"(?:host|domain)(?: name)?(?: is)? (?:unknown|not found|does ?n.?o?t exist|invalid|nonexist\w*)",
            r"(?:unknown|no such|invalid|nonexistent|non-existent) (?:mail )?(?:host|domain)\b|nxdomain",
            r"could ?n.t find any host|no (?:host|domain) (?:by that|with that) name|host or domain name not found",
            r"unrout(?:e)?able (?:mail )?domain|name or service not known|bad destination (?:host|system)|domain .{0,100}does ?n.?o?t exist",
            r"dns.{0,40}(?:non-?existent|does not exist|not found)|domain existiert nicht",
        ),
    ),
)

# Hard if the reply came to RCPT TO, a code X.1.x says the same, or the words leave no doubt (_CERTAIN).
# Else a filter may hide behind them: some say "unknown user" after DATA to mail they do not like.
_USER: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        Reason.MOVED,
        _phrases(
            r"not our (?:user|customer)", r"(?:user|recipient|mailbox|address)? ?(?:has|have) moved"
        ),
    ),
    (
        Reason.NO_USER,
        _phrases(
            rf"\b{_PERSON}s?\b.{{0,60}}\b{_MISSING}",
            rf"(?:no such|unknown|invalid|illegal|undefined|no valid|non-?existent|not a valid|not a known|bad|no)(?: or illegal)?(?: \w+)? (?:\w+ )?{_PERSON}",
            r"no (?:mail)?box (?:here|by)|nobody (?:here )?by|no one (?:here )?by|does ?n.?o?t have an? .{0,60}account",
            r"recipnotfound|recipientnotfound|no user|user_?unknown|unknown (?:or illegal|recipient|local)|unrout(?:e)?able address",
            r"(?:is|are) not (?:a )?(?:registered|known|valid|listed)|all recipients|is unknown|could not be (?:resolved|located)",
            r"(?:benutzer|empf[äa]nger|adresse|postfach).{0,40}(?:unbekannt|existiert nicht|nicht gefunden|ung[üu]ltig)|unbekannter? (?:benutzer|empf)",
            r"(?:utilisateur|adresse|destinataire|compte).{0,40}(?:inconnu|invalide|existe pas|introuvable)",
            r"(?:usuario|destinatario|direcci[oó]n|cuenta|buz[oó]n).{0,40}(?:desconocid|no existe|inv[aá]lid|inexistente)",
            r"(?:utente|destinatario|indirizzo|casella).{0,40}(?:sconosciut|non esiste|inesistente|non trovat)",
            r"(?:usu[aá]rio|destinat[aá]rio|endere[cç]o|conta).{0,40}(?:desconhecid|n[aã]o existe|inexistente|inv[aá]lid)",
            r"(?:gebruiker|ontvanger|adres).{0,40}(?:onbekend|bestaat niet)|(?:u[żz]ytkownik|adres).{0,40}nie istnieje",
            r"не существует|не найден|неизвестный (?:пользователь|получатель)|нет такого",
            r"不存在|无此用户|無此|找不到|宛先不明|見つかりません|存在しません|ユーザー.{0,10}不明|존재하지",
        ),
    ),
)

# A directory that was looked into says it, not a filter that wants to be rid of somebody.
_CERTAIN = _phrases(
    r"does ?n.?o?t have an? .{1,60} account",
    r"not listed in .{0,40}(?:directory|address book)",
    r"no (?:mail)?box here by that name",
    r"recipient name is not recogni[sz]ed",
    r"does ?n.?o?t exist at the organi[sz]ation",
    r"recip(?:ient)?notfound",
)

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
    best = next((code for code in [*codes, *own] if _specific(code)), (codes or own or [None])[0])
    reason, hard = _reason(_prose(said), codes, own, stage, program)
    return Verdict(reason, hard and failed, ".".join(map(str, best)) if best else None)


def words_of_softness(text: str) -> Reason | None:
    """A soft reason, if people are told one and nothing hard beside it."""
    prose = _prose(text)
    if _first(_HOST, prose) or _first(_USER, prose):
        return None
    return _first(_SOFT, prose)


def replies(text: str) -> str:
    """The lines that quote a server (an SMTP reply or an enhanced status code), to their paragraph's end."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
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
    if soft := _first(_SOFT, prose):
        return soft, False
    if program:
        return Reason.PROGRAM, False
    if stage in _STAGES_WITHOUT_RECIPIENT:
        return (Reason.SENDER if stage is Stage.MAIL else Reason.BLOCKED), False
    if host := _first(_HOST, prose):
        return host, True
    by_code = [_by_code(code) for code in codes if _specific(code)]
    if user := _first(_USER, prose):
        sure = (
            _CERTAIN.search(prose) or stage is Stage.RCPT or any(map(_no_such_address, codes + own))
        )
        return (
            (user, True)
            if sure and not any(map(_about_policy, codes))
            else (Reason.FILTERED, False)
        )
    if not codes and not _WORD.search(prose):  # nothing but the Status field
        by_code = [_by_code(code) for code in own if _specific(code)]
        codes = own
    softer = [reason for reason in by_code if reason and not reason.hard]
    if softer:
        return softer[0], False
    if by_code and by_code[0]:
        return by_code[0], all(code[0] == 5 for code in codes if _specific(code))
    return next(
        (found for code in own if (found := _by_code(code)) and not found.hard), Reason.UNCLEAR
    ), False


_Code = tuple[int, int, int]


def _codes(text: str) -> list[_Code]:
    return [(int(a), int(b), int(c)) for a, b, c in _CODE.findall(text[:8_000])]


def _specific(code: _Code) -> bool:
    return code[1:] not in ((0, 0), (1, 0), (5, 0))


def _no_such_address(code: _Code) -> bool:
    """RFC 3463, X.1: something is wrong with an address, and it is not the sender's."""
    return code[1] == 1 and code[2] not in (0, 7, 8, 9)


def _about_policy(code: _Code) -> bool:
    return code[1] in (3, 4, 6, 7)


def _by_code(code: _Code) -> Reason | None:
    _, subject, detail = code
    return _CODES.get((subject, detail)) or _CODES.get((subject, None))


def _prose(said: str) -> str:
    """In lower case, without links, addresses and codes: words only."""
    text = _ADDRESS.sub(" ", _URL.sub(" ", said[:8_000]))
    text = _CODE.sub(" ", _REPLY.sub(" ", text))
    return _SPACE.sub(" ", text.replace("’", "'")).strip().lower()


def _first(rows: tuple[tuple[Reason, re.Pattern[str]], ...], prose: str) -> Reason | None:
    return next((reason for reason, phrases in rows if phrases.search(prose)), None)

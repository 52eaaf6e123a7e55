"""What servers say, in words: which reason hides behind which phrase. Read by reasons.py.

They are looked for in lower case, in text whose addresses, links and codes were taken out.
"""

from __future__ import annotations

import re

from invites.reports.report import Reason


def any_of(*alternatives: str) -> re.Pattern[str]:
    """One pattern, whatever the case, out of several."""
    return re.compile("|".join(alternatives), re.IGNORECASE)


# The first row that is found decides. Soft ones stand first: a reply such as "5.1.1 User unknown,
# mailbox full" says two things, and the softer one must win.
SOFT: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        Reason.FULL,
        any_of(
            (
                r"(?:mail ?box|mail ?folder|inbox|maildir|account|user|recipient"
                r"|mail)\b.{0,40}\b(?:is |was )?(?:too )?full\b"
            ),
            (
                r"(?:over|exceed\w*|out of|above|beyond|within).{0,30}\b(?:quota"
                r"|storage|disk|mail ?box size)\b"
            ),
            r"\b(?:quota|storage|disk|mail ?box size).{0,40}(?:exceed|over|full|reached|violation)",
            r"\bover ?quota|overquota|not enough (?:disk|storage|space)",
            r"insufficient (?:quota|mailbox)|no space left|mailbox (?:size )?limit",
            r"too much mail data|too many messages (?:in|on) |postfach.{0,30}voll|überfüllt",
            r"speicherplatz|bo[iî]te.{0,40}pleine|quota d[ée]pass|buz[oó]n.{0,30}llen",
            r"casella.{0,30}piena|caixa.{0,40}cheia|cuota excedida|переполнен",
            r"превышен.{0,20}квот|已满|已滿|容量|超出.{0,10}限|いっぱい|オーバー|가득",
        ),
    ),
    (
        Reason.RATE,
        any_of(
            (
                r"too many (?:connections|sessions|recipients|messages|concurrent"
                r"|mails|errors|invalid)"
            ),
            r"\brate (?:limit|control|exceed)|receiving mail at a rate|mail(?:ing)? rate",
            r"throttl|connection (?:rate|limit|frequency)",
            r"(?:hourly|daily|sending) (?:sending )?(?:limit|quota)",
            r"too (?:fast|quickly|frequent)|slow down|exceeded the (?:maximum )?number of",
            r"unusual rate|more than .{0,40} (?:messages|recipients) per",
            r"max(?:imum)? (?:number of )?(?:recipients|emails)",
        ),
    ),
    (
        Reason.TOO_BIG,
        any_of(
            r"(?:message|mail|size).{0,40}(?:too (?:big|large|long)|exceed|larger than|limit)",
            r"exceed\w*.{0,40}(?:message|maximum|fixed|mail) ?size|size ?limit|too large",
        ),
    ),
    (
        Reason.DISABLED,
        any_of(
            (
                r"\b(?:disabled|suspended|deactivated|inactive|frozen|blocked user"
                r"|user blocked|dormant)\b"
            ),
            (
                r"(?:account|mailbox|user|recipient|address).{0,60}\b(?:locked"
                r"|closed|expired|on hold|cancell?ed)\b"
            ),
            r"not (?:active|activated|currently accepting)",
            r"no longer (?:active|valid|available|accept|in use|on|with|work)",
            r"(?:temporar\w*|currently) (?:locked|unavailable|inactive)|gesperrt|deaktiviert",
            r"d[ée]sactiv|desactivad|disattivat|заблокирован|отключен|停用|停止|凍結|冻结|禁用",
        ),
    ),
    (
        Reason.AUTHENTICATION,
        any_of(
            r"\b(?:spf|dkim|dmarc|arc)\b|senderid|sender id\b|authentication checks?|openspf",
            r"authentication information|unauthenticated (?:email|mail|message)",
        ),
    ),
    (
        Reason.REVERSE_DNS,
        any_of(
            r"\bptr\b|\brdns\b",
            r"reverse[ -]?(?:dns|lookup|mapping|address|host|name|record|resol)",
            r"unverifiable sending",
            (
                r"(?:cannot|could not|can't|unable to) (?:find|resolve|verify) your (?:host"
                r"|ip|hostname|domain|reverse)"
            ),
            r"(?:mismatch\w*|match).{0,20}client ip|dynamic ip|generic (?:reverse|host)",
            r"\bhelo\b|\behlo\b",
        ),
    ),
    (
        Reason.SPAM,
        any_of(
            r"\bspam\b(?!\w)|spammy|\bunsolicited\b|\bjunk\b|\bube\b|\bbulk (?:mail|email)\b",
            r"phish|spam(?:assassin|hit|trap|detected|score)|considered.{0,20}spam|垃圾|スパム",
            r"спам",
        ),
    ),
    (
        Reason.RELAYING,
        any_of(
            r"\brelay(?:ing)?\b|not (?:a )?(?:local|permitted to) (?:domain|gateway)",
            r"unable to relay|not in my.{0,20}(?:list|domain)|rcpthosts",
            r"not (?:one of )?our domain|address is not verified|open proxy",
        ),
    ),
    (
        Reason.BLOCKED,
        any_of(
            r"black ?list|block ?list|deny ?list|\brbl\b|dnsbl|spamhaus|spamcop|barracuda",
            r"proofpoint|sorbs|\bblocked\b|\bbanned\b|\bbanning\b|blocking",
            r"(?:low|poor|bad|ip|sender|domain)?\s?reputation",
            r"access (?:was )?(?:denied|refused|disabled|restrict)|client host",
            r"\bgr[ae]y ?list|temporarily deferred|user complaints",
            r"connection (?:refused|rejected|denied|dropped|reset)",
            r"refused (?:to talk|connection|your)",
            (
                r"not (?:allowed|permitted|accept\w*|authori[sz]ed).{0,30}(?:from your"
                r"|connect|this (?:host|server|ip))"
            ),
            r"connections? not accepted|bad (?:ip|host)|your (?:ip|host|server|network)\b|不审",
            r"拒绝|拒否|拒絕",
        ),
    ),
    (
        Reason.SENDER,
        any_of(
            (
                r"\bsender\b.{0,80}(?:reject|denied|refus|block|invalid|not (?:exist"
                r"|found|valid|verif|allow|accept)|does(?: not|n't)|unknown"
                r"|verif|fail)"
            ),
            (
                r"(?:domain of|verify|unknown|invalid|unroutable|bad) (?:the )?(?:sender"
                r"|return|envelope)"
            ),
            r"from:? ?(?:domain|address|header)",
            r"mail from.{0,60}(?:reject|denied|invalid|not |does)|reverse-path|return path",
            r"valid sender|your (?:e-?mail )?(?:address|domain)\b",
            r"(?:unauthenticated|unauthori[sz]ed) sender",
        ),
    ),
    (
        Reason.NOT_RFC,
        any_of(
            r"not rfc|rfc ?\d*.{0,20}complian|multiple .{0,20}(?:addresses|from)",
            r"duplicate header",
            (
                r"(?:missing|invalid|bare|bad|illegal).{0,20}(?:header|date"
                r"|message-id|line feed|\blf\b|mime)"
            ),
        ),
    ),
    (
        Reason.POLICY,
        any_of(
            r"\bpolic(?:y|ies)\b|prohibit|\bcontent\b|virus|infected|malware|attachment",
            r"header error|restricted|security (?:issue|reason|violation|threat)",
            r"protocol violation|\bfilter(?:ed|ing|s)?\b",
            r"not (?:authori[sz]ed|permitted|allowed)|local violation|rule imposed",
            r"administrative|administrator has|members? (?:only|of the)|permission",
        ),
    ),
    (
        Reason.EXPIRED,
        any_of(
            r"timed? ?out|\bexpired\b|retry (?:time|timeout)|too long in",
            r"in the queue too long|queue too long|giving up after|multiple retries",
            r"(?:retried|been delayed|is delayed|has been queued)|not yet been",
            r"accept our requests to connect|socket error|unable to connect",
            r"could ?n.t connect|delay reason|stopped trying",
            r"delivery attempts? (?:will|have|fail)|be retried|still undelivered",
            r"has not been delivered (?:yet|for)",
        ),
    ),
    (
        Reason.NETWORK,
        any_of(
            r"name server: .{0,80}lookup failure|lookup failure",
            r"temporary (?:lookup|name|resolution|dns)|cname lookup|host lookup did not",
            r"(?:host|domain|name)\b.{0,60}\btry again|malformed or unexpected name server",
            r"server failure|servfail|network (?:is )?(?:unreachable|error|down)",
            r"no route to host|unreachable|loop|too many hops|hop count",
            r"(?:establish|make) an? smtp connection|lost connection",
            r"connection (?:closed|lost|was closed|failed|error)|no answer from host|routing",
            r"mail for .{0,100}loops",
        ),
    ),
    (
        Reason.SYSTEM,
        any_of(
            (
                r"(?:local|internal|system|server|configuration|operating system"
                r"|mail server|processing) (?:error|failure|problem)"
            ),
            r"insufficient (?:system|disk|storage|resources|memory)|disk space|ldap",
            r"i/o error|queue file|write error",
            r"temporar\w+ (?:fail|error|problem|unable|unavailable|local|server|system)",
            r"service (?:is )?(?:not available|unavailable|busy|temporar)|transaction failed",
            r"please try (?:again )?later|try (?:again )?later|\bbusy\b|misconfigur",
            r"support tls|starttls|database (?:error|failure|unavail|temporar)",
        ),
    ),
    (
        Reason.PROTOCOL,
        any_of(
            (
                r"(?:sequence of|bad|unrecogni[sz]ed|unknown|improper|unimplemented) (?:commands?"
                r"|sequence|parameter)"
            ),
            (
                r"command (?:parameter )?(?:not (?:implemented|recogni[sz]ed"
                r"|supported)|unrecogni[sz]ed|rejected)"
            ),
            r"syntax error|not implemented",
        ),
    ),
)

_PERSON = (
    r"(?:user|recipient|mail ?box|account|address|alias|addressee"
    r"|person|customer|subscriber|local[ -]?part|employee|name)"
)
_MISSING = (
    r"(?:does ?n.?o?t exist|do not exist|did not exist|not exist"
    r"|not found|was ?n.?o?t found|could not be found|not known"
    r"|not recogni[sz]ed|unknown|invalid|not listed|not valid|no such"
    r"|undefined|nonexist\w*|non-exist\w*|is not here|couldn.t be found"
    r"|not present)"
)

# Hard, and plain enough to be believed at any stage.
HOST: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        Reason.NO_MAIL_HERE,
        any_of(
            r"(?:host|domain|server)s? (?:does|do) ?n.?o?t accept (?:any )?(?:e-?)?mail",
            r"null ?mx|no mx (?:record )?(?:was )?(?:found|exists?)|no mx or a records?\b",
            r"could ?n.t find a mail exchanger|no mail exchanger|no valid (?:hosts?|mx)",
            r"non-?existent hosts|record indicated no smtp service",
        ),
    ),
    (
        Reason.NO_HOST,
        any_of(
            (
                r"(?:host|domain)(?: name)?(?: is)? (?:unknown|not found|does ?n.?o?t exist"
                r"|invalid|nonexist\w*)"
            ),
            r"(?:unknown|no such|invalid|nonexistent|non-existent) (?:mail )?(?:host|domain)\b",
            r"nxdomain|could ?n.t find any host",
            r"no (?:host|domain) (?:by that|with that) name|host or domain name not found",
            r"unroute?able (?:mail )?(?:domain|address)|name or service not known",
            r"bad destination (?:host|system)|domain .{0,100}does ?n.?o?t exist",
            r"host address lookups failed permanently",
            r"dns.{0,40}(?:non-?existent|does not exist|not found)|domain existiert nicht",
        ),
    ),
)

# Hard if the reply came to RCPT TO, a code X.1.x says the same, or the words leave no doubt (CERTAIN).
# Else a filter may hide behind them: some say "unknown user" after DATA to mail they do not like.
USER: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        Reason.MOVED,
        any_of(
            r"not our (?:user|customer)",
            r"(?:user|recipient|mailbox|address)? ?(?:has|have) moved",
        ),
    ),
    (
        Reason.NO_USER,
        any_of(
            rf"\b{_PERSON}s?\b.{{0,60}}\b{_MISSING}",
            (
                rf"(?:no such|unknown|invalid|illegal|undefined|no valid|non-?existent"
                rf"|not a valid|not a known|bad)(?: or illegal)?(?: \w+)? (?:\w+ )?{_PERSON}"
            ),
            r"\bno (?:user|mailbox|account|recipient)s?\b|no (?:mail)?box (?:here|by)",
            r"nobody (?:here )?by|no one (?:here )?by|does ?n.?o?t have an? .{0,60}account",
            r"recipnotfound|recipientnotfound|no user|user_?unknown",
            r"unknown (?:or illegal|recipient|local)",
            r"(?:is|are) not (?:a )?(?:registered|known|valid|listed)|all recipients",
            r"is unknown|could not be (?:resolved|located)",
            (
                r"(?:benutzer|empf[äa]nger|adresse|postfach).{0,40}(?:unbekannt"
                r"|existiert nicht|nicht gefunden|ung[üu]ltig)"
            ),
            r"unbekannter? (?:benutzer|empf)",
            (
                r"(?:utilisateur|adresse|destinataire|compte).{0,40}(?:inconnu"
                r"|invalide|existe pas|introuvable)"
            ),
            (
                r"(?:usuario|destinatario|direcci[oó]n|cuenta|buz[oó]n).{0,40}(?:desconocid"
                r"|no existe|inv[aá]lid|inexistente)"
            ),
            (
                r"(?:utente|destinatario|indirizzo|casella).{0,40}(?:sconosciut"
                r"|non esiste|inesistente|non trovat)"
            ),
            (
                r"(?:usu[aá]rio|destinat[aá]rio|endere[cç]o|conta).{0,40}(?:desconhecid"
                r"|n[aã]o existe|inexistente|inv[aá]lid)"
            ),
            r"(?:gebruiker|ontvanger|adres).{0,40}(?:onbekend|bestaat niet)",
            r"(?:u[żz]ytkownik|adres).{0,40}nie istnieje|не существует|не найден",
            r"неизвестный (?:пользователь|получатель)|нет такого|不存在|无此用户|無此|找不到|宛先不明",
            r"見つかりません|存在しません|ユーザー.{0,10}不明|존재하지",
        ),
    ),
)

# A directory that was looked into says it, not a filter that wants to be rid of somebody.
CERTAIN = any_of(
    r"does ?n.?o?t have an? .{1,60} account",
    r"not listed in .{0,40}(?:directory|address book)",
    r"no (?:mail)?box here by that name|recipient name is not recogni[sz]ed",
    r"does ?n.?o?t exist at the organi[sz]ation|recip(?:ient)?notfound",
    r"\blocal (?:user|mailbox|recipient)",
)

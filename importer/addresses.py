"""What is an e-mail address, whose it may be, and why it can't be invited. No DNS, no database."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from importer import mail_domains


class Kind(StrEnum):
    """Which side of a person's life an address belongs to, as far as known."""

    WORK = "work"
    PRIVATE = "private"
    UNKNOWN = "unknown"


# Why an address can't be invited: the code that is stored, and the words that stand beside it.
REFUSALS = {
    "noreply": "Nobody reads this mailbox",
    "list": "Mailing list",
    "role": "Shared mailbox",
    "disposable": "Throw-away address",
    "eai": "Needs a mail server for international addresses, which ours is not",
    "no_address": "No e-mail address",
}

_ROLES = frozenset(
    """
    abuse accounting accounts accueil admin administracao administracion administracja
    administration administrator ads anfrage atencion atendimento ayuda billing biuro bok
    booking bookings buchhaltung buero bureau business care career careers cliente clientes
    comercial commercial compliance compras comunicacao comunicacion contabilidad contabilidade
    contact contacto contactus contato contatti customercare customerservice datenschutz dpo
    empfang empleo enquiries enquiry facturacion faturamento feedback finance financeiro fragen
    frontdesk gdpr general geral hallo hello help helpdesk hola hostmaster hr impressum info
    informacion information infos inquiries inquiry investors invoice invoices it jobs kontakt
    kundenservice legal mail marketing media noc office ola order orders partner partners
    payroll post postmaster praxis prensa press presse privacy procurement purchasing recepcao
    recepcion reception rechnung recruiting recruitment redaction redaktion registrar reservas
    reservation reservations returns rh root rrhh sac sales secretaria secretariat secretary
    security sekretariat service services shop soporte suporte support sysadmin tech technik
    vendas ventas vente verkauf vertrieb webmaster welcome willkommen zentrale
    """.split()  # noqa: SIM905 (RFC 2142 and what front doors are called in eight languages)
)
_LISTS = frozenset(
    """
    all alle alumni announce announcements board committee community everybody everyone group
    groups list lists members mitglieder news newsletter newsletters rundbrief staff team todos
    tous users verteiler
    """.split()  # noqa: SIM905
)
_LIST_NAME = re.compile(
    r"(all|lists?)[-_].+|.+[-_.](list|lists|announce|users|members|group|bounces|request)"
)
_NO_REPLY = re.compile(
    r"(do[-_.]?)?(no|not)[-_.]?(reply|respond|responder|responda|answer)\b.*"
    r"|(nao|nicht|ne)[-_.]?(responda|antworten|pas[-_.]?repondre)\b.*"
    r"|mailer[-_.]?daemon|bounces?\b.*|notifications?|notify|automailer|auto[-_.]?(reply|mail)"
)
# What address books call the two sides, in the languages in which they are sold.
_WORK_LABELS = frozenset(
    """
    work office business company trabajo trabalho arbeit geschäftlich travail bureau professionnel
    profesional profissional lavoro werk zakelijk praca jobb arbete работа 勤務先 会社 工作 公司 직장
    """.split()  # noqa: SIM905
)
_PRIVATE_LABELS = frozenset(
    """
    home private personal privat privée privé domicile maison personnel casa particular pessoal
    personale thuis persoonlijk dom hem hjemme домашний личный 自宅 个人 個人 住宅 집 개인
    """.split()  # noqa: SIM905
)
LONGEST = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets


class NotAnAddress(ValueError):
    """The text is no e-mail address; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address, read.

    `written` is for people and kept as it was; `envelope` is for mail servers: the domain in ASCII,
    or "" when the local part is not (RFC 6531). `normalised` is equal for spellings that reach the
    same mailbox. `refusal` is a key of REFUSALS, or "" for an address that can be invited.
    """

    written: str
    envelope: str
    normalised: str
    kind: Kind
    refusal: str


def read(written: str, label: str = "") -> Address:
    """The address in `written`; `label` is the address book's word for it. Raises NotAnAddress."""
    written = written.strip()
    if len(written) > LONGEST:
        raise NotAnAddress(f"An address has at most {LONGEST} characters, this has {len(written)}.")
    valid = _validated(written)
    local, domain = _mailbox(valid)
    return Address(
        written=written,
        envelope=valid.envelope,
        normalised=f"{local}@{domain}",
        kind=_kind(label, domain),
        refusal=_refusal(local, domain, is_ascii=valid.envelope != ""),
    )


def normalise(written: str) -> str:
    """The same text for all spellings of one mailbox. Raises NotAnAddress.

    Case never matters in practice, though RFC 5321 allows it to; Gmail ignores dots and what
    follows a plus; an international domain is compared in its ASCII form.
    """
    local, domain = _mailbox(_validated(written.strip()))
    return f"{local}@{domain}"


@dataclass(frozen=True, slots=True)
class _Valid:
    """What email-validator makes of an address. `envelope` is "" when it can't be in ASCII."""

    local: str
    domain: str
    envelope: str


# A local part about which email-validator has nothing to say: RFC 5322, section 3.2.3, dot-atom.
_PLAIN_LOCAL = re.compile(
    r"(?=.{1,64}$)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII
)

# A domain about which it has nothing to say, in lower case: two labels or more of letters, digits and
# hyphens, each of 63 characters at most, none with hyphens where Punycode has them, the last one
# ending in a letter (RFC 1035, section 2.3.1; RFC 5891, section 4.2.3.1).
_PLAIN_DOMAIN = re.compile(
    r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(?!..--)(?:[a-z0-9][a-z0-9-]{0,61})?[a-z]",
)
_RESERVED = tuple(SPECIAL_USE_DOMAIN_NAMES)


def _validated(written: str) -> _Valid:
    """As email-validator does it, which takes 100 microseconds, and most addresses are plain."""
    local, _, domain = written.rpartition("@")
    if domain.isascii() and len(written) <= LONGEST and _PLAIN_LOCAL.fullmatch(local):
        ascii_domain = domain.lower()
        if not _PLAIN_DOMAIN.fullmatch(ascii_domain) or ascii_domain.endswith(_RESERVED):
            ascii_domain = _ascii_domain(domain)
        if ascii_domain:
            if local.lower() in CASE_INSENSITIVE_MAILBOX_NAMES:
                local = local.lower()
            return _Valid(local, ascii_domain, f"{local}@{ascii_domain}")
    try:
        valid = validate_email(written, check_deliverability=False)
    except EmailNotValidError as error:
        why = str(error).replace(" email ", " e-mail ")
        raise NotAnAddress(f"{why} One looks like name@example.org.") from None
    return _Valid(valid.local_part, valid.ascii_domain or "", valid.ascii_email or "")


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """The domain as email-validator has it, or "" for one that it refuses or that isn't plain."""
    try:
        valid = validate_email(f"x@{domain}", check_deliverability=False)
    except EmailNotValidError:
        return ""
    return (valid.ascii_domain or "") if valid.domain == valid.ascii_domain else ""


def _mailbox(valid: _Valid) -> tuple[str, str]:
    """Local part and domain for comparing."""
    local = valid.local if valid.local.isascii() else unicodedata.normalize("NFC", valid.local)
    local, domain = local.casefold(), valid.domain.lower()
    if domain == "googlemail.com":
        domain = "gmail.com"
    # RFC 5233: what follows a plus is the mailbox owner's own note almost everywhere. Where it is not,
    # somebody gets one invitation less; the other way round somebody would get as many as one likes.
    local = local.partition("+")[0] or local
    if domain == "gmail.com":
        # https://support.google.com/mail/answer/7436150: dots don't matter in Gmail addresses.
        local = local.replace(".", "")
    return local, domain


def _kind(label: str, domain: str) -> Kind:
    word = label.strip().casefold()
    if word in _WORK_LABELS:
        return Kind.WORK
    if word in _PRIVATE_LABELS or mail_domains.is_private(domain):
        return Kind.PRIVATE
    return Kind.UNKNOWN


def _refusal(local: str, domain: str, *, is_ascii: bool) -> str:
    name = local.partition("+")[0]
    if _NO_REPLY.fullmatch(name):
        return "noreply"
    if name in _LISTS or _LIST_NAME.fullmatch(name) or mail_domains.is_list_host(domain):
        return "list"
    if name in _ROLES:
        return "role"
    if mail_domains.is_disposable(domain):
        return "disposable"
    # Our mail is 7-bit through and through, so that what was shown is what arrives; an address
    # outside ASCII would need SMTPUTF8 at every server on the way.
    return "" if is_ascii else "eai"

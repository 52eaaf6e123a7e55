"""What the environment says about mail: the server, the signature, and the doors for what comes back.

Used by config.settings alone; refuses with a sentence what could not work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env

from config.environment import required
from invites import signing
from invites.mailbox import Account

_HOST = re.compile(r"(?=.{4,190}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, by SMTP."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    implicit_tls: bool


def mail_server(env: Env) -> MailServer:
    """EMAIL_URL as `smtp://user:password@host:port`; `smtp+tls://` for STARTTLS, `smtps://` for TLS.

    Raises ImproperlyConfigured when it is missing or of another kind.
    """
    url = urlsplit(
        required(env, "EMAIL_URL", "the mail server, as in smtp+tls://user:pass@host:587")
    )
    if url.scheme not in {"smtp", "smtp+tls", "smtps"} or not url.hostname:
        raise ImproperlyConfigured("EMAIL_URL must begin with smtp://, smtp+tls:// or smtps://.")
    try:
        port = url.port
    except ValueError:
        raise ImproperlyConfigured("EMAIL_URL has a port that is not a number.") from None
    return MailServer(
        host=url.hostname,
        port=port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[url.scheme],
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        starttls=url.scheme == "smtp+tls",
        implicit_tls=url.scheme == "smtps",
    )


def dkim_keys(env: Env) -> list[signing.Key]:
    """DKIM_KEYS as `selector:file`, separated by commas. Empty: somebody else signs, or nobody."""
    keys = []
    items: list[str] = env.list("DKIM_KEYS", [])
    if items and (provider := env.str("MAIL_PROVIDER", "")):
        raise ImproperlyConfigured(
            f"DKIM_KEYS is set, but {provider} signs what it sends. Unset it, or MAIL_PROVIDER."
        )
    for item in map(str.strip, filter(None, items)):
        selector, _, file = item.partition(":")
        if not _SELECTOR.fullmatch(selector) or not file:
            raise ImproperlyConfigured(
                f"DKIM_KEYS has {item!r}. Write selector:file, as in hp1:/etc/handpicked/dkim.pem."
            )
        try:
            keys.append(signing.load(selector, Path(file).read_bytes()))
        except OSError as error:
            raise ImproperlyConfigured(
                f"DKIM_KEYS names {file}, which can't be read: {error.strerror}."
            ) from None
        except signing.BadKey as error:
            raise ImproperlyConfigured(f"DKIM_KEYS names {file}, which {error}.") from None
    return keys


def dkim_domain(env: Env, invitations_address: str) -> str:
    """DKIM_DOMAIN, by default the domain of From.

    DMARC counts a signature only if its domain is From's (RFC 7489, 3.1.1); of the domains above and
    below, we take one above. Raises ImproperlyConfigured for any other.
    """
    own = invitations_address.rpartition("@")[2].lower().encode("idna").decode()
    domain = _domain(env, "DKIM_DOMAIN", own)
    if own != domain and not own.endswith(f".{domain}"):
        raise ImproperlyConfigured(
            f"DKIM_DOMAIN is {domain}, but invitations come from {own}: the signature would count "
            f"for nothing (DMARC). Make it {own}, or a domain above it."
        )
    return domain


def return_path_domain(env: Env) -> str:
    """RETURN_PATH_DOMAIN; "" when bounces go to INVITATIONS_ADDRESS."""
    return _domain(env, "RETURN_PATH_DOMAIN", "")


def _domain(env: Env, name: str, default: str) -> str:
    value = str(env.str(name, default)).strip().lower().rstrip(".")
    if value != default and not _HOST.fullmatch(value):
        raise ImproperlyConfigured(f"{name} is {value!r}. It must be a domain, as in example.org.")
    return value


def idempotency_header(env: Env) -> str:
    """IDEMPOTENCY_HEADER: a field's name, or ""."""
    name = str(env.str("IDEMPOTENCY_HEADER", ""))
    if name and not re.fullmatch(r"[A-Za-z0-9-]*Idempotency-Key", name, re.IGNORECASE):
        raise ImproperlyConfigured(
            f"IDEMPOTENCY_HEADER is {name!r}. It is the name of your provider's header field, as in "
            "Resend-Idempotency-Key."
        )
    return name


# MAIL_PROVIDER → where anymail looks for what MAIL_PROVIDER_KEY holds. What all providers share is a
# user and password in the webhook's address; the others sign each event.
_PROVIDER_KEYS = {
    "brevo": "WEBHOOK_SECRET",
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "postmark": "WEBHOOK_SECRET",
    "resend": "WEBHOOK_SECRET",
    "sendgrid": "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY",
}


def mail_provider(env: Env) -> tuple[str, dict[str, str]]:
    """MAIL_PROVIDER ("" without one), and Django's ANYMAIL with what its webhook is checked by."""
    name = str(env.str("MAIL_PROVIDER", ""))
    if not name:
        return "", {}
    if name not in _PROVIDER_KEYS:
        raise ImproperlyConfigured(
            f"MAIL_PROVIDER is {name!r}. There are: {', '.join(sorted(_PROVIDER_KEYS))}."
        )
    where = _PROVIDER_KEYS[name]
    key = required(env, "MAIL_PROVIDER_KEY", f"what {name}'s webhooks are checked by")
    if where == "WEBHOOK_SECRET" and not re.fullmatch(r"[^:]+:.{16,}", key):
        raise ImproperlyConfigured(
            f"MAIL_PROVIDER_KEY must be user:password for {name}, the password of 16 characters or more."
        )
    return name, {where: key}


def reports_mailbox(env: Env) -> Account | None:
    """REPORTS_MAILBOX_URL as `imaps://user:password@host/folder`; `imap+tls://` for STARTTLS."""
    given = str(env.str("REPORTS_MAILBOX_URL", ""))
    if not given:
        return None
    url = urlsplit(given)
    try:
        port = url.port
    except ValueError:
        raise ImproperlyConfigured("REPORTS_MAILBOX_URL has a port that is not a number.") from None
    if url.scheme not in {"imap", "imap+tls", "imaps"} or not url.hostname or not url.username:
        raise ImproperlyConfigured(
            "REPORTS_MAILBOX_URL must look like imaps://user:password@mail.example.org/INBOX."
        )
    if url.scheme == "imap" and not env.bool("DEVELOPMENT", False):
        raise ImproperlyConfigured("REPORTS_MAILBOX_URL must begin with imaps:// or imap+tls://.")
    return Account(
        host=url.hostname,
        port=port or {"imap": 143, "imap+tls": 143, "imaps": 993}[url.scheme],
        user=unquote(url.username),
        password=unquote(url.password or ""),
        implicit_tls=url.scheme == "imaps",
        starttls=url.scheme == "imap+tls",
        folder=unquote(url.path.strip("/")) or "INBOX",
        done=str(env.str("REPORTS_DONE_FOLDER", "Returned mail")),
    )

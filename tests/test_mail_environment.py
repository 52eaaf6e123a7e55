"""What the environment says about mail: what could not work is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from config import mail_environment
from config.mail_environment import (
    dkim_domain,
    dkim_keys,
    idempotency_header,
    mail_provider,
    reports_mailbox,
    return_path_domain,
)
from tests.invites.test_signing import pem

VARIABLES = [
    "DEVELOPMENT", "DKIM_DOMAIN", "DKIM_KEYS", "IDEMPOTENCY_HEADER", "MAIL_PROVIDER",
    "MAIL_PROVIDER_KEY", "REPORTS_MAILBOX_URL", "RETURN_PATH_DOMAIN",
]  # fmt: skip
FROM = "invitations@mail.handpicked.example"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def env(monkeypatch: pytest.MonkeyPatch, **values: str) -> Env:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Env()


@pytest.mark.parametrize(
    ("read", "values", "sentence"),
    [
        (dkim_keys, {"DKIM_KEYS": "dkim.pem"}, "Write selector:file"),
        (dkim_keys, {"DKIM_KEYS": "hp1:/nowhere/dkim.pem"}, "/nowhere/dkim.pem, which can't be read"),
        (dkim_keys, {"DKIM_KEYS": f"hp1:{__file__}"}, "holds no private key"),
        (dkim_keys, {"DKIM_KEYS": "hp1:dkim.pem", "MAIL_PROVIDER": "mailgun"},
         "mailgun signs what it sends"),
        (return_path_domain, {"RETURN_PATH_DOMAIN": "not a domain"}, "It must be a domain"),
        (return_path_domain, {"RETURN_PATH_DOMAIN": f"{'a.' * 100}example"}, "It must be a domain"),
        (idempotency_header, {"IDEMPOTENCY_HEADER": "Subject"}, "the name of your provider's header"),
        (idempotency_header, {"IDEMPOTENCY_HEADER": "A: b\nBcc: Idempotency-Key"}, "the name of your"),
        (mail_provider, {"MAIL_PROVIDER": "pigeon"}, "'pigeon'. There are: brevo, mailersend"),
        (mail_provider, {"MAIL_PROVIDER": "mailgun"}, "MAIL_PROVIDER_KEY is not set"),
        (mail_provider, {"MAIL_PROVIDER": "postmark", "MAIL_PROVIDER_KEY": "hook:short"},
         "must be user:password"),
        (reports_mailbox, {"REPORTS_MAILBOX_URL": "mail.example"}, "must look like imaps://"),
        (reports_mailbox, {"REPORTS_MAILBOX_URL": "imap://a:b@mail.example"}, "must begin with imaps"),
        (reports_mailbox, {"REPORTS_MAILBOX_URL": "imaps://a:b@mail.example:x"}, "not a number"),
    ],
)  # fmt: skip
def test_what_can_not_work_is_refused(
    read: object, values: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        read(env(monkeypatch, **values))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("domain", "good"),
    [
        ("mail.handpicked.example", True),
        ("handpicked.example", True),
        ("other.example", False),
        ("picked.example", False),
        ("a.mail.handpicked.example", False),
    ],
)
def test_the_signature_belongs_to_froms_domain(
    domain: str, good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = env(monkeypatch, DKIM_DOMAIN=domain)
    if good:
        assert dkim_domain(given, FROM) == domain
    else:
        with pytest.raises(ImproperlyConfigured, match="the signature would count for nothing"):
            dkim_domain(given, FROM)


def test_what_is_not_set_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = env(monkeypatch)
    assert dkim_keys(bare) == []
    assert dkim_domain(bare, FROM) == "mail.handpicked.example"
    assert return_path_domain(bare) == idempotency_header(bare) == ""
    assert mail_provider(bare) == ("", {})
    assert reports_mailbox(bare) is None


def test_keys_and_a_mailbox_are_read_as_they_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "dkim.pem"
    file.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    url = "imaps://a%40b.example:p%2Fw@mail.example/INBOX%2FReports"
    given = env(monkeypatch, DKIM_KEYS=f"hp1:{file}, hp2:{file}", REPORTS_MAILBOX_URL=url)
    assert [(key.selector, key.kind) for key in mail_environment.dkim_keys(given)] == [
        ("hp1", "ed25519"), ("hp2", "ed25519"),
    ]  # fmt: skip
    account = reports_mailbox(given)
    assert account
    assert (account.user, account.password, account.host, account.port, account.folder) == (
        "a@b.example", "p/w", "mail.example", 993, "INBOX/Reports",
    )  # fmt: skip
    assert account.implicit_tls

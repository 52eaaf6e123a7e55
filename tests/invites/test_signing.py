"""What leaves is signed, by a key of From's domain, and says by its return path which mail it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from invites import consent, outbox, rendering, return_path, signing, tokens
from invites.actions import account_mails
from invites.models import ConsentRecord, Invitation
from tests import people
from tests.smtp_sink import Sink, smtp_sink

DOMAIN = "handpicked.example"
ONE_CLICK = {"list-unsubscribe", "list-unsubscribe-post"}


def pem(private: Any) -> bytes:
    return bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture(scope="module")
def keys() -> list[signing.Key]:
    return [
        signing.load("hp1", pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))),
        signing.load("hp2", pem(ed25519.Ed25519PrivateKey.generate())),
    ]


@pytest.fixture
def sink(settings: Any, keys: list[signing.Key]) -> Iterator[Sink]:
    settings.UNDO_SECONDS = 0
    settings.DKIM_KEYS, settings.DKIM_DOMAIN = keys, DOMAIN
    with smtp_sink() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def verifies(raw: bytes, keys: list[signing.Key]) -> bool:
    """Whether dkimpy accepts both signatures, with the DNS records that the manual asks for."""
    records = {f"{key.selector}._domainkey.{DOMAIN}.": key.record.encode() for key in keys}
    mail = dkim.DKIM(raw)
    return all(
        mail.verify(number, dnsfunc=lambda name, timeout=5: records[name.decode()])
        for number in range(len(keys))
    )


def covered(raw: bytes) -> list[set[str]]:
    """The fields in each signature's h=."""
    signatures = re.findall(rb"(?m)^DKIM-Signature:(?:.*\r\n(?=[ \t]))*.*", raw)
    said = [re.search(rb"h=([^;]*)", re.sub(rb"\s+", b"", signature)) for signature in signatures]
    return [set(found[1].decode().split(":")) for found in said if found]


def confirmed_part(raw: bytes) -> bytes:
    """What is left below the signatures and Date, the token as its hash again."""
    while raw.startswith((b"DKIM-Signature:", b"Date:", b" ")):
        raw = raw.partition(b"\r\n")[2]
    found = re.search(rb"/i/([\w-]{43})/", raw)
    assert found
    return raw.replace(found[1], tokens.hash_of(found[1].decode()).encode())


@pytest.mark.django_db
def test_every_mail_at_the_server_verifies_covers_one_click_and_is_the_one_confirmed(
    sink: Sink, keys: list[signing.Key]
) -> None:
    people.confirmed(people.member("Zoë O’Neil-Ångström", "zoe@oneil.example"), 5)
    outbox.send_due()

    assert len(sink.taken) == 5
    for recipient, raw in sink.taken:
        assert raw.startswith(b"DKIM-Signature: ")
        assert verifies(raw, keys)
        assert len(covered(raw)) == 2
        for fields in covered(raw):
            assert fields >= ONE_CLICK | {"from", "to", "subject", "reply-to", "date"}
        digest = consent.digest(recipient, confirmed_part(raw))
        assert ConsentRecord.objects.filter(digest=digest).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "added",
    [
        b"Subject: You have won",
        b"From: Bank <a@bank.example>",
        b"Reply-To: <a@thief.example>",
        b"To: <everybody@norte.example>",
        b"List-Unsubscribe: <https://thief.example/>",
    ],
)
def test_a_second_field_of_a_name_breaks_the_signature(
    sink: Sink, keys: list[signing.Key], added: bytes
) -> None:
    people.confirmed(people.member())
    outbox.send_due()
    [(_, raw)] = sink.taken

    assert verifies(raw, keys)
    assert not verifies(raw.replace(b"\r\nMIME-", b"\r\n" + added + b"\r\nMIME-"), keys)
    assert not verifies(added + b"\r\n" + raw, keys)


@pytest.mark.django_db
def test_account_mail_is_signed_too_and_needs_no_conversion_on_its_way(
    sink: Sink, keys: list[signing.Key]
) -> None:
    account_mails.write(
        template="account/email/password_reset_key",
        to="ana@diaz.example",
        subject="Dein Schlüssel",
        text=f"Für dich: “AB12”\n.\nFrom here on\n{'ü' * 1200}\n",
    )
    account_mails.send_pending()
    [(_, raw)] = sink.taken

    assert verifies(raw, keys)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"From here on" in raw


@pytest.mark.django_db
def test_without_keys_nothing_is_signed_for_then_a_provider_does(sink: Sink, settings: Any) -> None:
    settings.DKIM_KEYS = []
    people.confirmed(people.member())
    outbox.send_due()

    assert sink.taken[0][1].startswith(b"Date: ")


@pytest.mark.django_db
def test_a_key_that_can_not_sign_costs_no_mail_and_loses_none(
    sink: Sink, settings: Any, keys: list[signing.Key]
) -> None:
    settings.DKIM_KEYS = [signing.Key("hp1", "rsa", "", b"no key")]
    people.confirmed(people.member())
    outbox.send_due()

    assert sink.taken == []
    assert Invitation.objects.get().state == "confirmed"
    assert "could not be signed" in Invitation.objects.get().server_reply


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"nothing of the kind", "no private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
    ],
)
def test_what_is_no_signing_key_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(signing.BadKey, match=why):
        signing.load("hp1", text)


# --- the return path ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_invitation_leaves_with_a_return_path_of_its_own(sink: Sink, settings: Any) -> None:
    settings.RETURN_PATH_DOMAIN = "bounces.handpicked.example"
    senders: list[str] = []
    sink.heard = senders.append
    batch = people.confirmed(people.member(), 2)
    outbox.send_due()

    paths = [line for line in senders if line.startswith("MAIL")]
    assert [return_path.invitation_in(line) for line in paths] == [
        invitation.uid for invitation in people.due(batch)
    ]


def test_a_return_path_fits_into_smtp_and_survives_a_change_of_case(settings: Any) -> None:
    settings.RETURN_PATH_DOMAIN = "bounces.handpicked.example"
    for uid in (UUID(int=0), UUID(int=2**128 - 1), uuid4()):
        address = return_path.address(uid)
        assert len(address.partition("@")[0]) <= 64
        for seen in (address, address.upper(), f"x <{address.title()}>, a@b.example"):
            assert return_path.invitation_in(seen) == uid


def test_only_a_right_mac_of_our_domain_counts(settings: Any) -> None:
    settings.RETURN_PATH_DOMAIN = "bounces.handpicked.example"
    uid = uuid4()
    address = return_path.address(uid)
    other = return_path.address(uuid4())
    mac_of_other = address[: address.index("-")] + other[other.index("-") :]
    last = address.index("@") - 1
    one_letter = address[:last] + ("a" if address[last] != "a" else "b") + address[last + 1 :]

    for forged in (mac_of_other, one_letter, address.replace("bounces.", "evil."), address[1:]):
        assert return_path.invitation_in(forged) is None
    assert return_path.invitation_in(f"{one_letter} {address}") == uid
    settings.RETURN_PATH_DOMAIN = ""
    assert return_path.invitation_in(address) is None
    assert return_path.address(uid) == settings.INVITATIONS_ADDRESS


@pytest.mark.django_db
def test_a_providers_idempotency_field_is_one_of_the_confirmed_bytes_and_stays_the_same(
    sink: Sink, settings: Any
) -> None:
    settings.IDEMPOTENCY_HEADER = "Resend-Idempotency-Key"
    settings.ATTEMPT_MINUTES = [0]
    people.confirmed(people.member())
    invitation = Invitation.objects.get()
    refused: list[bytes] = []
    sink.answer = lambda verb, to: "451 later" if verb == "TAKEN" and not refused else None
    outbox.send_due()
    refused.append(sink.taken.pop()[1])
    outbox.send_due()

    field = f"\r\nResend-Idempotency-Key: {invitation.uid.hex}\r\n".encode()
    assert field in bytes(invitation.mail.raw)
    assert [field in raw for raw in (refused[0], sink.taken[0][1])] == [True, True]
    assert rendering.carries_links(bytes(invitation.mail.raw), invitation.uid)

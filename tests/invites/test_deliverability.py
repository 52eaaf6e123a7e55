"""`manage.py check_deliverability` against a real name server: good, missing and broken records."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from django.core.management import CommandError, call_command

from invites import signing
from tests.dns_server import SILENT, Zone, dns_server
from tests.invites.test_signing import pem

SITE, BOUNCES = "handpicked.example", "bounces.handpicked.example"
HP1, HP2 = f"hp1._domainkey.{SITE}", f"hp2._domainkey.{SITE}"
DMARC = f"_dmarc.{SITE}"
GOOD_DMARC = f"v=DMARC1; p=reject; rua=mailto:dmarc@{SITE}"


@pytest.fixture(scope="module")
def keys() -> list[signing.Key]:
    return [
        signing.load("hp1", pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))),
        signing.load("hp2", pem(ed25519.Ed25519PrivateKey.generate())),
    ]


@pytest.fixture
def zone(settings: Any, keys: list[signing.Key]) -> Iterator[Zone]:
    """Everything as it should be."""
    settings.INVITATIONS_ADDRESS = f"invitations@{SITE}"
    settings.RETURN_PATH_DOMAIN = BOUNCES
    settings.MAIL_PROVIDER = ""
    settings.DKIM_DOMAIN, settings.DKIM_KEYS = SITE, keys
    with dns_server() as zone:
        zone.text(SITE, "some-site-verification=1", "v=spf1 -all")
        zone.text(BOUNCES, "v=spf1 ip4:192.0.2.1 include:_spf.host.example ~all")
        zone.text("_spf.host.example", "v=spf1 a mx ip6:2001:db8::/32 -all")
        zone.text(HP1, keys[0].record)
        zone.text(HP2, keys[1].record)
        zone.text(DMARC, GOOD_DMARC)
        zone.records |= {
            (SITE, "MX"): ["20 backup.host.example.", "10 mx.host.example."],
            (BOUNCES, "MX"): ["10 mx.host.example."],
            ("mx.host.example", "A"): ["192.0.2.1"],
            ("backup.host.example", "AAAA"): ["2001:db8::1"],
        }
        yield zone


def checked(zone: Zone) -> tuple[int, str]:
    """The command's exit code and words."""
    said = io.StringIO()
    try:
        call_command("check_deliverability", nameserver=zone.address, stdout=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue()
    return 0, said.getvalue()


def test_when_all_is_as_it_should_be_it_says_so_and_ends_well(zone: Zone) -> None:
    code, said = checked(zone)
    assert code == 0, said
    assert said.splitlines() == [
        f'good    SPF of {BOUNCES}: One record, 3 of 10 look-ups, ends with "~all".',
        f"good    DKIM hp1 (rsa): The record at {HP1} has our key.",
        f"good    DKIM hp2 (ed25519): The record at {HP2} has our key.",
        f"good    DMARC of {SITE}: p=reject, at {DMARC}.",
        f"good    MX of {SITE}: Answers to INVITATIONS_ADDRESS go to mx.host.example.",
        f"good    MX of {BOUNCES}: Bounces go to mx.host.example.",
        "Nothing is wrong.",
    ]


def test_an_empty_zone_is_told_what_to_set(zone: Zone, keys: list[signing.Key]) -> None:
    zone.records.clear()
    code, said = checked(zone)
    assert code == 1
    assert f"Set a TXT record at {BOUNCES}" in said
    for key in keys:
        assert f"Set this TXT record at {key.selector}._domainkey.{SITE}: {key.record}" in said
    assert f"Set a TXT record at {DMARC}: v=DMARC1; p=quarantine; rua=mailto:" in said
    assert "so bounces are lost. Set an MX record" in said
    assert "6 of 6 are wrong." in said


def spf(text: str, *more: str) -> Callable[[Zone], None]:
    return lambda zone: zone.text(BOUNCES, text, *more)


def text(name: str, *values: str) -> Callable[[Zone], None]:
    return lambda zone: zone.text(name, *values)


def records(name: str, kind: str, *values: str) -> Callable[[Zone], None]:
    return lambda zone: zone.records.update({(name, kind): list(values)})


def eleven_lookups(zone: Zone) -> None:
    for number in range(11):
        zone.text(f"{number}.host.example", "v=spf1 ip4:192.0.2.9 -all")
    zone.text(
        "many.host.example", "v=spf1 " + " ".join(f"include:{n}.host.example" for n in range(10))
    )
    zone.text(BOUNCES, "v=spf1 include:many.host.example -all")


def loop(zone: Zone) -> None:
    zone.text(BOUNCES, f"v=spf1 include:{BOUNCES} -all")


def other_key(zone: Zone) -> None:
    other = signing.load("hp1", pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)))
    zone.text(HP1, other.record)


def everybody_elsewhere(zone: Zone) -> None:
    zone.text("_spf.host.example", "v=spf1 +all")


WRONG = [
    (everybody_elsewhere, 'It allows everybody ("+all")'),
    (eleven_lookups, "more than 10 times"),
    (loop, "more than 10 times"),
    (spf("v=spf1 -all", "v=spf1 mx -all"), "There are 2 records, so receivers use none"),
    (spf("v=spf1 +all"), 'It allows everybody ("+all")'),
    (spf("v=spf1 all"), 'It allows everybody ("+all")'),
    (spf("v=spf1 ipv4:192.0.2.1 -all"), "'ipv4:192.0.2.1', which means nothing in SPF"),
    (spf("v=spf1 include:nowhere.example -all"), "refers to nowhere.example, which has no SPF record"),
    (spf("v=spf1 redirect=nowhere.example"), "refers to nowhere.example"),
    (other_key, "The key there is not the one in DKIM_KEYS"),
    (text(HP1, "v=DKIM1; k=rsa; p="), "The key is revoked there"),
    (text(HP1, "v=DKIM1; k=rsa; p=AAAA", "v=DKIM1; p="), "There are 2 TXT records"),
    (text(HP2, "hello"), "The record is no DKIM key"),
    (text(DMARC, GOOD_DMARC, "v=DMARC1; p=none"), "There are 2 records"),
    (text(DMARC, "v=DMARC1; rua=mailto:a@b.example"), "has no valid p="),
    (records(BOUNCES, "MX", "0 ."), "takes no mail, so bounces are lost"),
    (records(BOUNCES, "MX"), "so bounces are lost. Set an MX record"),
    (records(SITE, "MX", "10 gone.host.example."), "gone.host.example has no address"),
    (lambda zone: zone.records.update({(DMARC, "TXT"): SILENT}), "The DNS gave no answer"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "sentence"), WRONG)
def test_what_is_wrong_is_said_and_is_the_exit_code(
    zone: Zone, spoil: Callable[[Zone], None], sentence: str
) -> None:
    spoil(zone)
    started = time.monotonic()
    code, said = checked(zone)
    assert code == 1
    assert sentence in said
    assert "1 of 6 are wrong." in said
    assert time.monotonic() - started < 20


BETTER = [
    (spf("v=spf1 mx"), "It does not say who may not send"),
    (spf("v=spf1 mx ?all"), "It does not say who may not send"),
    (text(DMARC, f"v=DMARC1; p=none; rua=mailto:a@{SITE}"), "p=none asks for reports and lets forgeries"),
    (text(DMARC, "v=DMARC1; p=reject"), "nobody gets reports"),
    (text(DMARC, f"v=DMARC1; p=reject; aspf=s; rua=mailto:a@{SITE}"), "DKIM alone has to pass"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), BETTER)
def test_what_could_be_better_is_said_and_does_no_harm(
    zone: Zone, change: Callable[[Zone], None], sentence: str
) -> None:
    change(zone)
    code, said = checked(zone)
    assert code == 0, said
    assert "better  " in said
    assert sentence in said


def test_redirect_macros_and_the_policy_of_the_domain_above_are_understood(
    zone: Zone, settings: Any
) -> None:
    settings.INVITATIONS_ADDRESS = f"invitations@mail.{SITE}"
    zone.text(BOUNCES, "v=spf1 exists:%{i}.spf.host.example redirect=_spf.host.example")
    zone.text(DMARC, f"{GOOD_DMARC}; sp=quarantine")
    zone.records[f"mail.{SITE}", "MX"] = ["10 mx.host.example."]
    code, said = checked(zone)
    assert code == 0, said
    assert '4 of 10 look-ups, ends with "-all"' in said
    assert f"DMARC of mail.{SITE}: SPF is checked for {BOUNCES}" in said


def test_a_public_key_without_its_x509_wrapping_is_the_same_key(
    zone: Zone, keys: list[signing.Key]
) -> None:
    """RFC 6376 shows one form and its erratum the other; both are in use."""
    import base64

    from cryptography.hazmat.primitives import serialization

    public = serialization.load_der_public_key(base64.b64decode(keys[0].public))
    bare = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    zone.text(HP1, f"v=DKIM1; p={base64.b64encode(bare).decode()}")
    code, said = checked(zone)
    assert code == 0, said


def test_a_provider_signs_and_its_own_domain_stands_in_the_envelope(
    zone: Zone, settings: Any
) -> None:
    settings.MAIL_PROVIDER, settings.DKIM_KEYS = "postmark", []
    settings.RETURN_PATH_DOMAIN = ""
    del zone.records[SITE, "TXT"]
    code, said = checked(zone)
    assert code == 0, said
    assert "DKIM: postmark signs" in said


def test_a_name_server_is_an_address(zone: Zone) -> None:
    with pytest.raises(CommandError, match="--nameserver is an address"):
        call_command("check_deliverability", nameserver="127.0.0.1:dns")

"""The mail: the same bytes every time, readable by anything, and nothing in it that was not seen."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import uuid
from datetime import UTC, datetime

import pytest

from invites import mime, rendering, tokens
from invites.rendering import Letter

UID = uuid.UUID("6f1c2f1e-5d6f-4d38-9f5b-0d8d5cf8a001")
LETTER = Letter(
    uid=UID,
    token_hash=tokens.hash_of(tokens.token(UID)),
    sender_name="Ana Diaz",
    sender_first_name="Ana",
    sender_address="ana@diaz.example",
    recipient_name="Bea Sousa",
    recipient_address="bea@norte.example",
    source="google",
    source_label="Google contacts",
    relationship="worked",
    relationship_words="",
    note="People ask me for such a lawyer; may I send them?",
    own_line="Bea, you fixed our contract in a weekend.",
)


def parsed(raw: bytes) -> email.message.EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    assert not message.defects
    return message


def text_of(raw: bytes) -> str:
    part = parsed(raw).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert rendering.render(LETTER).raw == rendering.render(dataclasses.replace(LETTER)).raw


def test_the_mail_says_who_chose_whom_why_and_from_where() -> None:
    message = parsed(rendering.render(LETTER).raw)
    assert message["Subject"] == "Ana Diaz invites you to Handpicked"
    assert message["From"] == "Ana Diaz via Handpicked <invitations@handpicked.example>"
    assert message["Reply-To"] == "Ana Diaz <ana@diaz.example>"
    assert message["To"] == "Bea Sousa <bea@norte.example>"
    words = " ".join(text_of(rendering.render(LETTER).raw).split())
    assert "Ana Diaz (ana@diaz.example) chose you for Handpicked" in words
    assert "Ana says you worked together." in words
    assert "┃ Bea, you fixed our contract in a weekend. ┃ ┃ People ask me" in words
    assert "Yours came from Ana's Google contacts." in words
    assert "No reminders." in words


def test_both_unsubscribe_headers_survive_a_long_site_address(settings: object) -> None:
    settings.SITE_URL = "https://a-rather-long-subdomain.of-a-rather-long-name.example"  # type: ignore[attr-defined]
    raw = rendering.render(LETTER).raw
    (line,) = [one for one in raw.split(b"\r\n") if one.startswith(b"List-Unsubscribe:")]
    assert line.decode().endswith(f"/i/{LETTER.token_hash}/stop/>")
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_it_is_seven_bit_with_crlf_and_short_lines() -> None:
    letter = dataclasses.replace(
        LETTER, note="Привет, 你好, مرحبا. " * 40, recipient_name="Βασίλης Παπαδόπουλος"
    )
    raw = rendering.render(letter).raw
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    body = raw.split(b"\r\n\r\n", 1)[1]
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    assert parsed(raw)["To"] == "Βασίλης Παπαδόπουλος <bea@norte.example>"
    assert "Привет, 你好, مرحبا." in text_of(raw)


@pytest.mark.parametrize("length", range(20, 60))
def test_the_token_takes_its_hashs_place_whatever_stands_before_it(
    length: int, settings: object
) -> None:
    settings.SITE_URL = "https://" + "a" * length + ".example"  # type: ignore[attr-defined]
    raw = rendering.render(LETTER).raw
    leaving = rendering.departing(raw, UID, datetime(2026, 11, 21, tzinfo=UTC))
    date, rest = leaving.split(b"\r\n", 1)
    assert date == b"Date: Sat, 21 Nov 2026 00:00:00 +0000"
    secret = tokens.token(UID).encode()
    assert LETTER.token_hash.encode() not in leaving
    assert rest.count(secret) == raw.count(LETTER.token_hash.encode()) == 7
    assert rest.replace(secret, LETTER.token_hash.encode()) == raw


def test_the_card_never_shows_the_secret() -> None:
    rendered = rendering.render(LETTER)
    secret = tokens.token(UID)
    assert secret.encode() not in rendered.raw
    assert secret not in rendered.closing + rendered.html + rendered.opening


def test_names_can_not_add_a_header() -> None:
    raw = rendering.render(
        dataclasses.replace(LETTER, recipient_name='Bea "B" \\ =?utf-8?q?x?= Sousa')
    ).raw
    assert parsed(raw)["To"].addresses[0].display_name == 'Bea "B" \\ =?utf-8?q?x?= Sousa'


def test_what_people_write_stays_text_in_the_html_part() -> None:
    letter = dataclasses.replace(LETTER, note="<script>alert(1)</script> & <b>bold</b>")
    html = rendering.render(letter).html
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;bold" in html


@pytest.mark.parametrize(
    "address", ["b ea@norte.example", "bea@norte.example\r\nBcc: x@y.example", "béa@norte.example"]
)
def test_an_address_that_would_break_the_envelope_is_refused(address: str) -> None:
    with pytest.raises(mime.UnsafeAddress):
        rendering.render(dataclasses.replace(LETTER, recipient_address=address))


def test_the_sites_words_are_at_most_120() -> None:
    rendered = rendering.render(LETTER)
    sites = f"{rendered.opening} {rendered.relationship_sentence} {rendered.closing}"
    assert len(sites.split()) <= 120


def test_the_senders_words_can_not_carry_the_recipients_secret_away() -> None:
    with pytest.raises(rendering.Unsendable):
        rendering.render(dataclasses.replace(LETTER, note=f"see {LETTER.token_hash}"))

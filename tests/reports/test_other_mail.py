"""Complaints, automatic replies, receipts, ordinary mail, and bytes that are no mail at all."""

from __future__ import annotations

import json
import random
import time

import pytest

from invites.reports import Kind, read
from tests.reports.letters import BEN, OURS, complaint, letter, multipart, original, status

PERSON = "Eva <eva@example.net>"


def test_a_complaint_names_the_reader_and_our_invitation() -> None:
    report = read(complaint("abuse", fields=f"Original-Rcpt-To: <{BEN}>\n"))
    assert (report.kind, report.feedback, report.unwanted) == (Kind.COMPLAINT, "abuse", True)
    assert [recipient.address for recipient in report.recipients] == [BEN]
    assert report.invitation is not None


def test_two_readers_may_complain_in_one_report() -> None:
    fields = f"Original-Rcpt-To: {BEN}\nOriginal-Rcpt-To: eva@example.net\n"
    assert len(read(complaint("abuse", fields=fields)).recipients) == 2


def test_a_hidden_reader_is_one_recipient_without_address() -> None:
    [recipient] = read(complaint("abuse", to='"undisclosed"')).recipients
    assert recipient.address is None


@pytest.mark.parametrize("feedback", ["auth-failure", "not-spam"])
def test_a_machine_that_checks_signatures_does_not_complain_for_a_person(feedback: str) -> None:
    report = read(complaint(feedback))
    assert (report.feedback, report.unwanted) == (feedback, False)


def test_a_complaint_marked_as_automatic_is_a_complaint() -> None:
    raw = b"Auto-Submitted: auto-generated\n" + complaint("abuse")
    assert read(raw).kind is Kind.COMPLAINT


@pytest.mark.parametrize(
    "header",
    [
        {"auto_submitted": "auto-replied"},
        {"auto_submitted": "auto-replied; owner-email=eva@example.net"},
        {"x_autoreply": "yes"},
        {"precedence": "auto_reply"},
        {"subject": "Automatic reply: Ana invites you"},
        {"subject": "=?utf-8?q?R=C3=A9ponse_automatique?="},
        {"subject": "Abwesenheitsnotiz"},
        {"subject": "不在通知"},
        {"subject": "Automatisch antwoord: Ana"},
        {"subject": "Automaattinen vastaus: Ana"},
        {"subject": "Automatikus válasz: Ana"},
        {"subject": "Αυτόματη απάντηση: Ana"},
        {"subject": "תשובה אוטומטית: Ana"},
        {"subject": "رد تلقائي: Ana"},
    ],
)
def test_a_machine_that_answers_for_a_person(header: dict[str, str]) -> None:
    raw = letter("I am away.", from_=PERSON, in_reply_to=f"<{OURS}>", **header)
    report = read(raw)
    assert (report.kind, report.recipients) == (Kind.AUTO_REPLY, ())
    assert report.original_message_id == OURS


@pytest.mark.parametrize(
    "words",
    [
        f"I have left the company; {BEN} is unknown here and your message will not be delivered.",
        f"Your message to {BEN} has not been delivered yet. To deliver it, please confirm it here.",
    ],
)
def test_neither_who_has_left_nor_who_wants_a_confirmation_is_a_bounce(words: str) -> None:
    raw = letter(
        words, from_=BEN, auto_submitted="auto-replied", subject="Re: Ana", return_path="<>"
    )
    assert read(raw).kind is Kind.AUTO_REPLY


@pytest.mark.parametrize(
    "raw",
    [
        letter("Hello Ana, thank you!", from_=PERSON, subject="Re: Ana invites you"),
        letter("Hello", from_=PERSON, auto_submitted="no"),
        letter(
            f"Why did this come back?\n> {BEN}: 550 5.1.1 User unknown\n> could not be delivered",
            from_=PERSON,
            subject="Fwd: Undeliverable: hello",
        ),
        letter(
            "Delivery failed: your parcel could not be delivered.",
            from_=PERSON,
            subject="Delivery failed",
        ),
        letter(
            f"We could not deliver your parcel to the address of {BEN}. Choose another day.",
            from_="Parcels <service@parcels.example>",
            subject="Your delivery has failed",
        ),
        letter(
            f"Please note that {BEN} no longer works here. Your next message will not be delivered.",
            from_=PERSON,
            subject="A new address",
        ),
        b"",
        b"\n\n\n",
        b"\xff\xfe\x00",
    ],
)
def test_ordinary_mail_says_nothing(raw: bytes) -> None:
    report = read(raw)
    assert (report.kind, report.recipients, report.invitation) == (Kind.NONE, (), None)


@pytest.mark.parametrize(
    ("disposition", "words", "kind"),
    [
        ("manual-action/MDN-sent-manually; displayed", "It was read.", Kind.DELIVERED),
        ("automatic-action/MDN-sent-automatically; deleted", "Rejected: over quota", Kind.BOUNCE),
        ("automatic-action/MDN-sent-automatically; deleted", "It was not read.", Kind.NONE),
    ],
)
def test_a_disposition_notification_is_a_receipt_or_a_soft_bounce(
    disposition: str, words: str, kind: Kind
) -> None:
    fields = f"Final-Recipient: rfc822;{BEN}\nOriginal-Message-ID: <{OURS}>\nDisposition: {disposition}\n"
    raw = multipart(
        "disposition-notification",
        ("text/plain", words),
        ("message/disposition-notification", fields),
        from_=PERSON,
    )
    report = read(raw)
    assert report.kind is kind
    assert not any(recipient.hard for recipient in report.recipients)


EVENTS = [
    (
        {
            "notificationType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bouncedRecipients": [
                    {
                        "emailAddress": BEN,
                        "status": "5.1.1",
                        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                    }
                ],
            },
        },
        (Kind.BOUNCE, True),
    ),
    (
        {
            "notificationType": "Bounce",
            "bounce": {
                "bounceType": "Transient",
                "bouncedRecipients": [{"emailAddress": BEN, "status": "5.1.1"}],
            },
        },
        (Kind.BOUNCE, False),
    ),
    (
        {"eventType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": BEN}]}},
        (Kind.COMPLAINT, False),
    ),
    ({"notificationType": "Delivery", "delivery": {"recipients": [BEN]}}, (Kind.DELIVERED, False)),
]


@pytest.mark.parametrize(("event", "expected"), EVENTS)
def test_events_of_a_provider_arrive_by_mail_too(
    event: dict[str, object], expected: tuple[Kind, bool]
) -> None:
    mail = {"mail": {"headers": [{"name": "Message-ID", "value": f"<{OURS}>"}]}}
    report = read(
        letter(json.dumps(event | mail) + "\n\n--\nUnsubscribe", from_="no-reply@cloud.example")
    )
    [recipient] = report.recipients
    assert (report.kind, recipient.hard) == expected
    assert recipient.address == BEN
    assert report.invitation is not None


@pytest.mark.parametrize(
    "text", ['{"notificationType": [', '{"notificationType": 3, "mail": 4}', '{"Type":"x"']
)
def test_a_broken_event_is_no_event(text: str) -> None:
    assert read(letter(text, from_=PERSON)).kind is Kind.NONE


def test_no_bytes_make_it_raise() -> None:
    seeds = [
        status("smtp; 550 5.1.1 =?utf-8?q?=FF?= unknown", code="5.1.1"),
        complaint("abuse", fields="Original-Rcpt-To: <>\n"),
        letter(f"{BEN}: 550 gone\n\n{original()}", subject="=?utf-8?b?////?= failure notice"),
        letter(json.dumps(EVENTS[0][0]), content_transfer_encoding="base64"),
        letter(
            "=ZZ=",
            content_type="text/html; charset=no-such",
            content_transfer_encoding="quoted-printable",
        ),
    ]
    dice = random.Random(20260101)
    for _ in range(1500):
        raw = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 12)):
            at = dice.randrange(len(raw))
            cut = dice.randrange(12)
            raw[at : at + cut] = dice.choice(
                [
                    b"",
                    b"\n",
                    b"\n\n",
                    b"=?",
                    b"\x00",
                    b"\xff\xfe",
                    b"--=_b",
                    b"@",
                    b"<",
                    b"{",
                    raw[:at][-40:],
                ]
            )
            raw = raw or bytearray(b"x")
        read(bytes(raw))


def test_a_page_of_tags_without_an_end_is_read_in_a_moment() -> None:
    raw = letter("<style " * 36_000, subject="failure notice", content_type="text/html")
    started = time.perf_counter()
    read(raw)
    assert time.perf_counter() - started < 10  # it took minutes


@pytest.mark.parametrize(
    "unit",
    [
        b"a",
        b"a@",
        b"<",
        b" ",
        b"\n",
        b"A: b\n",
        b"550 ",
        b"--=_b\n",
        b"user ",
        b"=?utf-8?q?",
        b"\xe4",
    ],
)
def test_a_huge_message_takes_no_longer_than_a_second(unit: bytes) -> None:
    raw = status("smtp; 550 5.1.1 User unknown").replace(
        b"Your message", unit * (3_000_000 // len(unit)), 1
    )
    started = time.perf_counter()
    read(raw)
    read(letter("x", subject="failure notice").replace(b"x", unit * (3_000_000 // len(unit))))
    assert time.perf_counter() - started < 2

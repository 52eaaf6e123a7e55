"""Bounces: hard only when nobody can be there, soft in every doubt."""

from __future__ import annotations

from uuid import UUID

import pytest

from invites.reports import Kind, Report, read
from tests.reports.letters import BEN, OURS, letter, multipart, original, status

AT_RCPT = "Your message could not be delivered.\n<{}>: said: {} (in reply to RCPT TO command)"


def only(report: Report) -> tuple[str | None, bool, str]:
    """The single recipient of a bounce: address, hard, reason."""
    assert report.kind is Kind.BOUNCE
    [recipient] = report.recipients
    return recipient.address, recipient.hard, recipient.reason


def test_a_user_who_does_not_exist_is_a_hard_bounce_and_names_our_invitation() -> None:
    report = read(status("smtp; 550 5.1.1 <ben@example.net>: User unknown", code="5.1.1"))
    assert only(report) == (BEN, True, "user unknown")
    assert report.recipients[0].status == "5.1.1"
    assert report.original_message_id == OURS
    assert report.invitation == UUID("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize(
    ("diagnosis", "code", "reason"),
    [
        ("smtp; 550 Host not found", "5.4.4", "host unknown"),
        ("smtp; 556 Domain does not accept mail", "5.1.10", "host takes no mail"),
        ("smtp; 551 Not our user", "5.1.6", "has moved"),
        ("smtp; 550 5.1.1 https://mail.example/why", "5.0.0", "user unknown"),
        ("", "5.1.1", "user unknown"),
    ],
)
def test_nobody_can_be_there(diagnosis: str, code: str, reason: str) -> None:
    assert only(read(status(diagnosis, code=code))) == (BEN, True, reason)


@pytest.mark.parametrize(
    ("diagnosis", "code", "reason"),
    [
        ("smtp; 552 5.2.2 Mailbox full", "5.2.2", "mailbox full"),
        ("smtp; 550 5.1.1 Quota exceeded", "5.1.1", "mailbox full"),
        ("smtp; 550 5.2.1 This account is inactive", "5.2.1", "account disabled"),
        (
            "smtp; 554 5.7.1 Blocked, see https://list.example/no-such-user",
            "5.1.1",
            "server blocked",
        ),
        ("smtp; 550 5.7.26 fails to pass SPF checks", "5.7.26", "SPF, DKIM or DMARC"),
        ("smtp; 550 5.1.8 Sender address rejected: does not exist", "5.1.8", "sender refused"),
        ("smtp; 554 5.7.1 Relay access denied", "5.7.1", "relaying denied"),
        ("smtp; 452 4.3.2 Connection rate limit exceeded", "4.3.2", "too much at once"),
        ("smtp; 552 5.3.4 Message size exceeds limit", "5.3.4", "message too big"),
        ("X-Postfix; connect to mx.example.net: Connection timed out", "4.4.1", "gave up waiting"),
        ("X-Postfix; Host not found, try again", "5.4.4", "network"),
        ("x-unix; id: ben: No such user", "5.1.1", "delivery program failed"),
        ("smtp; 550 Somethinq odd happened", "5.1.1", "no clear reason"),
        ("", "5.0.0", "no clear reason"),
    ],
)
def test_a_person_may_still_be_there(diagnosis: str, code: str, reason: str) -> None:
    assert only(read(status(diagnosis, code=code))) == (BEN, False, reason)


def test_unknown_user_is_believed_at_rcpt_to_and_doubted_after_data() -> None:
    said = "smtp; 550 Unknown user"
    words = AT_RCPT.format(BEN, "550 Unknown user")
    assert only(read(status(said, words=words))) == (BEN, True, "user unknown")
    words = words.replace("RCPT TO command", "end of DATA command")
    assert only(read(status(said, words=words))) == (BEN, False, "filtered")
    assert only(read(status(said))) == (BEN, False, "filtered")


def test_what_is_refused_at_mail_from_is_never_the_recipients_fault() -> None:
    words = AT_RCPT.format(BEN, "550 user unknown").replace("RCPT TO", "MAIL FROM")
    assert only(read(status("smtp; 550 user unknown", words=words)))[1] is False


def test_a_delay_is_soft_whatever_it_says() -> None:
    report = read(status("smtp; 450 4.1.1 User unknown", code="4.1.1", action="delayed"))
    assert only(report) == (BEN, False, "user unknown")


def test_when_people_are_told_another_story_than_machines_the_softer_one_counts() -> None:
    raw = status(
        "smtp; 550 5.1.1 User unknown", code="5.1.1", words="Rejected: not enough disk space"
    )
    assert only(read(raw)) == (BEN, False, "mailbox full")


def test_two_recipients_are_told_apart() -> None:
    fields = "".join(
        f"\nFinal-Recipient: rfc822; {address}\nAction: failed\nStatus: {code}\n"
        for address, code in ((BEN, "5.1.1"), ("eva@example.net", "5.2.2"))
    )
    raw = multipart(
        "delivery-status", ("message/delivery-status", f"Reporting-MTA: dns; a\n{fields}")
    )
    told = [(recipient.address, recipient.hard) for recipient in read(raw).recipients]
    assert told == [(BEN, True), ("eva@example.net", False)]


def test_a_receipt_is_no_bounce() -> None:
    report = read(status("smtp; 250 2.1.5 Ok", code="2.1.5", action="relayed"))
    assert report.kind is Kind.DELIVERED
    assert [recipient.address for recipient in report.recipients] == [BEN]


def test_a_notification_that_lost_its_mime_wrapping_is_still_read() -> None:
    raw = status("smtp; 550 5.1.1 User unknown", code="5.1.1").replace(b'boundary="=_b"', b"")
    assert only(read(raw)) == (BEN, True, "user unknown")


def test_a_notification_in_base64_is_read() -> None:
    import base64

    fields = f"Final-Recipient: rfc822; {BEN}\nAction: failed\nStatus: 5.1.1\n"
    text = base64.b64encode(f"Reporting-MTA: dns; a\n\n{fields}".encode()).decode()
    raw = multipart(
        "delivery-status",
        ("message/delivery-status\nContent-Transfer-Encoding: base64", text),
    )
    assert only(read(raw)) == (BEN, True, "user unknown")


QMAIL = "Hi. This is the mail program.\nI wasn't able to deliver your message.\n\n"
PROSE = [
    (
        QMAIL
        + f"<{BEN}>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 no such user\n",
        True,
    ),
    (QMAIL + f"<{BEN}>:\nRemote host said: 550 no such user\n", False),
    (QMAIL + f"<{BEN}>:\nSorry, I couldn't find any host named example.net. (#5.1.2)\n", True),
    (
        f"Could not be delivered:\n\n  {BEN}\n    all relevant MX records point to non-existent hosts\n",
        True,
    ),
    (
        f"Delivery to the following recipient failed permanently:\n\n    {BEN}\n\n550 5.1.1 gone\n",
        True,
    ),
    (f"{BEN}: 552 5.2.2 mailbox full\nYour message could not be delivered.\n", False),
    (f"Your message to {BEN} couldn't be delivered.\nBen wasn't found at example.net.\n", False),
    (f"Votre message n'a pas été remis\n{BEN}: 550 5.1.1 adresse inconnue\n", True),
    (f"Nicht zugestellt an\n{BEN}\nGrund: Postfach ist voll\n", False),
    (f"宛先に配信できません\n{BEN}: 550 5.1.1 宛先不明\n", True),
]


@pytest.mark.parametrize(("words", "hard"), PROSE)
def test_prose_is_read_by_its_shape(words: str, hard: bool) -> None:
    title = "\n--- Below this line is a copy of the message.\n\n"
    report = read(letter(words + title + original(), subject="failure notice", return_path="<>"))
    assert only(report)[:2] == (BEN, hard)
    assert report.original_message_id == OURS


def test_in_a_transcript_the_servers_words_outrank_what_the_program_makes_of_them() -> None:
    session = f">>> DATA\n<<< 550 no such user\n550 5.1.1 <{BEN}>... User unknown\n"
    raw = letter(f"<{BEN}>\n\n{session}", subject="Returned mail: User unknown")
    assert only(read(raw)) == (BEN, False, "filtered")
    assert only(read(raw.replace(b">>> DATA", b">>> RCPT To:<ben@example.net>")))[1] is True


def test_one_recipients_refusal_is_not_held_against_another() -> None:
    words = (
        f"Could not be delivered:\n{BEN}\neva@example.net\n\nTranscript of session follows\n"
        f">>> RCPT To:<eva@example.net>\n<<< 452 try again later\n"
        f">>> RCPT To:<{BEN}>\n<<< 550 5.1.1 no such user\n"
    )
    told = [
        (one.address, one.hard) for one in read(letter(words, subject="Returned mail")).recipients
    ]
    assert told == [(BEN, True), ("eva@example.net", False)]


def test_a_gateway_may_wrap_a_notification_in_an_empty_mail() -> None:
    inner = status("smtp; 550 5.1.1 User unknown", code="5.1.1").decode()
    raw = multipart("other", ("message/rfc822", inner), subject="Undelivered Mail")
    assert only(read(raw)) == (BEN, True, "user unknown")


def test_failed_recipients_in_the_header_come_first() -> None:
    words = "The following address failed:\n  an undisclosed address\n"
    raw = letter(words, x_failed_recipients=f"{BEN}, eva@example.net")
    assert [recipient.address for recipient in read(raw).recipients] == [BEN, "eva@example.net"]


def test_html_alone_is_read_too() -> None:
    page = f"<style>p{{}}</style><p>Could not be delivered to</p><p>{BEN}</p><b>550 5.1.1 gone</b>"
    raw = letter(page, subject="Undeliverable: hello", content_type="text/html; charset=utf-8")
    assert only(read(raw))[:2] == (BEN, True)


def test_an_address_is_the_one_that_was_written_to_not_the_one_it_was_forwarded_to() -> None:
    raw = status("smtp; 550 5.1.1 User unknown", code="5.1.1", recipient="ben@elsewhere.example")
    raw = raw.replace(
        b"Final-Recipient", f"Original-Recipient: rfc822;{BEN}\nFinal-Recipient".encode()
    )
    assert only(read(raw))[0] == BEN

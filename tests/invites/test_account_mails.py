"""Account mails and receipts: handed over once, again after a pause, and not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from invites.actions import account_mails, receipt_mails
from invites.delivery import MailForbidden
from invites.mail_models import AccountMail
from invites.models import Batch
from ledger import clock
from tests import people
from tests.smtp_sink import Sink, smtp_sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Sink]:
    with smtp_sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink


def write(to: str = "ana@diaz.example") -> None:
    account_mails.write(
        template="account/email/email_confirmation", to=to, subject="Your code", text="AB12-CD34\n"
    )


def later(minutes: int) -> None:
    """As if so many minutes had passed."""
    gone = timedelta(minutes=minutes)
    AccountMail.objects.update(next_try=F("next_try") - gone, written_at=F("written_at") - gone)
    Batch.objects.update(receipt_after=F("receipt_after") - gone)


def refuse(mailbox: Sink, reply: str, moment: str) -> None:
    mailbox.answer = lambda verb, recipient: reply if verb == moment else None


def test_a_mail_is_handed_over_once_and_nothing_of_it_is_kept(mailbox: Sink) -> None:
    write()
    assert account_mails.send_pending() == 1
    assert account_mails.send_pending() == 0
    assert mailbox.recipients == ["ana@diaz.example"]
    assert b"AB12-CD34" in mailbox.taken[0][1]
    assert not AccountMail.objects.exists()


def test_only_templates_of_the_list_are_written_down() -> None:
    with pytest.raises(MailForbidden):
        account_mails.write(template="anything", to="a@b.example", subject="Hello", text="Buy")
    assert not AccountMail.objects.exists()


def test_a_mail_for_nobody_reaches_no_mail_server(settings: Any) -> None:
    settings.EMAIL_PORT = 1
    write(to=account_mails.NOBODY)
    assert account_mails.send_pending() == 0
    assert not AccountMail.objects.exists()


def test_without_a_mail_server_a_mail_waits_for_a_minute_then_for_two(
    settings: Any, mailbox: Sink
) -> None:
    settings.EMAIL_PORT, port = 1, mailbox.port
    write()
    assert account_mails.send_pending() == 0
    settings.EMAIL_PORT = port
    assert account_mails.send_pending() == 0  # the pause
    later(minutes=1)
    settings.EMAIL_PORT = 1
    assert account_mails.send_pending() == 0
    settings.EMAIL_PORT = port
    later(minutes=1)
    assert account_mails.send_pending() == 0
    later(minutes=1)
    assert account_mails.send_pending() == 1


def test_a_mail_that_waited_too_long_is_deleted_unsent(mailbox: Sink) -> None:
    write()
    later(minutes=15)
    assert account_mails.send_pending() == 0
    assert mailbox.taken == []
    assert not AccountMail.objects.exists()


@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "TAKEN"])
def test_a_mail_that_is_refused_for_good_is_deleted(mailbox: Sink, moment: str) -> None:
    refuse(mailbox, "550 no such person", moment)
    write()
    assert account_mails.send_pending() == 0
    assert not AccountMail.objects.exists()


def test_a_mail_that_is_refused_for_now_keeps_no_other_waiting(mailbox: Sink) -> None:
    mailbox.answer = lambda verb, recipient: (
        "451 later" if verb == "RCPT" and recipient.startswith("ana") else None
    )
    write()
    write(to="bea@norte.example")
    assert account_mails.send_pending() == 1
    assert mailbox.recipients == ["bea@norte.example"]
    assert AccountMail.objects.count() == 1


def test_an_address_that_smtp_cannot_say_keeps_no_other_waiting(mailbox: Sink) -> None:
    write(to="ana@x..example")
    write()
    assert account_mails.send_pending() == 1


def test_a_mail_whose_key_is_gone_is_deleted(settings: Any, mailbox: Sink) -> None:
    write()
    settings.GRANT_KEYS = ["A" * 43 + "="]
    assert account_mails.send_pending() == 0
    assert not AccountMail.objects.exists()


def test_a_receipt_that_is_refused_for_good_is_tried_once(mailbox: Sink) -> None:
    people.confirmed(people.member())
    asked: list[str] = []

    def answer(verb: str, recipient: str) -> str | None:
        asked.append(verb)
        return "550 no such person" if verb == "RCPT" else None

    mailbox.answer = answer
    receipt_mails.send_pending()
    later(minutes=10_000)
    receipt_mails.send_pending()
    assert asked.count("RCPT") == 1
    assert Batch.objects.get().receipt_sent_at is None


def test_a_receipt_that_is_refused_for_now_is_tried_after_pauses_that_end(
    settings: Any, mailbox: Sink
) -> None:
    people.confirmed(people.member())
    refuse(mailbox, "451 later", "RCPT")
    tries: list[int] = []
    for pause in [0, *settings.ATTEMPT_MINUTES, 10_000]:
        if pause:
            later(minutes=pause - 1)
            receipt_mails.send_pending()  # too early
            later(minutes=1)
        receipt_mails.send_pending()
        tries.append(Batch.objects.get().receipt_attempts)
    assert tries == [1, 2, 3, 4, 5, 6, 6]


def test_a_receipt_waits_for_a_silent_server_as_long_as_it_takes(
    settings: Any, mailbox: Sink
) -> None:
    people.confirmed(people.member())
    settings.EMAIL_PORT, port = 1, mailbox.port
    for _ in range(20):
        receipt_mails.send_pending()
        later(minutes=1)
    settings.EMAIL_PORT = port
    assert receipt_mails.send_pending() == 1
    assert receipt_mails.send_pending() == 0
    batch = Batch.objects.get()
    assert batch.receipt_sent_at is not None
    assert clock.now() - batch.receipt_sent_at < timedelta(minutes=1)

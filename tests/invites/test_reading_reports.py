"""The mailbox for returned mail, on a real IMAP server: each message once, also after a crash."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from invites import mailbox
from invites.actions import reading_reports, returned_mail
from invites.actions.reading_reports import read_new
from invites.mail_models import ReportsMailbox
from invites.mailbox import Account, Mailbox
from invites.models import Hold, Invitation, Suppression
from invites.recipients.models import Case
from ledger.models import Entry
from tests import people
from tests.arrivals import arrived, mail_server
from tests.imap_server import DONE, empty, imap_server, put, subjects, unread
from tests.invites.test_returned_mail import bounce, complaint, header_of
from tests.page_rules import every_row
from tests.reports.letters import letter
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db

TO_A_PERSON = letter("How do I stop these?", from_="Bea <bea@norte.example>", subject="A question")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with imap_server(tmp_path_factory.mktemp("imap")) as account:
        yield account


@pytest.fixture
def account(settings: Any, server: Account) -> Account:
    empty(server)
    settings.REPORTS_MAILBOX = server
    return server


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    with mail_server(settings) as server:
        yield server


@pytest.fixture
def bea(sink: Sink) -> Invitation:
    return arrived(people.member())


def test_reports_take_effect_and_move_away_and_other_mail_stays_unread_for_a_person(
    account: Account, sink: Sink, bea: Invitation
) -> None:
    put(account, TO_A_PERSON)
    put(account, bounce(header_of(sink)))
    put(account, complaint(header_of(sink)))
    assert read_new() == 3
    assert read_new() == 0

    assert subjects(account, "INBOX") == ["A question"]
    assert unread(account) == 1
    assert sorted(subjects(account, DONE)) == [
        "Undelivered Mail Returned to Sender", "complaint about message",
    ]  # fmt: skip
    bea.refresh_from_db()
    assert bea.bounced_at
    assert Hold.objects.exists()

    put(account, letter("Again", subject="Another question"))
    assert read_new() == 1


def test_a_server_without_move_will_do(
    account: Account, sink: Sink, bea: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imaplib.IMAP4, "capability", lambda self: ("OK", [b"IMAP4rev1 UIDPLUS"]))
    put(account, TO_A_PERSON)
    put(account, bounce(header_of(sink)))
    read_new()
    assert subjects(account, "INBOX") == ["A question"]
    assert subjects(account, DONE) == ["Undelivered Mail Returned to Sender"]


@pytest.mark.parametrize("moment", ["before it counts", "before it moves"])
def test_a_crash_repeats_nothing(
    account: Account, sink: Sink, bea: Invitation, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_new()  # an empty mailbox is known from then on
    put(account, complaint(header_of(sink)))
    put(account, TO_A_PERSON)

    def crash(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "before it counts":
            patch.setattr(ReportsMailbox, "save", crash)
        else:
            patch.setattr(Mailbox, "put_away", crash)
        with pytest.raises(KeyboardInterrupt):
            read_new()
    assert Entry.objects.filter(action="invitation.complained").count() == 1

    while read_new():
        pass
    assert Entry.objects.filter(action="invitation.complained").count() == 1
    assert Case.objects.count() == Hold.objects.count() == 1
    assert "A question" in subjects(account, "INBOX")


def test_two_workers_at_once_do_it_once(account: Account, sink: Sink, bea: Invitation) -> None:
    put(account, complaint(header_of(sink)))
    with mailbox.opened(account) as first:
        [(uid, raw)] = first.after(0, 100_000)
        assert read_new() == 1
        before = every_row()
        returned_mail.take_mail(raw)
        first.put_away(uid)
        assert every_row() == before


def test_a_server_that_counts_anew_is_read_anew_and_nothing_counts_twice(
    account: Account, sink: Sink, bea: Invitation
) -> None:
    put(account, TO_A_PERSON)
    read_new()
    ReportsMailbox.objects.update(validity=1, last_uid=10_000)
    put(account, bounce(header_of(sink)))
    assert read_new() == 2
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"port": 1}, {"password": "no"}, {"folder": "Nowhere"}, {"host": "nowhere.invalid"}]
)
def test_a_mailbox_that_can_not_be_read_is_said_without_its_password_and_tried_again(
    account: Account, settings: Any, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    settings.REPORTS_MAILBOX = replace(account, **wrong)
    assert read_new() == 0
    assert "the mailbox can't be read now" in caplog.text
    assert account.password not in caplog.text


def test_a_folder_that_can_not_be_made_stops_nothing(
    account: Account, settings: Any, sink: Sink, bea: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mailbox, "put_away", lambda self, uid: False)
    put(account, bounce(header_of(sink)))
    put(account, TO_A_PERSON)
    assert reading_reports.read_new() == 2
    assert Suppression.objects.exists()

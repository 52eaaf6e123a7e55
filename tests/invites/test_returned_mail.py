"""Returned mail: what it does to the one invitation that it proves to be about, and to nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from bin.virtual_environment import ROOT
from invites import outbox, return_path, tokens
from invites.actions import cases, outcomes, returned_mail
from invites.actions.returned_mail import Effect
from invites.consent import State
from invites.mail_models import ReturnedReport
from invites.models import Hold, Invitation, Reservation, Suppression
from invites.recipients.models import Case
from ledger.models import Entry
from tests import people
from tests.arrivals import arrived, mail_server
from tests.importer.test_killed_worker import database_url
from tests.page_rules import every_row
from tests.reports.letters import letter, multipart
from tests.smtp_sink import HANG_UP, Sink

pytestmark = pytest.mark.django_db

BEA = "bea@norte.example"
NO_USER = "smtp; 550 5.1.1 <bea@norte.example>: Recipient address rejected: User unknown"


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    settings.RETURN_PATH_DOMAIN = "bounces.handpicked.example"
    with mail_server(settings) as server:
        yield server


@pytest.fixture
def bea(sink: Sink) -> Invitation:
    return arrived(people.member())


@pytest.fixture
def unknown(sink: Sink) -> Invitation:
    """The server took the mail, and fell silent before it said so."""
    sink.answer = lambda verb, to: HANG_UP if verb == "TAKEN" else None
    invitation = people.reviewed(people.member())
    people.confirm(invitation.sender)
    outbox.send_due()
    invitation.refresh_from_db()
    assert invitation.state == "unknown"
    return invitation


def bounce(
    original: str,
    diagnosis: str = NO_USER,
    *,
    code: str = "5.1.1",
    action: str = "failed",
    recipient: str = BEA,
    to: str = "invitations@handpicked.example",
) -> bytes:
    """What a mail server sends back, with as much of the mail as it chooses to quote."""
    return multipart(
        "delivery-status",
        ("text/plain", "Your message could not be delivered."),
        (
            "message/delivery-status",
            f"Reporting-MTA: dns; mx.norte.example\n\nFinal-Recipient: rfc822; {recipient}\n"
            f"Action: {action}\nStatus: {code}\nDiagnostic-Code: {diagnosis}\n",
        ),
        ("text/rfc822-headers", original),
        subject="Undelivered Mail Returned to Sender",
        to=to,
        return_path="<>",
    )


def complaint(original: str, feedback: str = "abuse") -> bytes:
    """What a large mailbox provider sends when somebody presses its spam button."""
    return multipart(
        "feedback-report",
        ("text/plain", "This is an email abuse report."),
        (
            "message/feedback-report",
            f"Feedback-Type: {feedback}\nUser-Agent: Mailbox/1.0\nVersion: 1\n",
        ),
        ("message/rfc822", original),
        subject="complaint about message",
    )


def header_of(sink: Sink, recipient: str = BEA) -> str:
    """The header of the mail as its recipient's server has it."""
    [raw] = [mail for to, mail in sink.taken if to == recipient]
    return raw.decode().replace("\r\n", "\n").partition("\n\n")[0]


def message_id_only(invitation: Invitation) -> str:
    """All of a mail that its sender can know without having it."""
    return f"Message-ID: <{invitation.uid.hex}@handpicked.example>\nTo: <{BEA}>\nSubject: x"


def path_of(invitation: Invitation) -> str:
    return return_path.address(invitation.uid)


# --- bounces --------------------------------------------------------------------------------------


def test_a_hard_bounce_shuts_the_address_for_everybody(sink: Sink, bea: Invitation) -> None:
    assert returned_mail.take_mail(bounce(header_of(sink))) is Effect.BOUNCED

    bea.refresh_from_db()
    assert bea.bounced_at
    assert bea.state == "sent"
    suppressed = Suppression.objects.get()
    assert (suppressed.reason, suppressed.sender) == ("bounce", None)
    entry = Entry.objects.get(action="invitation.bounced")
    assert (entry.subject, entry.facts) == (bea.uid, {"hard": True, "status": "5.1.1"})


def test_a_soft_bounce_ends_the_invitation_and_shuts_nobody_out(
    sink: Sink, bea: Invitation
) -> None:
    raw = bounce(header_of(sink), "smtp; 552 5.2.2 Mailbox full", code="5.2.2")
    assert returned_mail.take_mail(raw) is Effect.BOUNCED

    bea.refresh_from_db()
    assert bea.bounced_at
    assert not Suppression.objects.exists()
    assert not Hold.objects.exists()
    assert bea.batch
    assert [row.kind for row in outcomes.rows_of(bea.batch)] == ["came_back"]


def test_while_a_server_still_tries_nothing_has_happened(sink: Sink, bea: Invitation) -> None:
    before = every_row()
    raw = bounce(header_of(sink), "smtp; 451 4.7.1 Greylisted", code="4.7.1", action="delayed")
    assert returned_mail.take_mail(raw) is Effect.NOTHING
    assert every_row() == before


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ({"action": "failed"}, State.FAILED),
        ({"diagnosis": "smtp; 250 ok", "code": "2.0.0", "action": "delivered"}, State.SENT),
    ],
)
def test_a_report_settles_what_nobody_knew(
    sink: Sink, unknown: Invitation, raw: dict[str, str], state: State
) -> None:
    returned_mail.take_mail(bounce(header_of(sink), **raw))

    unknown.refresh_from_db()
    assert unknown.state == state
    assert Reservation.objects.exists() is (state is State.SENT)


def test_a_bounce_of_another_address_than_ours_is_never_hard(sink: Sink, bea: Invitation) -> None:
    """Bea's mail is forwarded, and only where it is forwarded to nobody is there."""
    raw = bounce(header_of(sink), recipient="bea.private@elsewhere.example")
    assert returned_mail.take_mail(raw) is Effect.BOUNCED
    assert not Suppression.objects.exists()


def test_the_return_path_says_which_invitation_when_nothing_is_quoted(bea: Invitation) -> None:
    raw = bounce("", to=path_of(bea).upper())
    assert returned_mail.take_mail(raw) is Effect.BOUNCED
    assert Suppression.objects.exists()


# --- complaints -----------------------------------------------------------------------------------


def test_a_complaint_shuts_the_address_holds_the_sender_and_is_told_to_staff(
    sink: Sink, bea: Invitation
) -> None:
    assert returned_mail.take_mail(complaint(header_of(sink))) is Effect.COMPLAINED

    assert Suppression.objects.get().reason == "complaint"
    assert Hold.objects.get().scope == f"sender:{bea.sender_id}"
    assert Entry.objects.get(action="invitation.complained").facts == {"feedback": "abuse"}
    sam = people.member("Sam Staff")
    User.objects.filter(pk=sam.pk).update(is_staff=True, is_superuser=True)
    cases.tell_staff()
    to, mail = sink.taken[-1]
    assert to == sam.email
    assert f"/admin/audit/case/{Case.objects.get().pk}/" in mail.decode().replace("=\r\n", "")


def test_a_complaint_is_not_undone_by_what_comes_after_it(sink: Sink, bea: Invitation) -> None:
    returned_mail.take_mail(complaint(header_of(sink)))
    returned_mail.take_mail(bounce(header_of(sink)))
    returned_mail.take_mail(complaint(header_of(sink), "not-spam"))

    assert Suppression.objects.get().reason == "complaint"
    assert Hold.objects.get().lifted_at is None
    assert Case.objects.count() == 1


@pytest.mark.parametrize("feedback", ["auth-failure", "not-spam"])
def test_a_report_that_no_person_made_is_no_complaint(
    sink: Sink, bea: Invitation, feedback: str
) -> None:
    before = every_row()
    assert returned_mail.take_mail(complaint(header_of(sink), feedback)) is Effect.NOTHING
    assert every_row() == before


# --- once, and only what is proven ----------------------------------------------------------------


def test_the_same_report_counts_once(sink: Sink, bea: Invitation) -> None:
    raw = complaint(header_of(sink))
    returned_mail.take_mail(raw)
    before = every_row()
    assert returned_mail.take_mail(raw) is Effect.NOTHING
    assert every_row() == before


def test_after_a_year_a_report_counts_no_more_and_nothing_is_kept_of_it(
    sink: Sink, bea: Invitation, settings: Any
) -> None:
    returned_mail.take_mail(complaint(header_of(sink)))
    settings.RECIPIENT_DAYS = 0
    assert returned_mail.forget_digests() == 1
    before = every_row()
    assert returned_mail.take_mail(complaint(header_of(sink))) is Effect.NOTHING
    assert every_row() == before


def forged(bea: Invitation) -> dict[str, bytes]:
    """What somebody could write who would like to shut Bea out, or fail her invitation."""
    known, address = message_id_only(bea), path_of(bea)
    wrong_mac = address[: address.index("-") + 1] + "a" * 16 + address[address.index("@") :]
    wrong_link = f"List-Unsubscribe: <http://localhost:8000/i/{'A' * tokens.LENGTH}/stop/>"
    hashed = f"List-Unsubscribe: <http://localhost:8000/i/{bea.token_hash}/stop/>"
    return {
        "the Message-ID, which the sender can know": bounce(known),
        "a complaint with it": complaint(known),
        "a wrong MAC": bounce(known, to=wrong_mac),
        "a made-up link": bounce(f"{known}\n{wrong_link}"),
        "the link as the sender sees it": complaint(f"{known}\n{hashed}"),
        "nothing but her address": bounce("", to="invitations@handpicked.example"),
        "a receipt": bounce(known, "smtp; 250 ok", action="delivered", code="2.0.0"),
    }


def test_a_forged_report_changes_nothing(unknown: Invitation) -> None:
    before = every_row()
    for what, raw in forged(unknown).items():
        assert returned_mail.take_mail(raw) is Effect.NOTHING, what
        assert every_row() == before, what


def test_who_holds_one_mail_can_report_nobody_elses(sink: Sink, bea: Invitation) -> None:
    """Mallory was invited too. Her own mail proves hers, whatever else she writes into the report."""
    mallory = arrived(people.member("Tom Berg"), "Mallory", "mallory@evil.example")
    own = header_of(sink, "mallory@evil.example")
    raw = bounce(f"{message_id_only(bea)}\n{own}", recipient=BEA)
    returned_mail.take_mail(raw)

    bea.refresh_from_db()
    mallory.refresh_from_db()
    assert (bea.bounced_at, bea.stopped_at) == (None, None)
    assert mallory.bounced_at
    assert not Suppression.objects.exists()  # she spoke of Bea, so nothing is sure


ANSWERS = {
    "out of office": letter(
        "I am away until Monday.", from_="Bea <bea@norte.example>", auto_submitted="auto-replied",
        subject="Automatic reply: Ana Diaz invites you",
    ),
    "a person": letter(
        "No such user? That made me laugh. 550 5.1.1! Undeliverable, you wrote.",
        from_="Bea <bea@norte.example>", subject="Re: Ana Diaz invites you",
        in_reply_to="<0123456789abcdef0123456789abcdef@handpicked.example>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_changes_nothing_even_at_the_return_path(
    sink: Sink, bea: Invitation, name: str
) -> None:
    before = every_row()
    raw = f"To: {path_of(bea)}\n".encode() + ANSWERS[name] + header_of(sink).encode()
    returned_mail.take_mail(raw)
    assert every_row() == before


def test_nothing_in_the_ledger_or_the_table_of_reports_names_anybody(
    sink: Sink, bea: Invitation
) -> None:
    returned_mail.take_mail(complaint(header_of(sink), "bea@norte.example"))
    returned_mail.take_mail(bounce(header_of(sink)))

    kept = repr([*Entry.objects.values("action", "facts"), *ReturnedReport.objects.values()])
    assert "norte" not in kept
    # As a word: among the digits of a digest these letters stand by chance.
    assert not re.search(r"(?<![0-9a-f])bea(?![0-9a-f])", kept.lower())


# --- the pipe -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_mail_servers_pipe_ends_here(sink: Sink, bea: Invitation) -> None:
    def receive(raw: bytes, database: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "manage.py", "receive_report"],
            cwd=ROOT, input=raw, capture_output=True, check=False, timeout=60,
            env=os.environ | {
                "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": database,
                "RETURN_PATH_DOMAIN": "bounces.handpicked.example",
            },
        )  # fmt: skip

    taken = receive(bounce("", to=path_of(bea)), database_url())
    assert (taken.returncode, taken.stdout, taken.stderr) == (os.EX_OK, b"", b"")
    assert Suppression.objects.get().reason == "bounce"
    bea.refresh_from_db()
    assert bea.bounced_at

    away = receive(bounce(header_of(sink)), "postgresql://nobody@127.0.0.1:1/nothing")
    assert away.returncode == os.EX_TEMPFAIL

"""Who is a member already is asked inside the site: no mail, and the sender sees what others see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from invites import outbox
from invites.actions import cases, outcomes
from invites.models import Batch, Hold, Invitation, Suppression
from invites.recipients.models import Case
from ledger import clock
from tests import people
from tests.arrivals import mail_server
from tests.page_rules import look, text_of
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db
PATH = "/invitations/requests/"


@pytest.fixture
def post(settings: Any) -> Iterator[Sink]:
    with mail_server(settings) as sink:
        yield sink


@pytest.fixture
def batch(post: Sink) -> Batch:
    """Ana has invited Bea, who is a member, without knowing it."""
    ana = people.member()
    people.reviewed(ana, "Bea Sousa", "B.ea@norte.example")
    return people.confirm(ana)


@pytest.fixture
def bea(post: Sink) -> Client:
    member = people.member("Bea Sousa", "b.ea@norte.example")
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def invitation(bea: Client, batch: Batch) -> Invitation:
    outbox.send_due()
    invitation = batch.invitations.get()
    assert invitation.state == "requested"
    return invitation


def kind(invitation: Invitation) -> str:
    invitation.refresh_from_db()
    return outcomes.row(invitation, clock.now(), held=False).kind


def test_the_member_reads_who_and_why_and_no_mail_was_sent(
    bea: Client, invitation: Invitation, post: Sink
) -> None:
    said = text_of(look(bea, PATH))

    assert "Ana Diaz" in said
    assert people.NOTE in said
    assert "no mail was sent" in said
    assert post.taken == []
    assert "Somebody has invited you." in text_of(look(bea, "/"))


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ("accept", "accepted"),
        ("decline", "delivered"),
        ("not_how", "delivered"),
        ("dont_know", "delivered"),
        ("stop", "delivered"),
        ("report", "delivered"),
    ],
)
def test_each_answer_is_given_once_and_the_sender_sees_one_of_two_things(
    bea: Client, invitation: Invitation, answer: str, seen: str
) -> None:
    first = bea.post(PATH, {"invitation": str(invitation.uid), "answer": answer}, follow=True)
    again = bea.post(PATH, {"invitation": str(invitation.uid), "answer": answer}, follow=True)

    assert "There are none." in text_of(first)
    assert "There is no such invitation to answer any more" in text_of(again)
    assert kind(invitation) == seen
    assert Suppression.objects.exists() is (answer == "stop")
    assert Hold.objects.exists() is (answer == "report")


def test_an_answer_is_shown_and_taken_back_and_another_one_given(
    bea: Client, invitation: Invitation
) -> None:
    asked = {"invitation": str(invitation.uid)}
    too_early = bea.post(PATH, asked | {"answer": "take_back"}, follow=True)
    assert "There is no such answer to take back any more" in text_of(too_early)
    said = text_of(bea.post(PATH, asked | {"answer": "not_how"}, follow=True))
    assert "What you answered Ana Diaz “That isn’t how we know each other” Take it back" in said

    back = text_of(bea.post(PATH, asked | {"answer": "take_back"}, follow=True))

    assert "Taken back. You can answer anew." in back
    assert people.NOTE in back
    assert "What you answered" not in back
    said = text_of(bea.post(PATH, asked | {"answer": "accept"}, follow=True))
    assert "Accepted. The sender sees it." in said
    assert kind(invitation) == "accepted"


def test_after_a_year_there_is_nothing_to_answer_and_nothing_to_take_back(
    bea: Client, invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    year = timedelta(days=settings.RECIPIENT_DAYS + 1)
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: timezone.now() + year)
        assert "There are none." in text_of(look(bea, PATH))
        assert "Somebody has invited you." not in text_of(look(bea, "/"))
    bea.post(PATH, {"invitation": str(invitation.uid), "answer": "decline"})
    assert "What you answered" in text_of(look(bea, PATH))

    monkeypatch.setattr(clock, "now", lambda: timezone.now() + year)

    assert "What you answered" not in text_of(look(bea, PATH))


def test_nobody_answers_for_somebody_else(client: Client, invitation: Invitation) -> None:
    client.force_login(people.member("Eve Berg"))

    said = client.post(PATH, {"invitation": str(invitation.uid), "answer": "accept"}, follow=True)

    assert "There is no such invitation" in text_of(said)
    assert kind(invitation) == "delivered"


def test_a_member_who_has_stopped_invitations_is_not_asked(bea: Client, batch: Batch) -> None:
    from invites.actions.suppressing import Reason, suppress

    suppress("b.ea@norte.example", reason=Reason.OWNER)
    outbox.send_due()

    assert batch.invitations.get().state == "blocked"
    assert "There are none." in text_of(look(bea, PATH))
    assert "Somebody has invited you." not in text_of(look(bea, "/"))


def test_a_withdrawn_request_is_gone(bea: Client, invitation: Invitation, batch: Batch) -> None:
    from invites.actions import taking_back

    assert taking_back.withdraw(member=User.objects.get(first_name="Ana"), uid=invitation.uid)

    assert "There are none." in text_of(look(bea, PATH))
    assert kind(invitation) == "withdrawn"


@pytest.mark.parametrize("posted", [{}, {"answer": "accept"}, {"invitation": "x", "answer": "y"}])
def test_a_forged_form_changes_nothing(bea: Client, posted: dict[str, str]) -> None:
    assert bea.post(PATH, posted).status_code == 404


def test_a_report_takes_words_along_and_its_outcome_is_read_where_it_was_made(
    bea: Client, invitation: Invitation
) -> None:
    posted = {"invitation": str(invitation.uid), "answer": "report", "words": "Not really Ana."}
    said = text_of(bea.post(PATH, posted, follow=True))
    assert "You reported Ana Diaz’s invitation" in said
    assert "Decided not yet" in said

    case = Case.objects.get()
    assert case.words == "Not really Ana."
    staff = people.member("Sam Staff")
    cases.decide(
        case=case, decision="It was not Ana.", what_changed="Closed.", outcome=None, staff=staff
    )

    said = text_of(look(bea, PATH))
    assert "It was not Ana." in said
    assert "What changed Closed." in said
    stranger = Client()
    stranger.force_login(staff)
    assert "You reported" not in text_of(look(stranger, PATH))


def test_a_sender_on_hold_reads_it_where_they_come_in(
    bea: Client, invitation: Invitation, settings: Any
) -> None:
    sender = Client()
    sender.force_login(invitation.sender)
    assert "On hold" not in text_of(look(sender, "/"))

    bea.post(PATH, {"invitation": str(invitation.uid), "answer": "report"})

    said = text_of(look(sender, "/"))
    assert "On hold: a person is looking." in said
    assert f"Write to {settings.INVITATIONS_ADDRESS}; a person reads it." in said

"""Bea answers: no, thanks; not how we know each other; don't know; no more from Ana. Ana sees nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites.actions import answering, outcomes, responding
from invites.consent import State
from invites.models import Batch, Invitation, Suppression
from invites.recipients.models import Answer, AnswerKind
from invites.tokens import token
from ledger.models import Entry
from tests import people
from tests.page_rules import every_row, look, text_of

pytestmark = pytest.mark.django_db

ANSWERS = {"decline/": "declined", "not-how/": "not_how", "dont-know/": "dont_know"}
COUNTED = (
    "It counts against Ana. Once a week we look at such answers, of at least five people together"
)


def what_ana_sees(invitation: Invitation) -> str:
    assert isinstance(invitation.batch, Batch)
    (row,) = outcomes.rows_of(invitation.batch)
    return row.kind


@pytest.mark.parametrize("page", ANSWERS)
def test_each_says_first_what_it_does_and_then_that_it_is_done(
    bea: Client, link: str, invitation: Invitation, page: str
) -> None:
    before = text_of(look(bea, link + page))
    assert "Ana sees “No answer”, as if you had done nothing." in before
    assert (COUNTED in before) == (page != "decline/")
    assert not Answer.objects.exists()

    receipt = bea.post(link + page, {"answer": ANSWERS[page]}, follow=True)

    assert text_of(receipt).startswith("Your answer is noted")
    assert text_of(look(bea, link + page)) == text_of(receipt)
    assert "You answered:" in text_of(look(bea, link))
    assert Answer.objects.get().kind == ANSWERS[page]
    assert what_ana_sees(invitation) == "delivered"
    assert not receipt.cookies


@pytest.mark.parametrize("page", ANSWERS)
def test_twice_is_once_and_taking_back_leaves_nothing(bea: Client, link: str, page: str) -> None:
    bea.post(link + page, {"answer": ANSWERS[page]})
    once = every_row()
    bea.post(link + page, {"answer": ANSWERS[page]})
    assert every_row() == once

    bea.post(link + page, {"answer": "take-back"})
    bea.post(link + page, {"answer": "take-back"})

    assert not Answer.objects.exists()
    assert list(
        Entry.objects.filter(action__startswith="invitation.answer").values_list(
            "action", flat=True
        )
    ) == ["invitation.answered", "invitation.answer_taken_back"]


def test_one_answer_takes_the_place_of_another(bea: Client, link: str) -> None:
    for page, answer in ANSWERS.items():
        bea.post(link + page, {"answer": answer})

    assert Answer.objects.get().kind == "dont_know"
    assert "It takes the place of what you answered before." in text_of(
        look(bea, f"{link}decline/")
    )


@pytest.mark.parametrize("body", [{}, {"answer": "dont_know"}, {"answer": ""}, {"stop": "sender"}])
def test_any_other_body_only_shows_the_page(bea: Client, link: str, body: dict[str, str]) -> None:
    before = every_row()

    answer = bea.post(f"{link}decline/", body)

    assert text_of(answer).startswith("Say “no, thanks”?")
    assert every_row() == before


def test_who_declined_can_accept_after_all(bea: Client, link: str, invitation: Invitation) -> None:
    bea.post(f"{link}decline/", {"answer": "declined"})
    newcomer = people.member("Bea Sousa", "bea@norte.example")

    assert responding.accept(member=newcomer, address=newcomer.email) == 1

    assert what_ana_sees(invitation) == "accepted" or Invitation.objects.get().accepted_at
    assert not Answer.objects.exists()
    assert "You have joined. Ana saw it" in text_of(look(bea, link))
    # Ana knows, so there is nothing to decline any more; the other answers stay possible.
    assert "nothing to decline any more" in text_of(look(bea, f"{link}decline/"))
    bea.post(f"{link}decline/", {"answer": "declined"})
    assert not Answer.objects.exists()
    bea.post(f"{link}not-how/", {"answer": "not_how"})
    assert Answer.objects.get().kind == "not_how"


@pytest.mark.parametrize(
    ("page", "body"),
    [
        ("dont-know/", {"answer": "dont_know"}),
        ("stop-sender/", {"stop": "sender"}),
        ("report/", {"report": "yes"}),
    ],
)
def test_who_wants_nothing_to_do_with_ana_joins_without_ana_being_told(
    bea: Client, link: str, page: str, body: dict[str, str]
) -> None:
    bea.post(link + page, body)
    assert "so Ana won’t see that you joined." in text_of(look(bea, f"{link}accept/"))
    newcomer = people.member("Bea Sousa", "bea@norte.example")

    assert responding.accept(member=newcomer, address=newcomer.email) == 0

    assert Invitation.objects.get().accepted_at is None


def test_no_more_from_ana_leaves_others_their_say_and_can_be_taken_back(
    bea: Client, link: str, invitation: Invitation, ana: User
) -> None:
    assert "Other members still can." in text_of(look(bea, f"{link}stop-sender/"))

    receipt = bea.post(f"{link}stop-sender/", {"stop": "sender"}, follow=True)
    once = every_row()
    bea.post(f"{link}stop-sender/", {"stop": "sender"})

    assert text_of(receipt).startswith("Done. Ana Diaz can’t send you an invitation again.")
    assert every_row() == once
    assert Suppression.objects.get().sender == ana
    said = text_of(look(bea, link))
    assert "You stopped all invitations" not in said
    assert "Stop all invitations to me" in said
    assert what_ana_sees(invitation) == "delivered"

    bea.post(f"{link}stop-sender/", {"stop": "take-back"})
    bea.post(f"{link}stop-sender/", {"stop": "take-back"})
    assert Suppression.objects.get().lifted_at
    assert "Ana will see that you joined." in text_of(look(bea, f"{link}accept/"))
    bea.post(f"{link}stop-sender/", {"stop": "sender"})
    assert Suppression.objects.filter(lifted_at=None).get().sender == ana


def test_allowing_ana_again_does_not_touch_a_stop_of_everybody(bea: Client, link: str) -> None:
    bea.post(f"{link}stop/", {"stop": "everyone"})
    bea.post(f"{link}stop-sender/", {"stop": "sender"})

    bea.post(f"{link}stop-sender/", {"stop": "take-back"})

    assert Suppression.objects.filter(lifted_at=None).get().sender is None
    assert "Ana won’t see that you joined" in text_of(look(bea, f"{link}accept/"))
    assert "You stopped all invitations" in text_of(look(bea, link))


def test_while_the_mail_is_in_mid_air_an_answer_is_not_taken_back(settings: Any) -> None:
    """A server that delivers and then asks to try again must find the answer in the way."""
    settings.UNDO_SECONDS = 0
    invitation = people.confirmed(people.member()).invitations.get()
    for state in (State.CLAIMED, State.SENDING):
        Invitation.objects.filter(pk=invitation.pk).update(state=state, claim=invitation.uid)
    secret = token(invitation.uid)
    assert answering.give(token=secret, kind=AnswerKind.DECLINED)

    assert not answering.take_back(token=secret)

    assert Answer.objects.get().kind == "declined"


def test_who_changes_their_mind_without_end_fills_no_ledger(
    bea: Client, link: str, invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Entry.objects.filter(subject=invitation.uid).count()
    monkeypatch.setattr(answering, "MOST_STEPS", steps + 3)
    for _ in range(4):
        bea.post(link + "decline/", {"answer": "declined"})
        bea.post(link + "decline/", {"answer": "take-back"})
    answers = Entry.objects.filter(action__startswith="invitation.answer")
    assert answers.count() == 3

    stopped = bea.post(link + "stop/", {"stop": "everyone"}, follow=True)
    assert "No member of" in text_of(stopped), "stopping works all the same"

"""Once a week answers limit a sender, over five people or more, so that nobody learns who gave them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites import scopes, tokens, trust
from invites.actions import answering, cases, confirming, suppressing, weighing
from invites.actions.suppressing import Reason
from invites.consent import State
from invites.models import Hold, Invitation
from invites.recipients.models import AnswerKind, Standing
from invites.trust import Verdict
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people
from tests.arrivals import outbox
from tests.page_rules import text_of
from tests.smtp_sink import Sink
from tests.staff.desk import lifted_by_two

pytestmark = pytest.mark.django_db


def reached(sender: User, count: int, start: int = 0) -> list[str]:
    """The tokens of so many people whom this sender's invitations have reached."""
    for number in range(start, start + count):
        people.chosen(sender, f"Bea {number}", f"bea{number}@{sender.pk}.example")
    people.drafting.write(member=sender, note=people.NOTE)
    for invitation in people.drafting.in_draft(sender):
        people.decided(sender, invitation)
    batch = people.confirm(sender)
    outbox.send_due()
    return [tokens.token(uid) for uid in batch.invitations.values_list("uid", flat=True)]


@pytest.fixture(autouse=True)
def _room(settings: Any, post: Sink) -> None:
    settings.INVITATIONS_PER_PERIOD = 20


@pytest.mark.parametrize(
    ("recipients", "against", "expected"),
    [
        (0, 0, Verdict.FULL),
        (4, 4, Verdict.FULL),
        (5, 0, Verdict.FULL),
        (5, 1, Verdict.FEWER),
        (6, 1, Verdict.FULL),
        (5, 2, Verdict.HELD),
        (1000, 199, Verdict.FULL),
        (1000, 200, Verdict.FEWER),
        (1000, 399, Verdict.FEWER),
        (1000, 400, Verdict.HELD),
    ],
)
def test_the_rule(recipients: int, against: int, expected: Verdict) -> None:
    assert trust.verdict(recipients=recipients, against=against) is expected


def test_below_five_people_nothing_follows_whatever_they_say(ana: User) -> None:
    for token in reached(ana, 4):
        answering.give(token=token, kind=AnswerKind.DONT_KNOW)

    weighing.weigh_answers()

    assert confirming.room_for(ana) == 16
    assert not Hold.objects.exists()
    assert not Entry.objects.filter(action="sender.weighed").exists()


def test_a_no_thanks_or_a_stop_counts_for_nothing(ana: User) -> None:
    for token in reached(ana, 5):
        answering.give(token=token, kind=AnswerKind.DECLINED)
        answering.stop_sender(token=token)

    assert weighing.weigh_answers()[Verdict.FULL] == 1


def test_one_in_five_leaves_fewer_until_the_answers_change(ana: User, bea: Client) -> None:
    links = reached(ana, 5)
    answering.give(token=links[2], kind=AnswerKind.NOT_HOW)
    browser = Client()
    browser.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    assert "fewer people" not in text_of(browser.get("/invitations/"))

    weighing.weigh_answers()
    weighing.weigh_answers()

    assert confirming.room_for(ana) == 20 // 2 - 5
    for page in ("/invitations/", "/invitations/check/"):
        said = text_of(browser.get(page))
        assert "For now you can invite fewer people at a time." in said
        assert "nobody learns who answered what" in said
    facts = Entry.objects.get(action="sender.weighed", subject=of_member(ana.pk)).facts
    assert facts == {"verdict": "fewer"}

    answering.take_back(token=links[2])
    weighing.weigh_answers()
    assert confirming.room_for(ana) == 15
    assert not Standing.objects.exists()


def test_a_limit_does_not_tell_whether_the_fifth_person_can_be_invited(ana: User) -> None:
    tom = people.member("Tom Berg")
    suppressing.suppress(f"bea4@{ana.pk}.example", reason=Reason.OWNER)
    for sender in (ana, tom):
        own_mailbox, *_ = reached(sender, 5)
        answering.give(token=own_mailbox, kind=AnswerKind.DONT_KNOW)
    assert Invitation.objects.filter(state=State.BLOCKED).count() == 1

    weighing.weigh_answers()

    for sender in (ana, tom):
        assert confirming.room_for(sender) == 20 // 2 - 5


def test_many_hold_the_sender_until_a_person_has_looked_and_then_count_no_more(ana: User) -> None:
    links = reached(ana, 6)
    answering.give(token=links[0], kind=AnswerKind.DONT_KNOW)
    answering.give(token=links[1], kind=AnswerKind.NOT_HOW)
    cases.report(token=links[2], words="")
    lifted_by_two(scopes.of_sender(ana.pk))
    weighing.weigh_answers()
    assert not Hold.objects.filter(lifted_at=None).exists(), "lifted after these had left"

    more = reached(ana, 5, start=10)
    weighing.weigh_answers()
    assert not Hold.objects.filter(lifted_at=None).exists()
    for token in more[:2]:
        answering.give(token=token, kind=AnswerKind.DONT_KNOW)
    weighing.weigh_answers()
    assert Hold.objects.get(lifted_at=None).reason == weighing.WHY_HELD


def test_other_senders_answers_are_other_senders(ana: User) -> None:
    tom = people.member("Tom Berg")
    reached(ana, 5)
    for token in reached(tom, 5):
        answering.give(token=token, kind=AnswerKind.DONT_KNOW)

    weighing.weigh_answers()

    assert Hold.objects.get().scope == f"sender:{tom.pk}"
    assert Invitation.objects.filter(sender=ana).count() == 5
    assert confirming.room_for(ana) == 15

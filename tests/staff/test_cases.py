"""A complaint is a case: somebody has it, there are notes, it ends with an outcome, and is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from invites import scopes
from invites.actions import cases, erasing, forgetting
from invites.models import Batch, Hold, Invitation
from invites.recipients.models import Case, Outcome
from invites.staff_models import CaseNote
from invites.tokens import token
from ledger import clock, guards
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people
from tests.arrivals import arrived
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import Sink
from tests.staff.desk import DESK, at_the_desk, lifted_by_two, long_ago, of_the_staff

pytestmark = pytest.mark.django_db
NOTE = "Ana says that she met Bea at the fair. I ask Bea."


@pytest.fixture
def agent(db: None) -> Client:
    return at_the_desk("agent")


@pytest.fixture
def first(post: Sink) -> Case:
    """Two people complained about one note of two senders; this is the first report."""
    for sender, to in (("Ana Diaz", "bea@norte.example"), ("Tom Berg", "carl@maes.example")):
        invitation = arrived(people.member(sender), "Bea Sousa", to)
        cases.report(token=token(invitation.uid), words=f"I don’t know {sender}.")
    return Case.objects.earliest("id")


def path(case: Case) -> str:
    return f"{DESK}case/{case.pk}/"


def both(case: Case) -> dict[str, str]:
    return {"cases": f"{case.pk},{case.pk + 1}"}


def test_the_page_has_the_mail_the_words_the_clock_and_who_has_it(
    agent: Client, first: Case
) -> None:
    said = text_of(look(agent, path(first)))

    for words in (
        "2 complaints · 2 senders · 1 note", "I don’t know Ana Diaz.", "You fixed our contract",
        "Promised within one working day", " left ", "Nobody has taken it.", "Ana Diaz: stopped",
    ):  # fmt: skip
        assert words in said, words
    desk = agent.get(DESK).content.decode()
    assert path(first) in desk
    keep = f"{DESK}answer/{first.pk}/?ends=kept_stopped"
    assert keep in desk
    assert '<option value="kept_stopped" selected>' in look(agent, keep).content.decode()


def test_somebody_takes_it_and_hands_it_over_with_a_note(agent: Client, first: Case) -> None:
    una = of_the_staff("agent", "Una")
    done = agent.post(path(first), both(first) | {"do": "take"}, follow=True)
    assert "It is yours now." in done.content.decode()
    assert {case.owner.first_name for case in Case.objects.all() if case.owner} == {"Sam"}
    assert all(case.read_at for case in Case.objects.all()), "who takes it has read it"
    assert "Sam Agent has it." in text_of(agent.get(DESK))
    assert 'value="take"' not in agent.get(path(first)).content.decode()

    agent.post(path(first), {"do": "note", "words": NOTE})
    agent.post(path(first), both(first) | {"do": "hand_over", "owner": una.pk})

    said = text_of(look(agent, path(first)))
    assert "Who has it Una Agent." in said
    assert NOTE in said
    about = Entry.objects.filter(
        subject=first.invitation.uid, action__startswith="invitation.report_"
    )
    assert list(about.order_by("id").values_list("action", flat=True)) == [
        "invitation.report_read", "invitation.report_taken", "invitation.report_noted",
        "invitation.report_taken",
    ]  # fmt: skip
    assert Entry.objects.latest("id").facts == {"owner": str(of_member(una.pk))}
    assert "fair" not in str(list(about.values()))


def test_who_may_not_decide_can_be_given_nothing_and_gives_nothing(
    agent: Client, first: Case
) -> None:
    viewer = of_the_staff("viewer", "Vic")
    looks = at_the_desk("viewer")
    before = every_row()

    assert looks.get(path(first)).status_code == 200
    assert "Write the note down" not in text_of(looks.get(path(first)))
    for form in ({"do": "take"}, {"do": "note", "words": NOTE}, {"do": "hand_over", "owner": "1"}):
        assert looks.post(path(first), both(first) | form).status_code == 403
    refused = agent.post(path(first), both(first) | {"do": "hand_over", "owner": viewer.pk})
    assert "Choose somebody else." in text_of(refused)
    assert "Write the note first." in text_of(agent.post(path(first), {"do": "note"}))
    assert "damaged" in text_of(agent.post(path(first), {"do": "take", "cases": "1;2"}))
    long_ago(agent)
    late = agent.post(path(first), {"do": "note", "words": NOTE})
    assert "Nothing was done yet" in text_of(late)
    assert NOTE in late.content.decode(), "what was typed is kept"

    assert every_row() == before


@pytest.mark.parametrize("outcome", [Outcome.KEPT_STOPPED, Outcome.ANSWERED, Outcome.NO_REASON])
def test_it_ends_with_an_answer_and_an_outcome_and_can_be_answered_anew(
    agent: Client, first: Case, outcome: Outcome
) -> None:
    form = both(first) | {"decision": "She stays stopped.", "what_changed": "Nothing leaves."}
    answer = f"{DESK}answer/{first.pk}/"
    assert "Say how it ends." in text_of(agent.post(answer, form))
    assert "Say how it ends." in text_of(agent.post(answer, form | {"outcome": Outcome.REOPENED}))

    assert agent.post(answer, form | {"outcome": outcome}).status_code == 302

    assert set(Case.objects.values_list("outcome", flat=True)) == {outcome}
    said = text_of(look(agent, path(first)))
    assert f": {outcome.label}." in said
    story = text_of(agent.get(f"{DESK}invitation/{first.invitation.uid}/"))
    assert f"Staff decided on the report: {outcome.label}." in story
    assert Hold.objects.filter(lifted_at=None).count() == 2, "an answer lifts nothing"

    again = form | {"decision": "It was a mistake.", "outcome": Outcome.NO_REASON}
    assert agent.post(answer, again).status_code == 302
    seen = cases.page(token(first.invitation.uid))
    assert seen
    assert seen.decision == "It was a mistake."
    assert Case.objects.exclude(pk=first.pk).get().decision == "She stays stopped."


def test_nobody_is_kept_stopped_who_is_not_on_hold(agent: Client, first: Case) -> None:
    lifted_by_two(scopes.of_sender(first.invitation.sender_id))
    form = both(first) | {"decision": "She stays stopped.", "outcome": Outcome.KEPT_STOPPED}

    refused = agent.post(f"{DESK}answer/{first.pk}/", form)

    assert "Ana Diaz is not on hold. Put them on hold first." in text_of(refused)
    assert "She stays stopped." in refused.content.decode()
    assert not Case.objects.filter(decided_at__isnull=False).exists()


def years_pass(invitation: Invitation) -> None:
    assert isinstance(invitation.batch, Batch)
    guards.remove(connection)
    Batch.objects.filter(pk=invitation.batch.pk).update(
        confirmed_at=clock.now() - timedelta(days=366)
    )
    guards.install(connection)


def test_what_staff_wrote_is_forgotten_with_the_invitation(agent: Client, first: Case) -> None:
    agent.post(path(first), {"do": "note", "words": NOTE})
    form = both(first) | {"decision": "Bea is right.", "what_changed": "Ana was told.",
                          "outcome": Outcome.KEPT_STOPPED}  # fmt: skip
    agent.post(f"{DESK}answer/{first.pk}/", form)
    years_pass(first.invitation)

    forgetting.forget_what_is_over()
    first.refresh_from_db()
    assert first.decision == "Bea is right.", "who reported late can still read the answer"

    Case.objects.update(decided_at=clock.now() - timedelta(days=31))
    CaseNote.objects.update(at=clock.now() - timedelta(days=31))
    assert erasing.late_words().count() == 1
    entries = Entry.objects.count()
    forgetting.forget_what_is_over()

    first.refresh_from_db()
    assert (first.words, first.decision, first.what_changed) == ("", "", "")
    assert first.outcome == Outcome.KEPT_STOPPED
    assert not CaseNote.objects.exists()
    assert Entry.objects.count() == entries
    assert Case.objects.exclude(pk=first.pk).get().decision == "Bea is right."
    assert "The words are erased, as promised." in text_of(look(agent, path(first)))
    assert not erasing.late_words().exists()


def test_what_staff_wrote_goes_at_the_recipients_word(agent: Client, first: Case) -> None:
    agent.post(path(first), {"do": "note", "words": NOTE})
    erasing.erase(token=token(first.invitation.uid))

    assert not CaseNote.objects.exists()
    said = text_of(look(agent, path(first)))
    assert "Somebody who is erased" in said
    assert "I don’t know Ana Diaz." not in said


def test_what_two_have_reopened_answers_no_other_complaint_along_with_it(
    agent: Client, first: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a made-up list of reports would close others without saying how they ended."""
    monkeypatch.setattr(people, "NOTE", "We sang in the same choir for years.")
    eva = people.member("Eva Lund")
    cases.report(token=token(arrived(eva, "Dora Lind", "dora@lind.example").uid), words="No.")
    reopened = Case.objects.latest("id")
    lifted_by_two(scopes.of_sender(eva.pk))
    every = ",".join(str(one.pk) for one in Case.objects.all())

    agent.post(f"{DESK}answer/{reopened.pk}/", {"cases": every, "decision": "They have talked."})

    assert list(Case.objects.exclude(decided_at=None)) == [reopened]

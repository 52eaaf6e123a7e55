"""A sender somebody complained about goes on only when two of the staff have said so."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connection, transaction

from invites import outbox, scopes
from invites.actions import cases, holding, reopening
from invites.models import Hold, Invitation
from invites.recipients.models import Case
from invites.staff_models import Reopening
from invites.tokens import token
from ledger import clock
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people
from tests.arrivals import arrived
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import Sink
from tests.staff.desk import DESK, at_the_desk, long_ago, of_the_staff, proposed

pytestmark = pytest.mark.django_db
WHY = "Ana and the reporter have talked."


@pytest.fixture
def ana(post: Sink, db: None) -> User:
    """Somebody complained about Ana, who has one mail more that waits."""
    ana = people.member("Ana Diaz")
    complains(ana, "bea@norte.example")
    people.reviewed(ana, "Dora Lind", "dora@lind.example")
    people.confirm(ana)
    return ana


def complains(sender: User, to: str) -> None:
    """Somebody who got an invitation reports it."""
    invitation = arrived(sender, "Bea Sousa", to)
    assert cases.report(token=token(invitation.uid), words="I never met her.")


def the_hold() -> Hold:
    return Hold.objects.get(lifted_at=None)


def test_whom_staff_stopped_again_is_lifted_by_one_and_the_desk_offers_just_that(ana: User) -> None:
    agent, lead = at_the_desk("agent"), at_the_desk("lead")
    one, other = (User.objects.get(email=f"{who}@staff.example") for who in ("agent", "lead"))
    proposal = reopening.propose(hold=the_hold(), reason=WHY, staff=one)
    assert reopening.agree(proposal=proposal, staff=other)
    holding.hold(scopes.of_sender(ana.pk), reason="Another matter.", actor=of_member(one.pk))

    page = f"{DESK}case/{Case.objects.get().pk}/"
    assert "Ana Diaz: stopped · Lift it" in text_of(look(lead, page))
    assert "Propose to lift it" not in text_of(look(agent, page))


def test_one_proposes_another_agrees_and_only_then_mails_leave(ana: User, post: Sink) -> None:
    agent, lead = at_the_desk("agent"), at_the_desk("lead")
    propose = f"{DESK}propose/{the_hold().pk}/"
    assert propose in agent.get(DESK).content.decode()
    assert "a second person has to agree" in text_of(look(agent, propose))
    assert "Say why" in text_of(agent.post(propose, {"reason": ""}))
    agent.post(propose, {"reason": WHY})
    outbox.send_due()
    assert post.recipients == ["bea@norte.example"]

    page = f"{DESK}reopening/{Reopening.objects.get().pk}/"
    assert "Waits for a second person Lift the hold: Everything from Ana Diaz" in text_of(
        lead.get(DESK)
    )
    said = text_of(look(lead, page))
    for words in (WHY, "Sam Agent", "I never met her.", "Agree, and lift the hold"):
        assert words in said
    assert lead.post(page, {"do": "agree"}).status_code == 302

    outbox.send_due()
    assert post.recipients == ["bea@norte.example", "dora@lind.example"]
    steps = Entry.objects.filter(subject=of_member(ana.pk), actor__isnull=False).order_by("id")
    actors = {name: of_member(User.objects.get(email=f"{name}@staff.example").pk)
              for name in ("agent", "lead")}  # fmt: skip
    assert [(step.action, step.actor) for step in steps][-3:] == [
        ("reopening.proposed", actors["agent"]),
        ("reopening.agreed", actors["lead"]),
        ("hold.lifted", actors["lead"]),
    ]
    assert Case.objects.get().outcome == "reopened"
    assert Case.objects.get().decided_at is None, "the reporter still waits for an answer"
    assert "by Sam Lead" in text_of(look(lead, page))
    form = {"cases": str(Case.objects.get().pk), "decision": "They have talked."}
    assert agent.post(f"{DESK}answer/{Case.objects.get().pk}/", form).status_code == 302
    assert Case.objects.get().outcome == "reopened"


def test_nobody_lifts_such_a_hold_alone_not_even_in_the_database(ana: User) -> None:
    lead, hold = at_the_desk("lead"), the_hold()
    assert f"{DESK}lift/{hold.pk}/" not in lead.get(DESK).content.decode()
    for answer in (lead.get(f"{DESK}lift/{hold.pk}/"),
                   lead.post(f"{DESK}lift/{hold.pk}/", {"reason": WHY})):  # fmt: skip
        assert answer["Location"] == f"{DESK}propose/{hold.pk}/"
    # Deciding first is no way round it.
    Case.objects.update(decided_at=clock.now(), decision="Fine.", outcome="no_reason")
    with pytest.raises(holding.NeedsASecondPerson):
        holding.lift(hold.scope, reason=WHY, actor=of_member(ana.pk))
    with pytest.raises(DatabaseError, match="keeps its hold"), transaction.atomic():
        Case.objects.update(hold=None)
    for change in ({"lifted_at": clock.now()}, {"scope": "batch:0"}):
        with pytest.raises(DatabaseError, match="two people lift a hold"), transaction.atomic():
            Hold.objects.update(**change)
    assert the_hold() == hold


def test_who_proposed_it_can_not_agree_but_take_it_back(ana: User) -> None:
    lead = at_the_desk("lead")
    sam = User.objects.get(email="lead@staff.example")
    proposal = proposed(the_hold(), by=sam)
    page = f"{DESK}reopening/{proposal.pk}/"
    assert "another person has to agree" in text_of(look(lead, page))

    refused = lead.post(page, {"do": "agree"})
    assert "You proposed this yourself" in text_of(refused)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reopening.objects.update(state="agreed", decided_by=sam, decided_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Reopening.objects.update(state="agreed", decided_at=clock.now())

    assert lead.post(page, {"do": "refuse"}).status_code == 302
    assert Reopening.objects.get().state == "refused"
    assert the_hold()
    with pytest.raises(DatabaseError, match="decided once"), transaction.atomic():
        Reopening.objects.update(state="proposed", decided_by=None, decided_at=None)
    with pytest.raises(DatabaseError, match="begins as one"), transaction.atomic():
        Reopening.objects.create(
            hold=the_hold(), reason=WHY, proposed_by=sam, proposed_at=clock.now(), state="agreed",
            decided_by=of_the_staff("lead", "Nils"), decided_at=clock.now(),
        )  # fmt: skip


def test_agents_and_viewers_do_not_agree_and_an_old_login_neither(ana: User) -> None:
    proposal = proposed(the_hold())
    page = f"{DESK}reopening/{proposal.pk}/"
    lead = at_the_desk("lead")
    long_ago(lead)
    agent, viewer = at_the_desk("agent"), at_the_desk("viewer")
    before = every_row()

    for browser in (agent, viewer):
        assert "A lead agrees or refuses." in text_of(look(browser, page))
        for do in ("agree", "refuse"):
            assert browser.post(page, {"do": do}).status_code == 403
    assert "Nothing was done yet" in text_of(lead.post(page, {"do": "agree"}))
    assert viewer.get(f"{DESK}propose/{the_hold().pk}/").status_code == 403

    assert every_row() == before


def test_a_new_complaint_makes_a_proposal_void_and_says_so(ana: User) -> None:
    proposal, lead = proposed(the_hold()), at_the_desk("lead")
    complains_later(ana)
    page = f"{DESK}reopening/{proposal.pk}/"

    said = text_of(look(lead, page))
    assert "Somebody complained after this was proposed, so it is void." in said
    assert "Agree, and lift" not in said
    refused = lead.post(page, {"do": "agree"})
    assert "so it is void" in text_of(refused)
    assert the_hold()
    assert Entry.objects.filter(action="reopening.void", actor=None).count() == 1
    # It can be proposed anew, and then counts.
    again = proposed(the_hold(), by=User.objects.get(email="una@staff.example"))
    assert reopening.agree(proposal=again, staff=User.objects.get(email="lead@staff.example"))
    assert not Hold.objects.filter(lifted_at=None).exists()


def complains_later(ana: User) -> None:
    """A second person to whom Ana's mail went reports it, while Ana is on hold."""
    waiting = Invitation.objects.get(sender=ana, recipient_address="dora@lind.example")
    assert cases.open_case(waiting, why="A recipient reported an invitation.")


@pytest.mark.parametrize("gone", ["is_active", "is_staff", "group"])
def test_a_proposal_of_somebody_who_is_gone_is_void(ana: User, gone: str) -> None:
    una = of_the_staff("agent", "Una")
    proposal = proposed(the_hold(), by=una)
    if gone == "group":
        una.groups.clear()
    else:
        setattr(una, gone, False)
        una.save()
        with pytest.raises(DatabaseError, match="by two of the staff"), transaction.atomic():
            Reopening.objects.update(
                state="agreed", decided_by=of_the_staff("lead", "Nils"), decided_at=clock.now()
            )
    lead = at_the_desk("lead")

    said = text_of(lead.post(f"{DESK}reopening/{proposal.pk}/", {"do": "agree"}))

    assert "is not on the staff any more, so it is void. Propose it anew." in said
    assert Reopening.objects.get().state == "void"
    assert the_hold()


def test_a_hold_without_a_complaint_is_lifted_by_one_and_needs_no_proposal(post: Sink) -> None:
    tom = people.member("Tom Berg")
    holding.hold(scopes.of_sender(tom.pk), reason="The list looks bought.")
    agent, lead = at_the_desk("agent"), at_the_desk("lead")

    refused = agent.post(f"{DESK}propose/{the_hold().pk}/", {"reason": WHY})
    assert "one person lifts this hold" in text_of(refused)
    assert lead.post(f"{DESK}lift/{the_hold().pk}/", {"reason": WHY}).status_code == 302
    assert not Hold.objects.filter(lifted_at=None).exists()


def test_what_was_reopened_once_is_held_again_by_the_next_complaint_and_needs_two_again(
    ana: User,
) -> None:
    first = proposed(the_hold())
    reopening.agree(proposal=first, staff=of_the_staff("lead", "Nils"))
    complains_later(ana)

    assert holding.by_two([the_hold().pk])
    with pytest.raises(DatabaseError, match="two people lift a hold"), transaction.atomic():
        Hold.objects.filter(lifted_at=None).update(lifted_at=clock.now())
    with pytest.raises(reopening.NotReopened, match="decided already"):
        reopening.agree(proposal=first, staff=User.objects.get(email="nils@staff.example"))


def test_no_other_way_leads_round_the_second_person_in_the_database(ana: User) -> None:
    hold, case = the_hold(), Case.objects.get()
    at = f"'{hold.placed_at:%Y-%m-%d %H:%M:%S}'"
    again = f"INTO invites_hold (id, scope, reason, placed_at, lifted_at) VALUES ({hold.pk}, "
    doors = [
        ("DELETE FROM invites_case", "never deleted"),
        (f"UPDATE invites_hold SET id = {hold.pk + 9}, lifted_at = placed_at", "two people lift"),
        (f"UPDATE invites_case SET id = {case.pk + 9}", "keeps its hold"),
        (f"INSERT {again}'batch:0', 'x', {at}, {at})", "on hold already"),
        (f"INSERT {again}'{hold.scope}', 'x', {at}, NULL)", "on hold already"),
        ("INSERT INTO invites_case (id, invitation_id, words, opened_at, decision, what_changed) "
         f"VALUES ({case.pk}, {case.invitation_id}, '', {at}, '', '')", "reported already"),
    ]  # fmt: skip
    if connection.vendor == "sqlite":
        # It takes the old row away without asking the guards of deleting and changing.
        doors += [(door.replace("INSERT", "INSERT OR REPLACE"), why)
                  for door, why in doors if door.startswith("INSERT")]  # fmt: skip
    for door, why in doors:
        with (
            pytest.raises(DatabaseError, match=why),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(door)
    assert the_hold() == hold
    assert holding.by_two([hold.pk])


def test_a_complaint_that_came_in_at_the_same_moment_was_not_seen_by_who_proposed(
    ana: User,
) -> None:
    proposal = proposed(the_hold())
    waiting = Invitation.objects.get(sender=ana, recipient_address="dora@lind.example")
    Case.objects.create(invitation=waiting, hold=the_hold(), opened_at=clock.now())

    assert not reopening.agree(proposal=proposal, staff=of_the_staff("lead", "Nils"))
    assert Reopening.objects.get().state == "void"
    assert the_hold()


@pytest.mark.django_db(transaction=True)
def test_nobody_alone_lifts_a_hold_while_a_complaint_comes_in(
    post: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = people.member("Ana Diaz")
    invitation = arrived(ana)
    holding.hold(scopes.of_sender(ana.pk), reason="The list looks bought.")
    said: list[object] = []

    def lifts() -> None:
        try:
            said.append(holding.lift(scopes.of_sender(ana.pk), reason=WHY, actor=of_member(ana.pk)))
        except holding.NeedsASecondPerson as why:
            said.append(why)
        finally:
            connection.close()

    lifting = threading.Thread(target=lifts)
    void = reopening.void

    def at_this_moment(hold: Hold) -> None:
        lifting.start()
        lifting.join(0.3)
        void(hold)

    monkeypatch.setattr(reopening, "void", at_this_moment)
    assert cases.report(token=token(invitation.uid), words="I never met her.")
    lifting.join()

    assert isinstance(said[0], holding.NeedsASecondPerson)
    assert Case.objects.get().hold == the_hold()


@pytest.mark.django_db(transaction=True)
def test_two_who_agree_at_once_agree_once(settings: Any, post: Sink) -> None:
    ana = people.member("Ana Diaz")
    complains(ana, "bea@norte.example")
    proposal = proposed(the_hold())
    leads = [of_the_staff("lead", name) for name in ("Nils", "Vera", "Olga")]
    both = threading.Barrier(len(leads))
    said: list[object] = []

    def agrees(lead: User) -> None:
        try:
            both.wait(10)
            said.append(reopening.agree(proposal=proposal, staff=lead))
        except reopening.NotReopened as why:
            said.append(str(why))
        finally:
            connection.close()

    threads = [threading.Thread(target=agrees, args=[lead]) for lead in leads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, said)) == ["This was decided already."] * 2 + ["True"]
    assert Entry.objects.filter(action="hold.lifted").count() == 1
    assert Entry.objects.filter(action="reopening.agreed").count() == 1

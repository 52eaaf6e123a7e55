"""Bea reports: the sender is held, staff hear of it at once, and her page says what becomes of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from invites import outbox
from invites.actions import cases, taking_back
from invites.models import Hold, Invitation
from invites.recipients.models import Case
from ledger.models import Entry
from tests import people
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import Sink
from tests.staff.desk import DESK, sign_in

pytestmark = pytest.mark.django_db

WORDS = "I never met her, <b>she</b> got my address from a leak."


@pytest.fixture
def sam(db: None) -> User:
    sam = people.member("Sam Okoro", "sam@staff.example")
    sam.is_staff = True
    sam.save()
    may = ["view_invitation", "change_case"]
    sam.user_permissions.set(Permission.objects.filter(codename__in=may))
    return sam


@pytest.fixture
def desk(sam: User) -> Client:
    return sign_in(sam)


def test_the_page_says_what_follows_and_then_where_the_report_is(bea: Client, link: str) -> None:
    said = text_of(look(bea, f"{link}report/"))
    assert "Ana’s other invitations wait from now on" in said
    assert "The sender reads that a person is looking, not why, and nothing about you." in said

    answer = bea.post(f"{link}report/", {"report": "yes", "words": WORDS}, follow=True)

    receipt = text_of(answer)
    assert receipt.startswith("Your report It is here, and a person is called.")
    assert "Read by a person not yet Decided not yet What changed nothing yet" in receipt
    assert WORDS not in answer.content.decode()
    assert text_of(look(bea, f"{link}report/")) == receipt
    assert Case.objects.get().words == WORDS


def test_twice_is_once(bea: Client, link: str) -> None:
    bea.post(f"{link}report/", {"report": "yes", "words": "First"})
    once = every_row()

    bea.post(f"{link}report/", {"report": "yes", "words": "Second"})

    assert every_row() == once
    assert Entry.objects.filter(action="invitation.reported").count() == 1


def test_nothing_more_leaves_in_that_sender_s_name(
    bea: Client, link: str, ana: User, post: Sink
) -> None:
    waiting = people.reviewed(ana, "Carl Maes", "carl@maes.example")
    people.confirm(ana)

    bea.post(f"{link}report/", {"report": "yes"})
    outbox.send_due()

    waiting.refresh_from_db()
    assert waiting.state == "confirmed"
    assert post.recipients == ["bea@norte.example"]
    assert "Bea" not in Hold.objects.get().reason


def test_staff_who_may_look_have_mail_that_names_nobody_and_only_once(
    bea: Client, link: str, post: Sink, sam: User
) -> None:
    other = people.member("Una Rask", "una@staff.example")
    other.is_staff = True  # but without permission to look at reports
    other.save()
    bea.post(f"{link}report/", {"report": "yes", "words": WORDS})

    assert cases.tell_staff() == 1
    assert cases.tell_staff() == 0

    assert post.recipients == ["bea@norte.example", "sam@staff.example"]
    mail = post.taken[-1][1].decode()
    assert f"{DESK}case/{Case.objects.get().pk}/" in mail
    assert not [word for word in ("Bea", "bea@", "Ana", "leak") if word in mail]


def test_a_mail_server_that_is_away_is_asked_again(
    bea: Client, link: str, post: Sink, sam: User, settings: object
) -> None:
    bea.post(f"{link}report/", {"report": "yes"})
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1  # type: ignore[attr-defined]
    assert cases.tell_staff() == 0
    settings.EMAIL_PORT = port  # type: ignore[attr-defined]
    assert cases.tell_staff() == 0, "not before the pause is over"

    Case.objects.update(tell_after=None)

    assert cases.tell_staff() == 1


def test_withdrawing_is_no_way_out_of_a_report(
    bea: Client, link: str, invitation: Invitation, ana: User
) -> None:
    taking_back.withdraw(member=ana, uid=invitation.uid)
    assert f"{link}report/" in look(bea, link, status=404).content.decode()
    assert "Ana" not in text_of(look(bea, f"{link}report/"))

    bea.post(f"{link}report/", {"report": "yes"})

    assert Case.objects.get().invitation == invitation
    assert Hold.objects.exists()


def test_a_link_of_nobody_reports_nothing(bea: Client, db: None) -> None:
    unknown = f"/i/{'x' * 43}/report/"
    look(bea, unknown, status=404)

    assert bea.post(unknown, {"report": "yes"}).status_code == 404
    assert not Case.objects.exists()


def test_staff_read_and_decide_and_the_reporter_sees_each_step(
    bea: Client, link: str, invitation: Invitation, desk: Client, sam: User
) -> None:
    bea.post(f"{link}report/", {"report": "yes", "words": WORDS})
    case = Case.objects.get()
    page = f"{DESK}case/{case.pk}/"
    shown = look(desk, page)  # which is not reading
    assert "I never met her, &lt;b&gt;she&lt;/b&gt;" in shown.content.decode()

    desk.post(page, {"do": "take", "cases": case.pk})
    assert "A person has read it and is looking." in text_of(look(bea, f"{link}report/"))
    read_at = Case.objects.get().read_at

    form = {"cases": case.pk, "outcome": "kept_stopped", "what_changed": "Account closed.",
            "decision": "The sender can’t invite any more."}  # fmt: skip
    assert desk.post(f"{DESK}answer/{case.pk}/", form).status_code == 302
    said = text_of(look(bea, f"{link}report/"))
    assert "It is decided." in said
    assert "UTC The sender can’t invite any more. What changed Account closed." in said
    assert Case.objects.get().read_at == read_at
    steps = Entry.objects.filter(subject=invitation.uid, action__contains="report")
    assert list(steps.order_by("id").values_list("action", flat=True)) == [
        "invitation.reported",
        "invitation.report_read",
        "invitation.report_taken",
        "invitation.report_decided",
    ]
    assert all(step.actor for step in steps if step.action != "invitation.reported")
    assert "closed" not in str(list(steps.values()))
    # The page with everything is the desk's; the table is there to look at.
    change = f"/admin/invites/case/{case.pk}/change/"
    assert desk.post(change, {"decision": "Otherwise."}).status_code == 403


def test_a_decision_without_a_word_for_the_reporter_is_refused(
    bea: Client, link: str, desk: Client
) -> None:
    bea.post(f"{link}report/", {"report": "yes"})

    pk = Case.objects.get().pk
    form = {"cases": pk, "decision": " ", "what_changed": "", "outcome": "kept_stopped"}
    answer = desk.post(f"{DESK}answer/{pk}/", form)

    assert "Say what was decided" in answer.content.decode()
    assert Case.objects.get().decided_at is None

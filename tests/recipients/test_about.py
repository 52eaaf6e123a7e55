"""What everybody may read: what an invitation is, the figures of each month, and what went wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client, TestCase

from invites.actions import about_page
from invites.models import Invitation
from invites.recipients.models import Incident, MonthlyFigures
from ledger import clock
from ledger.models import Entry
from tests import people
from tests.page_rules import look, text_of
from tests.staff.desk import sign_in

pytestmark = pytest.mark.django_db

JANUARY = datetime(2026, 1, 10, tzinfo=UTC)


def entries(count: int, action: str, at: datetime, **facts: str) -> None:
    Entry.objects.bulk_create(
        Entry(at=at, action=action, subject=uuid4(), facts=facts) for _ in range(count)
    )


def test_it_says_what_an_invitation_is_and_how_to_end_it(bea: Client, db: None) -> None:
    answer = look(bea, "/about-invitations/")

    said = text_of(answer)
    assert said.startswith("About invitations You got an invitation to Handpicked")
    assert "One mail from one member to one person." in said
    assert "No month is over yet." in said
    assert "Nothing that we know of." in said
    assert 'href="/stop/"' in answer.content.decode()
    assert not answer.cookies
    assert "<script" not in answer.content.decode()


def test_a_month_is_counted_when_it_is_over_and_only_once(bea: Client, db: None) -> None:
    entries(4, "invitation.sent", JANUARY)
    entries(2, "invitation.blocked", JANUARY)
    entries(1, "invitation.requested", JANUARY)
    entries(6, "invitation.accepted", JANUARY)
    entries(5, "address.suppressed", JANUARY, reason="recipient", **{"from": "everyone"})
    entries(3, "address.suppressed", JANUARY, reason="owner", **{"from": "everyone"})
    entries(9, "address.suppressed", JANUARY, reason="recipient", **{"from": "sender"})
    entries(9, "address.suppressed", JANUARY, reason="bounce", **{"from": "everyone"})
    entries(4, "address.suppressed", JANUARY, reason="complaint", **{"from": "everyone"})
    entries(2, "invitation.reported", JANUARY)
    entries(1, "hold.placed", JANUARY)
    entries(1_234, "invitation.sent", datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC))
    entries(1, "invitation.chosen", clock.now())

    assert about_page.count_months() == (clock.now().year - 2026) * 12 + clock.now().month - 1
    assert about_page.count_months() == 0

    january = MonthlyFigures.objects.get(month="2026-01-01")
    assert (january.sent, january.accepted, january.stopped) == (7, 6, 8)
    assert (january.complained, january.held) == (6, 1)
    said = text_of(look(bea, "/about-invitations/"))
    assert "January 2026 7 6 8 6 under 5" in said
    assert "February 2026 1,234 under 5" in said


def test_what_people_do_is_what_is_counted(link: str, bea: Client, invitation: Invitation) -> None:
    bea.post(f"{link}stop/", {"stop": "everyone"})
    bea.post(f"{link}report/", {"report": "yes"})
    this_month = clock.now().date().replace(day=1)

    counted = about_page._figures(this_month)

    assert counted == {"sent": 1, "accepted": 0, "stopped": 1, "complained": 1, "held": 1}


def test_the_page_reads_as_many_rows_after_years(
    bea: Client, db: None, django_assert_num_queries: object
) -> None:
    for year in range(2000, 2026):
        MonthlyFigures.objects.create(
            month=f"{year}-01-01", sent=9, accepted=9, stopped=9, complained=9, held=9
        )

    with TestCase().assertNumQueries(4):
        said = text_of(bea.get("/about-invitations/"))

    assert said.count("January") == about_page.MONTHS_SHOWN


def test_staff_write_down_what_went_wrong_and_everybody_reads_it(bea: Client, db: None) -> None:
    sam = people.member("Sam Okoro", "sam@staff.example")
    sam.is_staff = True
    sam.save()
    allowed = ["view_incident", "add_incident", "change_incident"]
    sam.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    desk = sign_in(sam)
    told = {"day": "2026-11-20", "title": "Mails left an hour late", "words": "A server <stood>."}

    assert desk.post("/admin/invites/incident/add/", told).status_code == 302
    page = f"/admin/invites/incident/{Incident.objects.get().pk}/change/"
    assert desk.post(page, told | {"title": "Mails left two hours late"}).status_code == 302

    said = text_of(look(bea, "/about-invitations/"))
    assert "20 November 2026: Mails left two hours late A server <stood>." in said
    steps = list(Entry.objects.filter(subject=Incident.objects.get().uid).order_by("id"))
    assert [step.action for step in steps] == ["incident.published", "incident.corrected"]
    assert all(step.actor for step in steps)
    assert desk.post(f"{page[:-7]}delete/", {"post": "yes"}).status_code == 403

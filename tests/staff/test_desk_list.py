"""The list behind every number of the desk, which never reads a whole table."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from importer.models import Import
from invites.actions import taking_back
from invites.actions.answering import give
from invites.desk import listing
from invites.models import Invitation
from invites.recipients.models import AnswerKind
from invites.tokens import token
from ledger import keyset
from ledger.keyset import Keys, Place
from ledger.models import Entry
from tests import people
from tests.arrivals import arrived
from tests.page_rules import look, text_of
from tests.smtp_sink import Sink
from tests.staff.desk import DESK, at_the_desk

pytestmark = pytest.mark.django_db

LIST = f"{DESK}invitations/"
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.fixture
def viewer(db: None) -> Client:
    return at_the_desk("viewer")


def shown(browser: Client, question: str = "") -> list[str]:
    """The names on the list, in its order."""
    html = look(browser, f"{LIST}?{question}").content.decode()
    return re.findall(r'/invitation/[0-9a-f-]{36}/">([^<]*)</a>', html)


def chosen_one_a_day(days: int) -> list[Invitation]:
    """The first was chosen the longest ago."""
    owner = people.member("Ana Diaz")
    made = [people.chosen(owner, f"Bea {day}", f"b{day}@norte.example") for day in range(days)]
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for day, one in enumerate(made):
        Invitation.objects.filter(pk=one.pk).update(chosen_at=start + timedelta(days=day))
    return made


def test_everything_that_happened_can_be_listed_by_what_and_why_and_where_it_stands(
    viewer: Client, post: Sink
) -> None:
    ana, tom = people.member("Ana Diaz"), people.member("Tom Berg")
    arrived(ana)
    first, second = arrived(tom, "Carl Maes", "carl@maes.example"), people.confirmed(tom)
    give(token=token(first.uid), kind=AnswerKind.DONT_KNOW)
    taking_back.take_back(member=tom, batch=second)
    people.chosen(ana, "Dora Lind", "dora@lind.example")

    for question, expected in {
        "": ["Dora Lind", "Bea 0", "Carl Maes", "Bea Sousa"],
        "event=sent": ["Carl Maes", "Bea Sousa"],
        f"event=sent&since={TODAY}&until={TODAY}": ["Carl Maes", "Bea Sousa"],
        "event=sent&until=2026-01-01": [],
        "since=2999-01-01": [],
        f"since={TODAY}&source=google&state=chosen": ["Dora Lind"],
        f"event=sent&sender={tom.pk}": ["Carl Maes"],
        f"event=undone&reason=undone.sender&sender={tom.pk}": ["Bea 0"],
        f"reason=undone.not_me&sender={tom.pk}": [],
        "event=dont_know": ["Carl Maes"],
        "event=declined": [],
        "reason=undone.sender": ["Bea 0"],
        "event=undone&reason=undone.not_me": [],
        "event=confirmed&state=cancelled": ["Bea 0"],
        "event=sent&source=typed": [],
        "state=sent": ["Carl Maes", "Bea Sousa"],
    }.items():
        assert shown(viewer, question) == expected, question
    said = text_of(viewer.get(f"{LIST}?event=undone&reason=undone.sender&since={TODAY}"))
    assert "Taken back before it left · The sender took it back · since" in said
    assert "It was taken back before it left (taken back)." in said


def test_bad_questions_get_a_sentence_each_and_no_list(viewer: Client) -> None:
    for question, sentence in {
        "since=yesterday": "From this day: Write the day like 2026-11-03.",
        "since=2026-03-02&until=2026-03-01": "To this day: This day is before the first one.",
        "event=sent&reason=undone.sender": "This is a reason for “Taken back before it left” alone.",
        "state=gone": "gone",
        "sender=Ana": "A sender is named by the number of their account.",
    }.items():
        said = text_of(look(viewer, f"{LIST}?{question}"))
        assert "Nothing was looked for" in said
        assert sentence in said, question
    assert shown(viewer, "before=x&after=99999999999999999999") == []


def test_a_list_is_read_page_by_page_and_back(viewer: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "A_PAGE", 2)
    chosen_one_a_day(5)
    links = []
    for _ in range(3):
        html = viewer.get(links[-1] if links else LIST).content.decode()
        links += [
            LIST + found.replace("&amp;", "&")
            for found in re.findall(r'href="(\?before=\d+[^"]*)"', html)
        ]
    assert len(links) == 2

    pages = [shown(viewer, link.partition("?")[2]) for link in links]
    assert [shown(viewer), *pages] == [["Bea 4", "Bea 3"], ["Bea 2", "Bea 1"], ["Bea 0"]]
    (back,) = re.findall(r'href="\?(after=\d+)[^"]*"', viewer.get(links[-1]).content.decode())
    assert shown(viewer, back) == ["Bea 2", "Bea 1"]


def test_what_matches_rarely_is_looked_for_so_far_and_the_page_says_how_far(
    viewer: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr(listing, "INVITATIONS_READ", 2)
    made = chosen_one_a_day(5)
    Invitation.objects.filter(pk=made[1].pk).update(source="typed")

    said = text_of(look(viewer, f"{LIST}?source=typed"))
    assert "There are none as far as Wed 4 Mar 2026, 12:00." in said
    assert "Go on looking" in said
    assert shown(viewer, f"source=typed&before={made[3].pk}") == ["Bea 1"]
    said = text_of(look(viewer, f"{LIST}?source=typed&before={made[1].pk}"))
    assert "No others." in said


def test_the_ledger_is_looked_through_in_the_same_way(viewer: Client, monkeypatch: Any) -> None:
    ana = people.member("Ana Diaz")
    batch = people.confirmed(ana, 3)
    first = batch.invitations.order_by("id")[0]
    taking_back.take_back(member=ana, batch=batch, uid=first.uid)
    monkeypatch.setattr(listing, "STEPS_READ", 2)
    monkeypatch.setattr(listing, "A_PAGE", 1)
    entries = {
        one.recipient_name: Entry.objects.get(subject=one.uid, action="invitation.confirmed").pk
        for one in batch.invitations.all()
    }

    asked = "event=confirmed&state=confirmed"
    assert shown(viewer, asked) == ["Bea 2"]
    assert shown(viewer, f"{asked}&before={entries['Bea 2']}") == ["Bea 1"]
    assert shown(viewer, f"{asked}&after={entries['Bea 0']}") == ["Bea 1"]
    asked = "event=confirmed&state=cancelled"
    assert shown(viewer, asked) == []
    assert "Go on looking" in text_of(viewer.get(f"{LIST}?{asked}"))
    assert shown(viewer, f"{asked}&before={entries['Bea 1']}") == ["Bea 0"]


def test_days_are_found_by_halving_whatever_gaps_there_are(db: None) -> None:
    made = chosen_one_a_day(9)
    Invitation.objects.filter(pk__in=[made[n].pk for n in (0, 3, 4)]).delete()

    for day in range(-1, 10):
        since = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)
        span = keyset.span_of(Invitation, "chosen_at", since, since + timedelta(days=1))
        inside = [made[day].pk] if day in (1, 2, 5, 6, 7, 8) else []
        found = Invitation.objects.filter(pk__gte=span.low, pk__lte=span.high)
        assert list(found.values_list("pk", flat=True)) == inside, day


def test_a_page_of_an_empty_table_is_empty(db: None) -> None:
    assert keyset.span_of(Invitation, "chosen_at", datetime.now(UTC), None) == Keys(1)
    for place in (Place(), Place(before=5), Place(after=5)):
        page = keyset.page(Invitation.objects.all(), place=place, size=5, window=2)
        assert (page.rows, page.stopped) == ([], False)


def test_what_a_sender_gave_up_again_still_stands_where_it_is_counted(viewer: Client) -> None:
    chosen = people.chosen(people.member("Ana Diaz"))
    Invitation.objects.filter(pk=chosen.pk).delete()

    said = text_of(look(viewer, f"{LIST}?event=chosen"))

    assert "Somebody who was taken out of a draft again" in said


def test_a_batch_has_every_step_of_each_of_its_invitations_on_its_page(
    viewer: Client, post: Sink
) -> None:
    invitation = arrived(people.member("Ana Diaz"))
    assert invitation.batch

    said = text_of(look(viewer, f"{DESK}batch/{invitation.batch.uid}/"))

    steps = [
        "4 steps", "The sender chose this person.", "The sender looked at this mail",
        "The sender confirmed this mail.", "The mail server took it", "Mails confirmed at once: 1",
    ]  # fmt: skip
    places = [said.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


def test_imports_are_listed_by_the_day_on_which_they_ended(viewer: Client) -> None:
    for day in (1, 3, 5):
        began = datetime(2026, 3, day, 23, 59, tzinfo=UTC)
        Import.objects.create(source="google", source_label="Google contacts", created_at=began,
                              finished_at=began + timedelta(hours=1), error=f"day {day}")  # fmt: skip

    def listed(question: str) -> list[str]:
        html = viewer.get(f"/admin/importer/import/?{question}").content.decode()
        return re.findall(r"day \d", html)

    since, until = "finished_at__gte=2026-03-04+00:00:00Z", "finished_at__lt=2026-03-05+00:00:00Z"
    assert listed(f"{since}&{until}") == ["day 3"]
    assert listed(since) == ["day 5", "day 3"]
    assert listed(until) == ["day 3", "day 1"]
    assert listed("member=1") == []
    assert viewer.get("/admin/importer/import/?finished_at__gte=x").status_code == 302
    assert viewer.get("/admin/importer/import/?error__contains=day").status_code == 400

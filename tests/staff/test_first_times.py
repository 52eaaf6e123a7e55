"""The list of members behind the counts of their steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites.desk import first_times
from invites.figure_models import FirstTime
from ledger import subjects
from tests import people
from tests.page_rules import look, text_of
from tests.staff.desk import DESK, at_the_desk

pytestmark = pytest.mark.django_db

PAGE = f"{DESK}members/"
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def viewer(db: None) -> Client:
    return at_the_desk("viewer")


def did(who: User | UUID, step: str, at: datetime) -> None:
    uid = who if isinstance(who, UUID) else subjects.of_member(who.pk)
    FirstTime.objects.create(sender=uid.hex, step=step, at=at)


def test_it_names_who_did_it_first_in_these_days_and_who_went_on(viewer: Client) -> None:
    ana, tom = people.member("Ana Diaz"), people.member("Tom Berg")
    did(ana, "chosen", NOON)
    did(tom, "chosen", NOON + timedelta(hours=1))
    did(UUID(int=7), "chosen", NOON + timedelta(hours=2))
    did(people.member("Eve Long"), "chosen", NOON - timedelta(days=1))
    did(tom, "written", NOON + timedelta(days=2))

    day = "since=2026-11-03&until=2026-11-03"
    said = text_of(look(viewer, f"{PAGE}?step=chosen&{day}"))

    assert "Chose somebody for the first time · on 3 November 2026" in said
    assert said.index("A closed account") < said.index("Tom Berg") < said.index("Ana Diaz")
    assert "Eve Long" not in said
    said = text_of(look(viewer, f"{PAGE}?step=chosen&{day}&went_on=on"))
    assert "and also wrote a note" in said
    assert "Tom Berg" in said
    assert "Ana Diaz" not in said


def test_a_page_has_so_many_and_says_where_it_stopped(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_times, "A_PAGE", 2)
    names = ["Ana Diaz", "Bea Sousa", "Tom Berg", "Eve Long", "Kim Roy"]
    for number, name in enumerate(names):
        did(people.member(name), "chosen", NOON + timedelta(minutes=number))

    seen, question = [], ""
    while True:
        said = viewer.get(f"{PAGE}?step=chosen{question}")
        seen += [line.name for line in said.context["listed"].lines]
        if said.context["listed"].older is None:
            break
        question = f"&before={said.context['listed'].older}"
    assert seen == names[::-1]

    monkeypatch.setattr(first_times, "MEMBERS_READ", 3)
    said = text_of(look(viewer, f"{PAGE}?step=chosen&went_on=on"))
    assert "there may be others beyond" in said
    assert "Go on looking" in said


def test_what_can_not_be_is_said(viewer: Client) -> None:
    for question, sentence in {
        "": "Say which step",
        "step=born": "Members take no step of that name.",
        "step=sent&went_on=on": "This is the last step",
        "step=sent&since=2026-11-04&until=2026-11-03": "This day is before the first one.",
        "step=sent&since=yesterday": "Write the day like 2026-11-03.",
    }.items():
        assert sentence in text_of(look(viewer, f"{PAGE}?{question}"))

"""Choosing: nobody is ticked, each tick is one decision, every button keeps the ticks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from importer.models import Contact
from invites.actions import drafting
from invites.actions.people import Show, page_of_people
from invites.models import Invitation, SetAside
from tests import people
from tests.page_rules import look, text_of

pytestmark = pytest.mark.django_db
PAGE = "/invitations/choose/"


def many(owner: User, count: int) -> list[Contact]:
    return [people.contact(owner, f"Person {n:02}", f"p{n}@norte.example") for n in range(count)]


def post(client: Client, shown: list[Contact], ticked: list[Contact], **more: str) -> Any:
    data = {"shown": [c.pk for c in shown], "person": [c.pk for c in ticked], **more}
    return client.post(PAGE, data)


def chosen(owner: User) -> list[str]:
    return [invitation.recipient_name for invitation in drafting.in_draft(owner)]


def test_nobody_is_ticked_and_no_box_ticks_more_than_one(browser: Client, ana: User) -> None:
    many(ana, 30)
    html = look(browser, PAGE).content.decode()
    boxes = re.findall(r'<input type="checkbox"[^>]*>', html)
    assert len(boxes) == 25
    assert all('name="person"' in box and "checked" not in box for box in boxes)
    assert "Nobody is chosen" in html
    assert "0 chosen" in html


def test_the_next_page_keeps_the_ticks_without_script(browser: Client, ana: User) -> None:
    everybody = many(ana, 30)
    answer = post(browser, everybody[:25], everybody[3:5], page="1", go="next")
    assert answer.headers["Location"] == f"{PAGE}?q=&show=address&page=2"
    assert chosen(ana) == ["Person 03", "Person 04"]
    assert "26 to 30 of 30" in text_of(look(browser, answer.headers["Location"]))


def test_searching_and_filtering_keep_the_ticks(browser: Client, ana: User) -> None:
    everybody = many(ana, 3)
    answer = post(browser, everybody, everybody[:1], q="person 02", page="1", go="search")
    assert chosen(ana) == ["Person 00"]
    found = text_of(look(browser, answer.headers["Location"]))
    assert "Person 02" in found
    assert "Person 01" not in found
    answer = post(browser, everybody[2:], [], go="show-chosen", page="1")
    assert chosen(ana) == ["Person 00"]
    found = text_of(look(browser, answer.headers["Location"]))
    assert "Person 00" in found
    assert "Person 02" not in found


def test_a_box_that_is_emptied_takes_the_person_out(browser: Client, ana: User) -> None:
    everybody = many(ana, 2)
    post(browser, everybody, everybody)
    post(browser, everybody, everybody[1:])
    assert chosen(ana) == ["Person 01"]


def test_who_cannot_be_invited_has_no_box_but_a_reason(browser: Client, ana: User) -> None:
    desk = people.contact(ana, "Front desk", "info@norte.example")
    Contact.objects.filter(pk=desk.pk).update(refusal="role")
    page = look(browser, f"{PAGE}?show=all")
    assert "Shared mailbox" in text_of(page)
    assert 'type="checkbox"' not in page.content.decode()
    post(browser, [desk], [desk])
    assert chosen(ana) == []


def test_the_reasons_on_the_page_are_those_of_the_action(ana: User) -> None:
    people.confirmed(ana)  # bea0@norte.example
    again = people.contact(ana, "Bea Again", "bea0@norte.example")
    own = people.contact(ana, "Me", ana.email)
    free = people.contact(ana, "Kim Lee", "kim@norte.example")
    never = people.chosen(ana, "Lou May", "lou@norte.example")
    drafting.set_aside(member=ana, uid=never.uid, decision=SetAside.NEVER)
    Invitation.objects.filter(pk=never.pk).delete()
    page = page_of_people(member=ana, search="", show=Show.EVERYBODY, number=1)
    reasons = {person.contact: person.reason for person in page.people}
    for contact in (again, own, *Contact.objects.filter(name="Lou May")):
        assert reasons[contact]
        saved = drafting.choose(member=ana, ticked={contact.pk}, shown={contact.pk})
        assert saved.refusals == [f"{contact.name}: {reasons[contact]}"]
    assert not reasons[free]
    assert drafting.choose(member=ana, ticked={free.pk}, shown={free.pk}).added == 1


def test_other_members_people_are_neither_listed_nor_chosen(browser: Client, ana: User) -> None:
    theirs = people.contact(people.member("Other Member"), "Secret Friend", "s@norte.example")
    assert "Secret Friend" not in text_of(look(browser, PAGE))
    post(browser, [theirs], [theirs])
    assert chosen(ana) == []


def test_writing_to_nobody_says_what_to_do(browser: Client, ana: User) -> None:
    everybody = many(ana, 1)
    answer = post(browser, everybody, [], go="write")
    assert answer.headers["Location"].startswith(PAGE)
    assert "Tick at least one person" in text_of(browser.get(answer.headers["Location"]))
    assert post(browser, everybody, everybody, go="write").headers["Location"].endswith("/write/")


def test_with_script_a_tick_is_saved_at_once_and_only_the_bar_comes_back(
    browser: Client, ana: User
) -> None:
    everybody = many(ana, 2)
    data = {"shown": [c.pk for c in everybody], "person": [everybody[0].pk]}
    answer = browser.post(PAGE, data, headers={"HX-Request": "true"})
    assert chosen(ana) == ["Person 00"]
    assert "Write to 1 person" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert 'id="people-chosen" hx-swap-oob="true">1<' in answer.content.decode()
    assert 'role="status"' not in answer.content.decode(), "a live region speaks when it stays"
    page = look(browser, PAGE)
    assert "Chosen (1)" in text_of(page)
    assert 'hx-swap="innerHTML"' in page.content.decode()


def test_more_than_a_draft_holds_is_refused_with_a_sentence(browser: Client, ana: User) -> None:
    everybody = many(ana, 41)
    post(browser, everybody[:40], everybody[:40])
    answer = post(browser, everybody[40:], everybody[40:], go="write")
    assert len(chosen(ana)) == 40
    said = text_of(browser.get(answer.headers["Location"]))
    assert "Person 40: A draft holds 40 people" in said


def test_nonsense_in_the_address_or_the_form_is_taken_calmly(browser: Client, ana: User) -> None:
    many(ana, 1)
    assert "1 to 1 of 1" in text_of(look(browser, f"{PAGE}?page=99999&show=what"))
    assert "1 to 1 of 1" in text_of(look(browser, f"{PAGE}?page=-1"))
    answer = browser.post(PAGE, {"shown": ["x", "9" * 40], "person": ["²"], "page": "x"})
    assert answer.status_code == 302
    assert chosen(ana) == []


def test_a_page_costs_the_same_few_queries_however_many_people(
    browser: Client, ana: User, django_assert_max_num_queries: Any
) -> None:
    many(ana, 60)
    with django_assert_max_num_queries(15):
        browser.get(PAGE)

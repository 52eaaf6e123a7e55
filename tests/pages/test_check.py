"""Checking: everybody is named, the count is exact, only what was shown is queued (promise 4)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from importer.models import Contact
from invites import notice
from invites.actions import confirming, drafting
from invites.models import Batch, Invitation
from tests import people
from tests.page_rules import hold_to_rules, look, text_of

pytestmark = pytest.mark.django_db
PAGE = "/invitations/check/"


def reviewed(owner: User, count: int) -> list[Invitation]:
    """People decided on, all with one note."""
    found = [people.chosen(owner, f"Bea {n:02}", f"bea{n}@norte.example") for n in range(count)]
    drafting.write(member=owner, note=people.NOTE)
    return [people.decided(owner, invitation) for invitation in found]


def fingerprint(page: Any) -> str:
    found = re.search(r'name="fingerprint" value="([0-9a-f]{64})"', page.content.decode())
    assert found is not None, "the page has no fingerprint to confirm"
    return found[1]


def test_the_page_names_everybody_and_the_exact_count(browser: Client, ana: User) -> None:
    reviewed(ana, 3)
    people.chosen(ana, "Not Decided", "not@norte.example")
    page = look(browser, PAGE)
    said = text_of(page)
    assert "3 people get one mail each" in said
    assert "Bea 00, Bea 01, Bea 02" in said
    assert "bea2@norte.example · Worked together · leaves 30 minutes after you confirm" in said
    assert "Send 3 invitations" in said
    assert "3 of 4 reviewed" in said
    assert f"Fingerprint {fingerprint(page)[:8]}" in said


def test_one_person_gets_one_mail(browser: Client, ana: User) -> None:
    reviewed(ana, 1)
    said = text_of(look(browser, PAGE))
    assert "1 person gets one mail" in said
    assert "Send 1 invitation" in said


@pytest.mark.parametrize("count", [1, 2])
def test_the_page_says_the_notice_whose_version_is_recorded(
    browser: Client, ana: User, count: int
) -> None:
    reviewed(ana, count)
    said = text_of(look(browser, PAGE))
    for sentence in notice.words(notice.VERSION, count=count, undo_seconds=1800):
        assert sentence in said, f"“{sentence}” is no longer on the page: see invites/notice.py"


def test_the_whole_list_is_named_though_ten_are_shown(
    browser: Client, ana: User, settings: Any
) -> None:
    settings.INVITATIONS_PER_PERIOD = 20
    reviewed(ana, 12)
    first, second = look(browser, PAGE), look(browser, f"{PAGE}?page=2")
    for page in (first, second):
        assert "Bea 00" in text_of(page)
        assert "Bea 11" in text_of(page)
        assert fingerprint(page) == fingerprint(first)
    assert first.content.decode().count("Show mail") == 10
    assert second.content.decode().count("Show mail") == 2


def test_confirming_queues_exactly_these(browser: Client, ana: User) -> None:
    reviewed(ana, 2)
    answer = browser.post(PAGE, {"fingerprint": fingerprint(browser.get(PAGE))})
    batch = Batch.objects.get()
    assert answer.headers["Location"] == f"/invitations/sent/{batch.uid}/"
    assert batch.count == 2
    assert Invitation.objects.filter(state="confirmed").count() == 2


def test_what_was_not_chosen_is_forgotten_and_the_page_says_so(browser: Client, ana: User) -> None:
    reviewed(ana, 1)
    people.contact(ana, "Never Looked At", "nobody@norte.example")
    answer = browser.post(PAGE, {"fingerprint": fingerprint(browser.get(PAGE))}, follow=True)
    then = "1 person erased at"
    assert then in text_of(answer)
    assert "One remains because you invited them." in text_of(answer)
    assert then in text_of(look(browser, answer.redirect_chain[-1][0]))  # and whenever one looks
    assert Contact.objects.count() == 0


def test_confirming_twice_leads_to_the_same_page_and_adds_nothing(
    browser: Client, ana: User
) -> None:
    reviewed(ana, 1)
    data = {"fingerprint": fingerprint(browser.get(PAGE))}
    first, second = browser.post(PAGE, data), browser.post(PAGE, data)
    assert first.headers["Location"] == second.headers["Location"]
    assert "nothing was added" in text_of(browser.get(second.headers["Location"]))
    assert Batch.objects.count() == 1


def test_a_mail_that_changed_in_another_tab_stops_everything(browser: Client, ana: User) -> None:
    reviewed(ana, 2)
    data = {"fingerprint": fingerprint(browser.get(PAGE))}
    ana.first_name = "Anna"
    ana.save()
    answer = browser.post(PAGE, data)
    assert answer.status_code == 409
    hold_to_rules(answer.content.decode())
    said = text_of(answer)
    assert "Nothing was queued" in said
    assert "Their cards are open again: Bea 00 Bea 01" in said
    assert Batch.objects.count() == 0


def test_a_list_that_changed_in_another_tab_stops_everything(browser: Client, ana: User) -> None:
    reviewed(ana, 1)
    data = {"fingerprint": fingerprint(browser.get(PAGE))}
    kim = people.chosen(ana, "Kim Lee", "kim@norte.example")
    people.decided(ana, kim)
    answer = browser.post(PAGE, data)
    assert answer.status_code == 409
    assert "This list is not the one that you confirmed" in text_of(answer)
    assert "2 people get one mail each" in text_of(answer)
    assert Batch.objects.count() == 0


@pytest.mark.parametrize("data", [{}, {"fingerprint": ""}, {"fingerprint": "f" * 64}])
def test_a_made_up_fingerprint_confirms_nothing(
    browser: Client, ana: User, data: dict[str, str]
) -> None:
    assert browser.post(PAGE, data).status_code == 422
    reviewed(ana, 1)
    answer = browser.post(PAGE, data)
    assert answer.status_code == 409
    hold_to_rules(answer.content.decode())
    assert Batch.objects.count() == 0


def test_who_waits_for_room_stands_apart_and_does_not_go(browser: Client, ana: User) -> None:
    reviewed(ana, 7)
    page = look(browser, PAGE)
    assert "5 people get one mail each" in text_of(page)
    assert "2 people wait" in text_of(page)
    browser.post(PAGE, {"fingerprint": fingerprint(page)})
    assert Invitation.objects.filter(state="confirmed").count() == 5
    said = text_of(look(browser, PAGE))
    assert "Nobody gets a mail yet" in said
    assert "nothing goes by itself" in said


def test_removing_sets_one_person_aside(browser: Client, ana: User) -> None:
    first, _ = reviewed(ana, 2)
    answer = browser.post(f"{PAGE}{first.uid}/remove/", follow=True)
    assert "Bea 00 gets no mail now" in text_of(answer)
    assert "1 person gets one mail" in text_of(answer)
    assert browser.get(f"{PAGE}{first.uid}/remove/").status_code == 405


def test_nobody_moves_up_from_the_waiting_ones_without_a_word(browser: Client, ana: User) -> None:
    first = reviewed(ana, 6)[0]
    said = text_of(browser.post(f"{PAGE}{first.uid}/remove/", follow=True))
    assert "Bea 05 waited, and is on the list in that place." in said
    assert "5 people get one mail each" in said


@pytest.mark.parametrize(
    ("seconds", "words"), [(1800, "30 minutes"), (60, "1 minute"), (90, "90 seconds")]
)
def test_the_time_to_take_it_back_is_never_said_longer_than_it_is(
    browser: Client, ana: User, settings: Any, seconds: int, words: str
) -> None:
    settings.UNDO_SECONDS = seconds
    reviewed(ana, 1)
    assert f"For {words} you can take it all back." in text_of(look(browser, PAGE))


def test_after_a_confirmation_the_strip_speaks_of_the_draft_alone(
    browser: Client, ana: User
) -> None:
    reviewed(ana, 1)
    page = look(browser, PAGE)
    assert "<p>Nothing sent</p>" in page.content.decode()
    browser.post(PAGE, {"fingerprint": fingerprint(page)})
    people.chosen(ana, "Kim Lee", "kim@norte.example")
    html = look(browser, PAGE).content.decode()
    assert "<p>This draft: nothing sent</p>" in html
    assert "Nothing sent" not in html
    assert "Nothing of this draft is sent." in text_of(look(browser, "/"))


def test_an_account_without_a_checked_address_cannot_confirm(browser: Client, ana: User) -> None:
    reviewed(ana, 1)
    data = {"fingerprint": fingerprint(browser.get(PAGE))}
    ana.emailaddress_set.update(verified=False)
    answer = browser.post(PAGE, data)
    assert answer.status_code == 422
    assert "a checked e-mail address first" in text_of(answer)
    assert 'href="/accounts/email/"' in answer.content.decode()


def test_another_members_page_confirms_nothing_here(browser: Client, ana: User) -> None:
    other = people.member("Other Member")
    reviewed(other, 1)
    theirs = confirming.check(member=other).fingerprint
    assert browser.post(PAGE, {"fingerprint": theirs}).status_code == 422
    assert Batch.objects.count() == 0

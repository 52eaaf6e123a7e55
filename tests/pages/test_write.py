"""Writing: it starts empty, honest words are never blocked, nothing typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites.actions import drafting
from tests import people
from tests.page_rules import hold_to_rules, look, text_of

pytestmark = pytest.mark.django_db
PAGE = "/invitations/write/"
HONEST = "We built the harbour gate together. May I send people who ask me for such work to you?"


def write(client: Client, note: str, **more: str) -> Any:
    return client.post(PAGE, {"note": note, **more})


def test_after_a_refusal_the_summary_of_what_is_wrong_has_the_focus(
    browser: Client, ana: User
) -> None:
    people.chosen(ana)
    refused = browser.post(PAGE, {"note": ""}).content.decode()
    assert re.search(r'<div class="error-summary"[^>]* tabindex="-1" autofocus>', refused)
    assert "autofocus" not in look(browser, PAGE).content.decode()


def test_the_note_starts_empty_and_no_button_fills_it(browser: Client, ana: User) -> None:
    people.chosen(ana)
    html = look(browser, PAGE).content.decode()
    assert re.search(r"<textarea[^>]*>\s*</textarea>", html)
    assert 'type="button"' not in html
    assert re.findall("<script[^>]*>", html) == ['<script src="/static/times.js" defer>']


def test_three_questions_and_the_limit_stand_beside_it(browser: Client, ana: User) -> None:
    people.chosen(ana)
    said = text_of(look(browser, PAGE))
    assert "What is in it for them?" in said
    assert "Up to 1,000 characters" in said


def test_an_honest_note_leads_to_the_cards(browser: Client, ana: User) -> None:
    people.chosen(ana)
    assert write(browser, HONEST).headers["Location"] == "/invitations/review/"
    assert HONEST in look(browser, PAGE).content.decode()


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("", "The note is empty"),
        ("Have a look at www.example.org, it is good for you", "would become a link"),
        ("word " * 300, "1,000 fit"),
    ],
)
def test_a_refused_note_comes_back_as_it_was_typed(
    browser: Client, ana: User, note: str, sentence: str
) -> None:
    people.chosen(ana)
    write(browser, HONEST)
    answer = write(browser, note)
    assert answer.status_code == 422
    hold_to_rules(answer.content.decode())
    assert sentence in text_of(answer)
    assert note.strip() in answer.content.decode()
    draft = drafting.draft_of(ana)
    assert draft is not None
    assert draft.note == HONEST


def test_advice_is_shown_once_and_then_lets_go_on(browser: Client, ana: User) -> None:
    people.chosen(ana)
    loud = "PLEASE COME AND JOIN US HERE!!!! It is a place where lawyers refer work to each other."
    answer = write(browser, loud)
    assert answer.headers["Location"] == PAGE
    said = look(browser, PAGE)
    assert "One exclamation mark is plenty" in text_of(said)
    assert 'name="advised"' in said.content.decode()
    assert write(browser, loud, advised="yes").headers["Location"] == "/invitations/review/"


def test_changing_the_note_brings_the_cards_back(browser: Client, ana: User) -> None:
    people.reviewed(ana)
    answer = write(browser, HONEST)
    page = browser.get(answer.headers["Location"], follow=True)
    assert "Your note changed 1 mail. Look at 1 mail again" in text_of(page)
    assert "1 of 1" in text_of(page)


def test_a_note_written_in_windows_words_is_the_same_note(browser: Client, ana: User) -> None:
    people.chosen(ana)
    write(browser, "One line.\r\nAnother line, with enough words to be worth reading.")
    draft = drafting.draft_of(ana)
    assert draft is not None
    assert "\r" not in draft.note

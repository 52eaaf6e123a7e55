"""The review: one person, one whole mail, one decision on exactly that mail (promises 2 and 3)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites import tokens
from invites.actions import drafting
from invites.models import Invitation
from tests import people
from tests.page_rules import hold_to_rules, look, text_of

pytestmark = pytest.mark.django_db


def path(invitation: Invitation) -> str:
    return f"/invitations/review/{invitation.uid}/"


def fields(page: Any) -> dict[str, str]:
    """The hidden fields of the card's form, as a browser would post them."""
    return dict(
        re.findall(
            r'<input type="hidden" name="(digest_\w+)" value="(\w+)">', page.content.decode()
        )
    )


def press(client: Client, invitation: Invitation, **more: str) -> Any:
    page = client.get(path(invitation))
    return client.post(path(invitation), {**fields(page), "own_line": "", **more})


@pytest.fixture
def bea(ana: User) -> Invitation:
    invitation = people.chosen(ana)
    drafting.write(member=ana, note=people.NOTE)
    return invitation


def state(invitation: Invitation) -> str:
    invitation.refresh_from_db()
    return str(invitation.state)


def test_the_card_shows_the_whole_mail(browser: Client, bea: Invitation) -> None:
    page = look(browser, path(bea))
    said = text_of(page)
    for words in (
        "1 of 1 · Bea Sousa",
        "bea@norte.example · from Google contacts",
        "Ana Diaz via Handpicked <invitations@handpicked.example>",
        "Ana Diaz invites you to Handpicked",
        people.NOTE,
        "Ana wrote the marked lines",
        "Never again, from anyone",
        "No reminders",
    ):
        assert words in said
    letter = re.search(r'<div class="letter[^>]*>(.*?)</div>', page.content.decode(), re.DOTALL)
    assert letter is not None
    assert letter[1] == people.NOTE


def test_the_bytes_on_the_card_are_those_that_the_digest_covers(
    browser: Client, ana: User, bea: Invitation
) -> None:
    page = look(browser, path(bea))
    card = drafting.card(member=ana, uid=bea.uid)
    for relationship, mail in card.mails.items():
        assert fields(page)[f"digest_{relationship.value}"] == mail.digest
        assert mail.raw.decode().splitlines()[-1] in page.content.decode()
        assert mail.relationship_sentence.replace("'", "&#x27;") in page.content.decode()


def test_the_recipients_secret_link_is_masked(browser: Client, bea: Invitation) -> None:
    page = look(browser, path(bea))
    assert tokens.token(bea.uid) not in page.content.decode()
    assert text_of(page).count("Bea Sousa’s own secret link, hidden from you") == 2


def test_nothing_is_set_before_the_member_decides(browser: Client, bea: Invitation) -> None:
    html = look(browser, path(bea)).content.decode()
    assert not re.search(r"<[^>]*\s(checked|selected|autofocus)\b", html)
    assert 'class="button"' not in html  # no decision looks more pressed than another


def test_a_relationship_means_invite_and_opens_the_next_card(
    browser: Client, ana: User, bea: Invitation
) -> None:
    kim = people.chosen(ana, "Kim Lee", "kim@norte.example")
    answer = press(browser, bea, relationship="friend")
    assert answer.headers["Location"] == path(kim)
    assert state(bea) == "reviewed"
    assert bea.relationship == "friend"
    assert press(browser, kim, relationship="worked").headers["Location"] == "/invitations/check/"


@pytest.mark.parametrize("aside", ["not_now", "dont_know", "never"])
def test_leaving_somebody_out_is_as_easy(browser: Client, bea: Invitation, aside: str) -> None:
    assert press(browser, bea, aside=aside).headers["Location"] == "/invitations/check/"
    assert state(bea) == "chosen"
    assert bea.set_aside == aside


def test_a_decision_can_be_seen_and_undone(browser: Client, bea: Invitation) -> None:
    press(browser, bea, relationship="field")
    assert "You decided: invite · Met in our field" in text_of(look(browser, path(bea)))
    browser.post(path(bea), {"reconsider": "yes"})
    assert state(bea) == "chosen"
    assert "You decided" not in text_of(look(browser, path(bea)))


def test_a_typed_line_returns_the_card_once_with_the_new_mail(
    browser: Client, bea: Invitation
) -> None:
    answer = press(browser, bea, relationship="worked", own_line="Greetings to the harbour!")
    assert answer.status_code == 409
    assert "Look at it once more. Then press “Worked together” again." in text_of(answer)
    assert "where professionals refer work. Ana says you worked together." in text_of(answer)
    assert state(bea) == "chosen"
    hold_to_rules(answer.content.decode())
    again = {**fields(answer), "own_line": "Greetings to the harbour!", "relationship": "worked"}
    assert browser.post(path(bea), again).status_code == 302
    assert state(bea) == "reviewed"
    assert b"Greetings to the harbour!" in bytes(bea.mail.raw)


def test_pressing_enter_in_a_field_never_decides(browser: Client, bea: Invitation) -> None:
    html = look(browser, path(bea)).content.decode()
    form = html[html.index("data-keys") :]
    first = re.search(r"<button[^>]*type=\"submit\"[^>]*>", form)
    assert first is not None
    assert 'name="preview"' in first[0]  # what a browser presses on Enter
    for line in ("", "Hello Bea"):
        press(browser, bea, preview="yes", own_line=line)
        assert state(bea) == "chosen"
    assert bea.own_line == "Hello Bea"


def test_another_relationship_needs_words_and_shows_them_before_it_counts(
    browser: Client, bea: Invitation
) -> None:
    answer = press(browser, bea, relationship="other", own_line="A line")
    assert answer.status_code == 422
    assert "Say in a few words how you know each other." in text_of(answer)
    assert 'value="A line"' in answer.content.decode()
    words = {"own_line": "A line", "relationship_words": "we sang in one choir"}
    answer = press(browser, bea, relationship="other", **words)
    assert answer.status_code == 409
    assert "“we sang in one choir”" in text_of(answer)
    assert press(browser, bea, relationship="other", **words).status_code == 302
    assert state(bea) == "reviewed"


def test_a_card_that_was_open_while_the_note_changed_decides_nothing(
    browser: Client, ana: User, bea: Invitation
) -> None:
    old = fields(browser.get(path(bea)))
    drafting.write(member=ana, note="Quite another note, with enough words in it to be one.")
    answer = browser.post(path(bea), {**old, "own_line": "", "relationship": "worked"})
    assert answer.status_code == 409
    assert "This mail changed while the card was open" in text_of(answer)
    assert "Quite another note" in text_of(answer)
    assert state(bea) == "chosen"


@pytest.mark.parametrize("data", [{}, {"relationship": "boss"}, {"aside": "later"}])
def test_a_post_that_says_nothing_decides_nothing(
    browser: Client, bea: Invitation, data: dict[str, str]
) -> None:
    answer = browser.post(path(bea), data)
    assert answer.status_code == 422
    hold_to_rules(answer.content.decode())
    assert state(bea) == "chosen"


def test_somebody_elses_card_is_not_here(browser: Client, bea: Invitation) -> None:
    theirs = people.chosen(people.member("Other Member"), "Lou May", "lou@norte.example")
    for answer in (
        browser.get(path(theirs), follow=True),
        browser.post(path(theirs), {"relationship": "worked"}, follow=True),
    ):
        assert "not in your draft" in text_of(answer)
        assert "Lou May" not in text_of(answer)
    assert state(theirs) == "chosen"


def test_the_way_leads_through_choosing_and_writing_first(browser: Client, ana: User) -> None:
    assert browser.get("/invitations/review/").headers["Location"] == "/invitations/choose/"
    people.chosen(ana)
    assert browser.get("/invitations/review/").headers["Location"] == "/invitations/write/"


def test_back_and_later_lead_to_the_neighbours(browser: Client, ana: User, bea: Invitation) -> None:
    kim = people.chosen(ana, "Kim Lee", "kim@norte.example")
    assert f'href="{path(kim)}">Decide later' in look(browser, path(bea)).content.decode()
    assert f'href="{path(bea)}">Back<' in look(browser, path(kim)).content.decode()


def test_every_decision_shows_its_key(browser: Client, bea: Invitation) -> None:
    html = look(browser, path(bea)).content.decode()
    for key in "12345ndx":
        assert f'data-key="{key}"' in html
        assert f"<kbd>{key.upper()}</kbd>" in html

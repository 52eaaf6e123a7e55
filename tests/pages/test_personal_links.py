"""Personal links: for people without an address, seen before they are made, and mailed to nobody."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from importer.models import Contact
from invites import outbox, scopes
from invites.actions import confirming, forgetting, holding, linking
from invites.models import Invitation, PersonalLink, PreparedMail, Reservation
from invites.recipients.models import Standing
from ledger import clock
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people
from tests.arrivals import mail_server
from tests.page_rules import look, text_of

pytestmark = pytest.mark.django_db

TYPED = {
    "relationship": "worked",
    "words": "Bea, people ask me for a lawyer like you.\n\nMay I send them?",
}


@pytest.fixture
def bea(ana: User) -> Contact:
    return people.without_address(ana)


@pytest.fixture
def page(bea: Contact) -> str:
    return f"/invitations/links/new/{bea.pk}/"


def looked_at(browser: Client, page: str, typed: dict[str, str]) -> dict[str, str]:
    """What the browser posts when the page was shown and its button is pressed."""
    answer = browser.post(page, typed | {"look": "yes"})
    assert answer.status_code == 200
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', answer.content.decode())
    assert found
    return typed | {"digest": found.group(1), "make": "yes"}


def path_of(link: PersonalLink) -> str:
    return linking.address_of(link).removeprefix("http://localhost:8000")


def body_of(html: bytes) -> str:
    """The part of a page that says who gave the link and why."""
    text = re.sub(r"\s+", " ", html.decode())
    found = re.search(r'<p class="lead">(?:(?!<p class="lead">).)*?gave you.*?</blockquote>', text)
    assert found
    return found.group()


def test_the_list_offers_a_link_to_those_without_an_address_alone(
    browser: Client, ana: User, page: str
) -> None:
    people.contact(ana, "Carlos Rui", "carlos@sul.example")
    html = look(browser, "/invitations/choose/?show=all").content.decode()
    assert html.count("make a personal link") == 1
    assert f'No address: <a href="{page}"' in html


def test_what_was_shown_is_word_for_word_what_stands_behind_the_link(
    browser: Client, page: str, ana: User
) -> None:
    look(browser, page)
    preview = browser.post(page, TYPED | {"look": "yes"})
    assert not PersonalLink.objects.exists()
    browser.post(page, looked_at(browser, page, TYPED))
    link = PersonalLink.objects.get()
    ana.first_name = "Eve"
    ana.email = "eve@evil.example"
    ana.save()
    behind = look(Client(), path_of(link))
    assert body_of(preview.content) == body_of(behind.content)
    said = text_of(behind)
    assert (
        "Ana Diaz gave you this link. We don’t have your address, and we sent you nothing." in said
    )
    assert "Ana says you worked together." in said
    entry = Entry.objects.get(action="link.confirmed")
    assert entry.facts == {"digest": link.digest, "relationship": "worked"}


def test_a_page_that_changed_after_it_was_shown_makes_no_link(browser: Client, page: str) -> None:
    posted = looked_at(browser, page, TYPED)
    answer = browser.post(page, posted | {"words": "Something else, which nobody has seen yet."})
    assert answer.status_code == 409
    assert "The page is another one now. Look at it once more." in text_of(answer)
    assert "Something else" in text_of(answer)
    assert browser.post(page, TYPED | {"make": "yes"}).status_code == 409
    assert not PersonalLink.objects.exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"relationship": ""}, "Say how you know each other."),
        ({"relationship": "other"}, "Say in a few words how you know each other."),
        ({"words": " "}, "The note is empty."),
        ({"words": "Look at www.evil.example"}, "would become a link"),
        ({"words": "x" * 1001}, "1,000 fit. Shorten it."),
    ],
)
def test_words_that_can_not_stand_are_refused_and_kept(
    browser: Client, page: str, typed: dict[str, str], sentence: str
) -> None:
    answer = browser.post(page, TYPED | typed | {"look": "yes"})
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert (TYPED | typed)["words"].strip() in answer.content.decode()


def test_one_person_gets_one_link_and_twice_is_the_same(
    browser: Client, ana: User, page: str, bea: Contact
) -> None:
    posted = looked_at(browser, page, TYPED)
    first = browser.post(page, posted, follow=True)
    second = browser.post(page, posted, follow=True)
    assert first.redirect_chain == second.redirect_chain
    assert PersonalLink.objects.count() == 1
    # The address book is forgotten and read again: it is the same person.
    bea.delete()
    again = people.without_address(ana)
    answer = browser.get(f"/invitations/links/new/{again.pk}/")
    assert answer.headers["Location"] == first.redirect_chain[-1][0]
    assert "You made a personal link." in text_of(look(browser, "/invitations/choose/?show=all"))


def test_a_link_counts_as_an_invitation(browser: Client, ana: User) -> None:
    Standing.objects.create(sender=ana, allowance=1, since=clock.now())
    assert confirming.room_for(ana) == 1
    people.handed_over(ana, "Carlos Rui")
    assert confirming.room_for(ana) == 0
    page = f"/invitations/links/new/{people.without_address(ana).pk}/"
    answer = browser.post(page, looked_at(browser, page, TYPED))
    assert answer.status_code == 422
    said = text_of(answer)
    assert "A link counts as an invitation" in said
    assert "as many as you can for now: 1 in 30 days." in said


def test_who_is_on_hold_makes_no_link(browser: Client, ana: User, page: str) -> None:
    holding.hold(scopes.of_sender(ana.pk), reason="A person looks at it.")
    answer = browser.post(page, looked_at(browser, page, TYPED))
    assert "It is on hold: a person is looking at it." in text_of(answer)
    assert not PersonalLink.objects.exists()


def test_nobody_with_an_address_and_nobody_of_somebody_else_gets_one(
    browser: Client, ana: User
) -> None:
    mine = people.contact(ana, "Carlos Rui", "carlos@sul.example")
    theirs = people.without_address(people.member("Tom Berg"))
    for contact in (mine, theirs):
        assert browser.post(f"/invitations/links/new/{contact.pk}/", TYPED).status_code == 404


def test_a_link_is_never_mailed(ana: User, settings: Any) -> None:
    with mail_server(settings) as sink:
        people.handed_over(ana)
        PersonalLink.objects.update(contact=None)
        outbox.send_due()
        assert sink.taken == []
    assert not Invitation.objects.exists()
    assert not PreparedMail.objects.exists()
    assert not Reservation.objects.exists()
    # There is no column from which a mail to this person could be made.
    columns = {field.name for field in PersonalLink._meta.get_fields()}
    assert not columns & {"recipient_address", "mail", "batch", "send_after", "state", "claim"}


def test_the_page_shows_link_qr_code_and_only_two_answers(browser: Client, ana: User) -> None:
    link = people.handed_over(ana)
    html = look(browser, f"/invitations/links/{link.uid}/").content.decode()
    assert f">{linking.address_of(link)}</textarea>" in html
    assert 'role="img" aria-label="QR code of this link"' in html
    assert "<svg" in html
    assert "http" not in re.sub(
        r'xmlns="[^"]*"', "", html[html.index("<svg") : html.index("</svg>")]
    )
    assert "State No answer" in text_of(browser.get(f"/invitations/links/{link.uid}/"))
    linking.accept(token=path_of(link).split("/")[2])
    assert "State Accepted" in text_of(browser.get(f"/invitations/links/{link.uid}/"))
    assert "Bea Sousa" in text_of(look(browser, "/invitations/"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM invites_personallink")
        assert path_of(link).split("/")[2] not in str(cursor.fetchall())


def test_who_gets_the_link_accepts_without_an_address_or_a_cookie(ana: User) -> None:
    link = people.handed_over(ana)
    person = Client(enforce_csrf_checks=True)
    accept = f"{path_of(link)}by-hand/accept/"
    assert "This link is for Bea Sousa. Is this you?" in text_of(look(person, accept))
    for _ in range(2):
        done = person.post(accept, {"accept": "yes"}, follow=True)
        assert "Ana sees “Accepted”, and nothing else." in text_of(done)
    assert not person.cookies
    assert Entry.objects.filter(action="link.accepted").count() == 1
    assert "You accepted." in text_of(look(person, path_of(link)))
    assert "There is no address to stop" in text_of(look(person, f"{path_of(link)}stop/"))


def test_erasing_removes_name_words_and_link(browser: Client, ana: User) -> None:
    link = people.handed_over(ana)
    person, erase = Client(enforce_csrf_checks=True), f"{path_of(link)}by-hand/erase/"
    look(person, erase)
    done = person.post(erase, {"erase": "everything"}, follow=True)
    assert "Erased." in text_of(done)
    link.refresh_from_db()
    assert (link.recipient_name, link.words, link.sender_name) == ("", "", "")
    look(person, path_of(link), status=404)
    assert "A link that is closed" in text_of(look(browser, f"/invitations/links/{link.uid}/"))
    # And no second one for her.
    page = f"/invitations/links/new/{people.without_address(ana).pk}/"
    assert browser.get(page).status_code == 302


def test_forgetting_everything_says_that_links_stay_open(browser: Client, ana: User) -> None:
    link = people.handed_over(ana)
    said = text_of(look(browser, "/invitations/forget/"))
    assert "The personal links you made stay open for those who have them." in said
    assert "Nothing was ever sent" not in said
    browser.post("/invitations/forget/")
    said = text_of(look(browser, "/invitations/forgotten/"))
    assert "0 people erased at" in said
    assert "One remains because you invited them." in said
    look(Client(), path_of(link))


def test_while_its_sender_is_on_hold_a_link_is_not_available_but_can_be_erased(
    browser: Client, ana: User
) -> None:
    link = people.handed_over(ana)
    holding.hold(scopes.of_sender(ana.pk), reason="A person looks at it.")
    path = path_of(link)

    for page in (path, f"{path}by-hand/accept/"):
        said = text_of(look(Client(), page))
        assert "This invitation is not available at the moment" in said
        assert "Ana" not in said
    Client().post(f"{path}by-hand/accept/", {"accept": "yes"})
    link.refresh_from_db()
    assert link.accepted_at is None
    assert "whoever opens the link reads that it is not available" in text_of(
        look(browser, f"/invitations/links/{link.uid}/")
    )

    holding.lift(scopes.of_sender(ana.pk), reason="Looked at.", actor=of_member(ana.pk))
    assert "Ana Diaz gave you this link." in text_of(look(Client(), path))
    holding.hold(scopes.SITE, reason="A test of the brakes.")
    Client().post(f"{path}by-hand/erase/", {"erase": "everything"})
    assert text_of(look(Client(), f"{path}by-hand/erase/")).startswith("Erased.")


def test_a_withdrawn_link_leads_nowhere(browser: Client, ana: User) -> None:
    link = people.handed_over(ana)
    look(browser, f"/invitations/links/{link.uid}/withdraw/")
    browser.post(f"/invitations/links/{link.uid}/withdraw/")
    look(Client(), path_of(link), status=404)
    assert Client().post(f"{path_of(link)}by-hand/accept/", {"accept": "yes"}).status_code == 404
    assert "Withdrawn by you" in text_of(look(browser, "/invitations/"))
    assert Entry.objects.filter(action="link.withdrawn").count() == 1


def test_after_a_year_the_name_is_forgotten(ana: User, settings: Any) -> None:
    link = people.handed_over(ana)
    assert forgetting.forget_what_is_over() == 0
    settings.RECIPIENT_DAYS = 0
    assert forgetting.forget_what_is_over() == 1
    link.refresh_from_db()
    assert link.recipient_name == ""
    assert link.erased_at is not None
    assert link.erased_at <= clock.now() + timedelta(seconds=1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invites_personallink SET words = 'Buy now'",
        "UPDATE invites_personallink SET recipient_name = ''",
        "UPDATE invites_personallink SET digest = 'e'",
        "UPDATE invites_personallink SET sender_id = sender_id + 1",
        "UPDATE invites_personallink SET relationship = 'friend'",
        "DELETE FROM invites_personallink",
    ],
)
def test_the_database_lets_nobody_change_a_link_that_was_made(ana: User, statement: str) -> None:
    people.handed_over(ana)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

"""Bea opens the link in her mail: who, why, from where, with which words. Nothing happens by looking."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.formats import date_format

from invites import outbox, tokens
from invites.actions import drafting, taking_back
from invites.models import Invitation
from ledger import clock
from tests import people
from tests.arrivals import arrived, link_in
from tests.page_rules import every_row, hold_to_rules, look, text_of, words
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db

PAGES = (
    "", "stop/", "stop-sender/", "accept/", "decline/", "not-how/", "dont-know/", "report/", "erase/",
)  # fmt: skip
METHODS = ("get", "head", "options", "put", "patch", "delete", "trace")


def test_it_says_who_chose_her_when_from_where_and_why(
    bea: Client, link: str, invitation: Invitation
) -> None:
    page = look(bea, link)

    said = text_of(page)
    day = date_format(invitation.chosen_at, "j F")
    assert said.startswith(f"Ana Diaz chose you on {day} from their Google contacts.")
    assert "Ana Diaz ana@diaz.example We checked this address, not the name." in said
    assert "Ana says you worked together." in said
    assert f"You were chosen on {date_format(invitation.chosen_at, 'j F Y')}." in said
    assert "Your address was in Ana’s Google contacts." in said
    assert "Bea Sousa b•••@n•••.example" in said


def test_the_senders_words_stand_on_letter_paper_and_are_called_hers(
    bea: Client, link: str
) -> None:
    tree = hold_to_rules(look(bea, link).content.decode())

    (letter,) = [one for one in tree.iter() if "letter" in (one.get("class") or "").split()]
    assert words(letter) == people.NOTE
    assert "These words are Ana’s own, exactly as the mail had them." in words(tree)


def test_a_note_that_is_rewritten_for_others_later_changes_nothing_here(
    bea: Client, link: str, ana: User
) -> None:
    drafting.write(member=ana, note="Another note altogether, for somebody else.")
    ana.first_name, ana.last_name = "Your", "Bank"
    ana.save()

    said = text_of(look(bea, link))

    assert people.NOTE in said
    assert "Another note" not in said
    assert "Ana Diaz chose you" in said
    assert "Your" not in said.split()[:10]
    assert "Bank" not in said


def test_the_fingerprint_is_the_one_that_the_sender_confirmed(
    bea: Client, link: str, invitation: Invitation
) -> None:
    assert invitation.batch is not None
    assert f"Fingerprint {invitation.batch.fingerprint[:8]} The same" in text_of(look(bea, link))


def test_it_says_what_is_kept_how_long_and_by_whom(
    bea: Client, link: str, invitation: Invitation, settings: Any
) -> None:
    settings.POSTAL_ADDRESS = "1 Example Street, 1000 Example"
    assert invitation.batch is not None
    until = invitation.batch.confirmed_at + timedelta(days=365)

    said = text_of(look(bea, link))

    assert f"Until {date_format(until, 'j F Y')}." in said
    whose = "Handpicked keeps it: 1 Example Street, 1000 Example, invitations@handpicked.example."
    assert whose in said
    assert "Article 6(1)(f) of the GDPR" in said
    assert "data protection authority" in said


def test_the_first_thing_to_press_is_stop_and_asking_opens_her_own_mail_program(
    bea: Client, link: str
) -> None:
    tree = hold_to_rules(look(bea, link).content.decode())

    links = [(words(one), one.get("href")) for one in tree.iter("a")]
    assert links[:4] == [
        ("Stop all invitations to me", f"{link}stop/"),
        ("Accept the invitation", f"{link}accept/"),
        ("No, thanks", f"{link}decline/"),
        (
            "Ask Ana if this was meant",
            "mailto:ana@diaz.example?subject=Your%20invitation%20to%20Handpicked",
        ),
    ]
    assert [href for _, href in links[4:9]] == [
        f"{link}{page}/" for page in ("not-how", "dont-know", "stop-sender", "report", "erase")
    ]


def test_a_link_that_was_forwarded_gives_no_address_away(
    bea: Client, link: str, invitation: Invitation
) -> None:
    for page in PAGES:
        answer = bea.get(link + page)
        assert answer.status_code == 200
        assert "bea@norte" not in answer.content.decode()
        if page not in ("", "accept/"):
            assert "went to b•••@n•••.example. Is this you?" in text_of(answer), page


def test_an_address_in_a_name_s_place_is_not_shown_either(
    bea: Client, ana: User, post: Sink
) -> None:
    arrived(ana, "bea@norte.example", "bea@norte.example")
    page = bea.get(link_in(post, "bea@norte.example"))

    assert "bea@norte" not in page.content.decode()


def test_a_typed_address_is_called_typed(bea: Client, ana: User, post: object) -> None:
    person = people.contact(ana)
    person.source, person.source_label = "typed", "typed by hand"
    person.save()
    drafting.choose(member=ana, ticked={person.pk}, shown={person.pk})
    drafting.write(member=ana, note=people.NOTE)
    invitation = people.decided(ana, Invitation.objects.get())
    people.confirm(ana)
    outbox.send_due()

    said = text_of(look(bea, f"/i/{tokens.token(invitation.uid)}/"))

    assert "and typed your address. " in said
    assert "Ana typed your address." in said


def test_no_script_no_cookie_nothing_kept_nothing_passed_on(bea: Client, link: str) -> None:
    for path in (*(link + page for page in PAGES), f"/i/{'x' * 43}/"):
        page = bea.get(path)
        assert not page.cookies
        assert page["Cache-Control"] == "no-store"
        assert page["Referrer-Policy"] == "no-referrer"
        assert page["X-Robots-Tag"] == "noindex, nofollow"
        tree = hold_to_rules(page.content.decode())
        assert not list(tree.iter("script"))
        addresses = [
            one.get(name) or ""
            for one in tree.iter()
            for name in ("href", "src", "action", "srcset")
            if one.get(name)
        ]
        assert [one for one in addresses if not one.startswith(("/", "mailto:"))] == []
        assert [one for one in addresses if one.startswith("//")] == []


def test_whatever_a_scanner_does_nothing_changes(bea: Client, link: str) -> None:
    before = every_row()

    for page, method in itertools.product(PAGES, METHODS):
        answer = getattr(bea, method)(link + page)

        assert answer.status_code == (200 if method in ("get", "head") else 405), (page, method)
        assert every_row() == before, (page, method)


def test_withdrawn_expired_and_unknown_links_look_the_same(
    bea: Client, link: str, invitation: Invitation, ana: User, settings: Any
) -> None:
    unknown = f"/i/{'x' * 43}/"
    pages = [look(bea, unknown, status=404).content.decode().replace(unknown, "/link/")]

    settings.RECIPIENT_DAYS = 0
    pages.append(look(bea, link, status=404).content.decode().replace(link, "/link/"))
    settings.RECIPIENT_DAYS = 365
    look(bea, link)
    assert taking_back.withdraw(member=ana, uid=invitation.uid)
    pages.append(look(bea, link, status=404).content.decode().replace(link, "/link/"))

    assert pages[0] == pages[1] == pages[2]
    assert "There is no invitation here" in pages[0]
    assert "Ana" not in pages[0]
    look(bea, f"{link}accept/", status=404)


def test_a_link_is_dead_before_its_mail_has_left(bea: Client, ana: User) -> None:
    batch = people.confirmed(ana)
    uid = batch.invitations.get().uid

    look(bea, f"/i/{tokens.token(uid)}/", status=404)


@pytest.mark.parametrize("path", ["short", "x" * 42, "x" * 44, "x" * 42 + "!", "x" * 42 + "%C3%A9"])
def test_what_can_not_be_a_token_is_no_address_here(bea: Client, db: None, path: str) -> None:
    answer = bea.get(f"/i/{path}/")

    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_the_hash_in_the_tables_opens_nothing(bea: Client, invitation: Invitation) -> None:
    look(bea, f"/i/{invitation.token_hash}/", status=404)


def test_the_day_is_the_databases_day(invitation: Invitation) -> None:
    assert abs(clock.now() - invitation.chosen_at) < timedelta(minutes=5)

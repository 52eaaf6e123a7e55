"""Bea stops all invitations: on the page in two steps, from her mail program in one."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites import outbox, tokens
from invites.actions import taking_back
from invites.models import Invitation, Suppression
from ledger.models import Entry
from tests import people
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db

URLENCODED = "application/x-www-form-urlencoded"
ONE_CLICK = "List-Unsubscribe=One-Click"


def test_the_page_says_what_it_will_do_and_to_whom(bea: Client, link: str) -> None:
    said = text_of(look(bea, f"{link}stop/"))

    assert said.startswith("Stop all invitations to you?")
    assert "no member of this site can send an invitation to b•••@n•••.example." in said
    assert "Nobody is told" in said
    assert not Suppression.objects.exists()


def test_the_button_stops_everyone_and_gives_a_receipt(bea: Client, link: str, post: Sink) -> None:
    answer = bea.post(f"{link}stop/", {"stop": "everyone"}, follow=True)

    said = text_of(answer)
    assert said.startswith("Done. No member of this site can send you an invitation again.")
    assert "b•••@n•••.example" in said
    assert "every member of Handpicked" in said
    assert not answer.cookies
    people.reviewed(people.member("Tom Berg"), address="Bea@Norte.example")
    people.confirm(User.objects.get(first_name="Tom"))
    outbox.send_due()
    assert post.recipients == ["bea@norte.example"]  # Ana's mail, from before


def test_the_receipt_can_be_read_again_and_the_invitation_page_knows(
    bea: Client, link: str
) -> None:
    bea.post(f"{link}stop/", {"stop": "everyone"})

    assert text_of(look(bea, f"{link}stop/")).startswith("Done. No member of this site can")
    said = text_of(look(bea, link))
    assert "You stopped all invitations" in said
    assert "Stop all invitations to me" not in said


def test_stopping_twice_is_stopping_once(bea: Client, link: str) -> None:
    bea.post(f"{link}stop/", {"stop": "everyone"})
    before = every_row()

    bea.post(f"{link}stop/", {"stop": "everyone"})
    bea.post(f"{link}stop/", ONE_CLICK, content_type=URLENCODED)

    assert every_row() == before
    assert Entry.objects.filter(action="invitation.stopped").count() == 1


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
def test_one_click_in_the_mail_program_stops_at_once(
    bea: Client, invitation: Invitation, link: str, post: Sink, encoding: str
) -> None:
    (_, raw) = post.taken[0]
    (header,) = [line for line in raw.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    path = header.decode().removeprefix("List-Unsubscribe: <http://localhost:8000").rstrip(">")
    assert path == f"{link}stop/"

    if encoding == "multipart":  # RFC 8058, section 3.1, allows both
        answer = bea.post(path, {"List-Unsubscribe": "One-Click"})
    else:
        answer = bea.post(path, ONE_CLICK, content_type=URLENCODED)

    assert answer.status_code == 200
    assert not answer.cookies
    invitation.refresh_from_db()
    assert invitation.stopped_at
    assert Suppression.objects.get().sender is None


def test_one_click_is_answered_alike_whatever_the_token(
    bea: Client, link: str, invitation: Invitation, ana: User
) -> None:
    def click(path: str) -> tuple[Any, ...]:
        answer = bea.post(path, ONE_CLICK, content_type=URLENCODED)
        return answer.status_code, answer.content, sorted(answer.headers.items())

    unknown = click(f"/i/{'x' * 43}/stop/")
    assert not Suppression.objects.exists()
    taking_back.withdraw(member=ana, uid=invitation.uid)
    withdrawn = click(f"{link}stop/")
    again = click(f"{link}stop/")

    assert unknown == withdrawn == again
    assert unknown[0] == 200
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "List-Unsubscribe=one-click",
        "List-Unsubscribe=One-Click&also=this",
        "List-Unsubscribe=One-Click&List-Unsubscribe=One-Click",
        "list-unsubscribe=One-Click",
        "stop=me",
        "stop=everyone&List-Unsubscribe=One-Click",
    ],
)
def test_any_other_body_only_shows_the_page(bea: Client, link: str, body: str) -> None:
    before = every_row()

    answer = bea.post(f"{link}stop/", body, content_type=URLENCODED)

    assert text_of(answer).startswith("Stop all invitations to you?")
    assert every_row() == before


@pytest.mark.parametrize("over", ["withdrawn", "expired"])
def test_the_stop_link_outlives_the_invitation(
    bea: Client, link: str, invitation: Invitation, ana: User, settings: Any, over: str
) -> None:
    if over == "withdrawn":
        taking_back.withdraw(member=ana, uid=invitation.uid)
    else:
        settings.RECIPIENT_DAYS = 0
    assert f"{link}stop/" in look(bea, link, status=404).content.decode()
    said = text_of(look(bea, f"{link}stop/"))
    assert "an invitation to the address that got this link." in said
    assert "bea@norte.example" not in said

    answer = bea.post(f"{link}stop/", {"stop": "everyone"}, follow=True)

    assert text_of(answer).startswith("Done. No member of this site")
    assert Suppression.objects.count() == 1


def test_a_link_of_nobody_says_honestly_that_nothing_was_stopped(bea: Client, db: None) -> None:
    unknown = f"/i/{'x' * 43}/stop/"
    look(bea, unknown, status=404)

    answer = bea.post(unknown, {"stop": "everyone"})

    assert answer.status_code == 404
    assert "nobody to stop invitations to. Nothing was changed." in text_of(answer)
    assert not Suppression.objects.exists()


def test_an_invitation_that_waits_never_leaves_after_a_stop(
    bea: Client, link: str, post: Sink
) -> None:
    tom = people.member("Tom Berg")
    people.reviewed(tom)
    waiting = people.confirm(tom).invitations.get()

    bea.post(f"{link}stop/", {"stop": "everyone"})
    outbox.send_due()

    waiting.refresh_from_db()
    assert waiting.state == "blocked"
    assert post.recipients == ["bea@norte.example"]
    assert bea.get(f"/i/{tokens.token(waiting.uid)}/").status_code == 404

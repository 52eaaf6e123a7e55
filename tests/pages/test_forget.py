"""Forgetting: asked first, complete, and honest about what stays (promise 7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from config.celery import app
from importer.models import Contact
from invites.models import Draft, Invitation
from ledger import clock
from tests import people
from tests.page_rules import look, text_of

pytestmark = pytest.mark.django_db
PAGE = "/invitations/forget/"


def test_the_page_says_what_goes_and_changes_nothing(browser: Client, ana: User) -> None:
    people.reviewed(ana)
    people.contact(ana, "Kim Lee", "kim@norte.example")
    said = text_of(look(browser, PAGE))
    assert "2 people from your address books" in said
    assert "your choice of 1 person" in said
    assert "Nothing was ever sent" in said


def test_where_there_is_nothing_no_zero_is_listed(browser: Client) -> None:
    said = text_of(look(browser, PAGE))
    assert "We hold nobody from your address books, and no draft of yours." in said
    assert "0 people" not in said
    assert "your note" not in said
    assert "Forgotten: your note and your decisions." in text_of(browser.post(PAGE, follow=True))


def test_one_press_forgets_everything_but_what_was_confirmed(browser: Client, ana: User) -> None:
    people.confirmed(ana)
    people.contact(ana, "Kim Lee", "kim@norte.example")
    people.chosen(ana, "Lou May", "lou@norte.example")
    assert "What you confirmed stays" in text_of(look(browser, PAGE))
    answer = browser.post(PAGE, follow=True)
    assert "Forgotten: 2 people" in text_of(answer)
    assert Contact.objects.count() == Draft.objects.count() == 0
    assert Invitation.objects.get().state == "confirmed"


def test_no_session_keeps_a_name(browser: Client, ana: User) -> None:
    person = people.reviewed(ana, "Beatriz Sousa", "beatriz@norte.example")
    browser.post(f"/invitations/check/{person.uid}/remove/")
    kept = [session.get_decoded() for session in Session.objects.all()]
    assert kept
    assert "Beatriz" not in str(kept)
    assert "Beatriz Sousa gets no mail now." in text_of(browser.get("/invitations/check/"))
    browser.post(PAGE)
    assert "Beatriz" not in browser.cookies.output()


def test_sessions_that_are_over_are_erased_every_day(browser: Client, settings: Any) -> None:
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))
    daily = settings.CELERY_BEAT_SCHEDULE["forget sessions"]
    app.loader.import_default_modules()  # as a worker does
    app.tasks[daily["task"]].apply()
    assert not Session.objects.exists()


def test_the_way_out_stands_on_every_step(browser: Client, ana: User) -> None:
    card = people.reviewed(ana)
    for step in ("choose/", "write/", f"review/{card.uid}/", "check/"):
        html = look(browser, f"/invitations/{step}").content.decode()
        assert f'action="{PAGE}"' in html
        assert "Nothing sent" in html

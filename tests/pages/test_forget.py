"""Forgetting: asked first, complete, and honest about what stays (promise 7)."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from config.celery import app
from importer import grants, uploading
from importer.models import Contact, ContactAddress, Import, ImportState, LastClick
from invites.actions import drafting, forgetting
from invites.models import Draft, Invitation, SetAside
from ledger import clock
from ledger.models import Entry
from tests import people
from tests.page_rules import look, text_of

pytestmark = pytest.mark.django_db
PAGE, RECEIPTS = "/invitations/forget/", "/invitations/forgotten/"


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
    assert "0 people erased at" in text_of(browser.post(PAGE, follow=True))


def test_one_press_forgets_everything_but_what_was_confirmed(browser: Client, ana: User) -> None:
    people.confirmed(ana)
    people.contact(ana, "Kim Lee", "kim@norte.example")
    people.chosen(ana, "Lou May", "lou@norte.example")
    assert "What you confirmed stays" in text_of(look(browser, PAGE))
    answer = browser.post(PAGE, follow=True)
    assert "2 people erased at" in text_of(answer)
    assert "One remains because you invited them." in text_of(answer)
    assert Contact.objects.count() == Draft.objects.count() == 0
    assert Invitation.objects.get().state == "confirmed"


def test_page_and_receipt_count_alike_whom_a_link_remembers(browser: Client, ana: User) -> None:
    people.handed_over(ana)
    people.contact(ana, "Kim Lee", "kim@norte.example")
    assert "1 person from your address books" in text_of(look(browser, PAGE))
    answer = text_of(browser.post(PAGE, follow=True))
    assert "1 person erased at" in answer
    assert "One remains because you invited them." in answer


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


def test_the_receipt_says_all_that_went_and_can_be_looked_at_again(
    browser: Client, ana: User
) -> None:
    people.confirmed(ana, 2)
    aside = people.reviewed(ana, "Lou May", "lou@norte.example")
    drafting.set_aside(member=ana, uid=aside.uid, decision=SetAside.NEVER)
    person = people.contact(ana, "Kim Lee", "kim@norte.example")
    ContactAddress.objects.create(
        contact=person, member=ana, address="kim@norte.example", normalised="kim@norte.example"
    )
    uploading.receive(member=ana, file=io.BytesIO(b"Who;Where\nZoe;zoe@norte.example\n"))
    run = Import.objects.create(
        member=ana, source="google", source_label="Google contacts",
        state=ImportState.FAILED, created_at=clock.now(),
    )  # fmt: skip
    grants.keep(run, {"access_token": "a"}, clock.now())
    browser.post(PAGE)
    said = text_of(look(browser, RECEIPTS))
    for words in (
        "2 people erased at",
        "Two remain because you invited them.",
        "E-mail addresses 1",
        "What we read of files 1 file",
        "Accesses ended 1",
        "Choices and decisions 1 person of your draft",
        "Your note erased",
        "Every “never” of yours 1",
        "being ended, within the hour at most",
    ):
        assert words in said, said
    Import.objects.update(revocation="impossible")
    assert "can’t end a single access, so remove it there, too" in text_of(look(browser, RECEIPTS))
    kept = str(list(Entry.objects.values_list("facts", flat=True)))
    assert "Kim" not in kept
    assert "@" not in kept


def test_erasings_by_time_are_on_the_same_page_and_nobody_else_sees_them(
    browser: Client, ana: User
) -> None:
    people.contact(ana, "Kim Lee", "kim@norte.example")
    LastClick.objects.create(member=ana, at=clock.now() - timedelta(hours=25))
    forgetting.forget_what_is_over()
    assert "A day after your last click 1 person erased from your address books at" in text_of(
        look(browser, RECEIPTS)
    )
    browser.force_login(people.member("Tom Berg"))
    assert "Nothing yet." in text_of(look(browser, RECEIPTS))


@pytest.mark.parametrize(("early", "erased"), [(60, 0), (-1, 1)])
def test_a_draft_is_kept_for_fourteen_days_and_the_page_shows_until_when(
    browser: Client, ana: User, early: int, erased: int
) -> None:
    people.chosen(ana)
    draft = Draft.objects.get()
    fortnight = draft.kept_until - clock.now()
    assert timedelta(days=14) - timedelta(minutes=1) < fortnight <= timedelta(days=14)
    assert f"kept until {draft.kept_until:%-d %B}" in text_of(look(browser, "/"))
    Contact.objects.all().delete()
    Draft.objects.update(kept_until=clock.now() + timedelta(seconds=early))
    assert forgetting.forget_what_is_over() == erased
    assert Invitation.objects.count() == 1 - erased


def test_the_way_out_stands_on_every_page_of_the_journey(browser: Client, ana: User) -> None:
    batch = people.confirmed(ana)
    card = people.reviewed(ana, "Lou May", "lou@norte.example")
    run = Import.objects.create(
        member=ana, source="google", source_label="Google contacts",
        state=ImportState.DONE, created_at=clock.now(),
    )  # fmt: skip
    for step in ("choose/", "write/", f"review/{card.uid}/", "check/"):
        html = look(browser, f"/invitations/{step}").content.decode()
        assert f'action="{PAGE}"' in html
        assert "This draft: nothing sent" in html
    for path in (
        "/",
        "/contacts/",
        "/contacts/file/",
        f"/contacts/imports/{run.uid}/",
        "/invitations/choose/",
        "/invitations/write/",
        f"/invitations/review/{card.uid}/",
        "/invitations/check/",
        f"/invitations/sent/{batch.uid}/",
        f"/invitations/sent/{batch.uid}/not-me/",
        "/invitations/",
    ):
        html = look(browser, path).content.decode()
        assert f'href="{PAGE}">Forget everything</a>' in html, path

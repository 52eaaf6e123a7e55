"""Rows that an import left out, set right by hand; the report's counts follow."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from importer.models import Contact, LeftOut
from ledger.models import Entry
from tests.importer.test_pages import hold_to_rules_with_prefix
from tests.importer.test_upload import CARDS, Browser
from tests.page_rules import look, text_of
from tests.people import member


@pytest.fixture
def browser(db: None, client: Client) -> Browser:
    return Browser(client, member())


def fix(browser: Browser, row: LeftOut, **answers: str) -> Any:
    path = f"/contacts/imports/{row.import_run.uid}/left-out/{row.pk}/"
    look(browser.client, path)
    return browser.client.post(path, answers, follow=True)


def test_a_wrong_address_of_a_kept_person_is_set_right(browser: Browser) -> None:
    run = browser.read(CARDS)
    row = LeftOut.objects.get(name="Tom Berg")
    assert f"/left-out/{row.pk}/" in browser.look(run).content.decode()
    words = text_of(fix(browser, row, address="tom@firm.example"))
    assert "Tom Berg is kept. Nothing was sent." in words
    assert "4 people read. 2 have an address." in words
    tom = Contact.objects.get(name="Tom Berg")
    assert (tom.best_address, tom.refusal) == ("tom@firm.example", "")
    assert "tom@firm.example" in tom.search
    assert not LeftOut.objects.filter(pk=row.pk).exists()
    assert Entry.objects.latest("id").action == "contact.mended"


def test_an_entry_that_was_left_out_is_kept_and_the_counts_follow(browser: Browser) -> None:
    run = browser.read(CARDS)
    first, second = LeftOut.objects.filter(contact=None).order_by("id")
    page = fix(browser, first, name="Ida", address="ida@firm.example")
    assert "Ida is kept." in text_of(page)
    assert "Kept 3 Merged 1" in text_of(page)
    assert "Left out 0 people · 2 addresses of people who are kept" in text_of(page)
    run.refresh_from_db()
    assert (run.kept, run.merged, run.left_out) == (3, 1, 0)
    assert run.read == run.kept + run.merged + run.left_out
    assert Contact.objects.filter(import_run=run).count() == run.kept
    second.refresh_from_db()
    assert second.contact == Contact.objects.get(name="Ida")


def test_the_address_of_somebody_who_is_here_merges(browser: Browser) -> None:
    run = browser.read(CARDS)
    row = LeftOut.objects.filter(contact=None).order_by("id")[0]
    words = text_of(fix(browser, row, address="bea@norte.example"))
    assert "Bea Sousa had this address already." in words
    run.refresh_from_db()
    assert (run.kept, run.merged, run.left_out) == (2, 2, 0)


def test_still_no_address_is_explained_and_nothing_changes(browser: Browser) -> None:
    browser.read(CARDS)
    row = LeftOut.objects.get(name="Tom Berg")
    page = fix(browser, row, address="tom at firm.example")
    hold_to_rules_with_prefix(page.content.decode())
    assert "@-sign" in text_of(page)
    assert LeftOut.objects.filter(pk=row.pk).exists()


def test_a_shared_mailbox_is_kept_with_the_reason(browser: Browser) -> None:
    browser.read(CARDS)
    page = fix(browser, LeftOut.objects.get(name="Tom Berg"), address="info@firm.example")
    assert "Tom Berg is kept. Shared mailbox. Nothing was sent." in text_of(page)


def test_twice_is_the_same_as_once(browser: Browser) -> None:
    browser.read(CARDS)
    row = LeftOut.objects.get(name="Tom Berg")
    path = f"/contacts/imports/{row.import_run.uid}/left-out/{row.pk}/"
    browser.client.post(path, {"address": "tom@firm.example"})
    page: Any = browser.client.post(path, {"address": "tom@firm.example"}, follow=True)
    assert "That row is kept already, or was forgotten." in text_of(page)


def test_nobody_else_can_set_it_right(browser: Browser) -> None:
    browser.read(CARDS)
    row = LeftOut.objects.get(name="Tom Berg")
    eve = Browser(Client(), member("Eve Vil"))
    path = f"/contacts/imports/{row.import_run.uid}/left-out/{row.pk}/"
    assert eve.client.post(path, {"address": "tom@firm.example"}).status_code == 404
    assert LeftOut.objects.filter(pk=row.pk).exists()

"""The pages below /contacts/: their words, their rules, and people typed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from importer.models import Contact
from importer.sources.contract import Source
from ledger.models import Entry
from tests.importer.conftest import TWELVE, Site
from tests.page_rules import hold_to_rules, look, text_of


def typed(site: Site, name: str, address: str) -> Any:
    return site.browser.post("/contacts/type/", {"name": name, "address": address}, follow=True)


def test_the_connect_page_says_what_is_read_and_that_nothing_is_sent(site: Site) -> None:
    words = text_of(look(site.browser, "/contacts/"))
    assert "We read names, work and e-mail addresses. Reading sends nothing." in words
    assert "People we hold from your address books: 0" in words
    assert "could read everything in your contacts" in words
    assert "Connecting is apart from signing in" in words


def test_later_weighs_the_same_as_connect(site: Site) -> None:
    page = look(site.browser, "/contacts/").content.decode()
    button = '<button class="button-quiet" type="submit"'
    assert (
        f'{button} name="purpose" value="look_up">Look up people in Google contacts</button>'
        in page
    )
    assert f"{button}>Read all my Google contacts</button>" in page
    assert '<a class="button-quiet" href="/">Later, once I know the site</a>' in page


def test_without_any_source_people_can_still_be_typed(site: Site, settings: Any) -> None:
    settings.SOURCES = {}
    words = text_of(look(site.browser, "/contacts/"))
    assert "Look up people" not in words
    assert "Read a file" in words
    assert "Type an address" in words
    assert "Later, once I know the site" in words


def test_a_typed_person_is_in_the_list_and_nothing_is_sent(site: Site) -> None:
    page = typed(site, "Zoë Núñez", "zoe@firm.example")
    assert "Zoë Núñez is in your list. Nothing was sent." in text_of(page)
    assert "People we hold from your address books: 1" in text_of(page)
    zoe = Contact.objects.get()
    assert (zoe.source, zoe.source_label, zoe.import_run) == ("typed", "typed by hand", None)
    assert zoe.can_be_invited
    assert Entry.objects.get().action == "contact.typed"


def test_the_same_person_twice_is_one(site: Site) -> None:
    typed(site, "Zoë", "zoe@firm.example")
    page = typed(site, "Zoe", "ZOE@Firm.example")
    assert "Zoë was in your list already. Nothing was sent." in text_of(page)
    assert Contact.objects.count() == 1


def test_a_person_may_have_an_address_and_no_name(site: Site) -> None:
    assert "zoe@firm.example is in your list." in text_of(typed(site, "", "zoe@firm.example"))


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "Type an e-mail address."),
        ("zoe.firm.example", "@-sign"),
        ("zoe@firm..example", "period"),
        ("info@firm.example", "Shared mailbox. It can’t be invited."),
        ("news@lists.firm.example", "Mailing list. It can’t be invited."),
        ("zoë@firm.example", "international addresses"),
        ("a@b.example, c@d.example", "."),
    ],
)
def test_a_mistake_is_explained_and_what_was_typed_is_kept(
    site: Site, address: str, sentence: str
) -> None:
    page = typed(site, "Zoë Núñez", address)
    html = page.content.decode()
    hold_to_rules_with_prefix(html)
    assert sentence in text_of(page)
    assert 'value="Zoë Núñez"' in html
    assert not Contact.objects.exists()


def hold_to_rules_with_prefix(html: str) -> None:
    """The title of a page with an error says so first, as screen readers read it first."""
    assert "<title>Not yet: " in html
    hold_to_rules(html.replace("<title>Not yet: ", "<title>"))


def test_markup_in_names_stays_text(site: Site) -> None:
    page = typed(site, "<script>alert(1)</script>", "zoe@firm.example")
    assert "<script>alert(1)" not in page.content.decode()


def test_pages_of_imports_are_listed_where_one_connects(site: Site) -> None:
    run = site.read(TWELVE)
    page = look(site.browser, "/contacts/")
    assert f"/contacts/imports/{run.uid}/" in page.content.decode()
    assert "read, 12 people" in text_of(page)


def test_no_form_but_to_ourselves_and_the_provider(site: Site) -> None:
    policy = look(site.browser, "/contacts/").headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy


def test_a_source_names_the_screen_that_a_browser_is_sent_to(site: Site) -> None:
    source: Source = site.source
    assert source.consent_screen() == source.authorize_url
    assert source.book == "Google contacts"

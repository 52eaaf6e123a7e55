"""People whom Google saved by itself: asked for apart, and marked for whoever chooses."""

from __future__ import annotations

from importer.models import Contact, Import, LeftOut
from tests.importer.conftest import Site, source_at
from tests.page_rules import look, text_of
from tests.sandbox.browser import Person

MARK = "Saved by itself from your mail"


def test_they_are_an_address_book_of_their_own_with_a_scope_of_its_own(site: Site) -> None:
    google, other = (source_at(site.sandbox.url, name) for name in ("google", "google_other"))
    site.settings.SOURCES = {"google": google, "google_other": other}
    words = text_of(look(site.browser, "/contacts/"))
    assert "Read all my Google contacts" in words
    assert "Read all my Google other contacts" in words
    assert "Google saved these people by itself because a mail went to or fro" in words
    site.offer(other)
    consent = Person(site.sandbox.url, "ana@diaz.example").visit(site.start()).text
    assert "Read the people whom your mail saved by itself" in consent
    assert "Read your contacts" not in consent


def test_whoever_comes_from_there_is_marked_where_people_are_chosen(site: Site) -> None:
    site.offer(source_at(site.sandbox.url, "google_other"))
    run = site.read()
    assert (run.read, run.source_label) == (5, "Google other contacts")
    assert all("autosaved" in contact.flags for contact in Contact.objects.all())
    listed = text_of(look(site.browser, "/invitations/choose/?show=all"))
    assert listed.count(MARK) == Contact.objects.filter(refusal="").count() == 3
    assert "Nobody reads this mailbox" in listed


def test_whom_the_member_knows_from_a_book_of_their_own_is_not_marked(site: Site) -> None:
    for names in (("google_other", "google"), ("google", "google_other")):
        Contact.objects.all().delete()
        for name in names:
            site.offer(source_at(site.sandbox.url, name))
            site.read()
        jonas = Contact.objects.get(best_address="jonas.weber@weber-patent.example")
        assert "autosaved" not in jonas.flags
        assert jonas.name == "Jonas Weber"  # and not "J. Weber", as Google had it
        assert "autosaved" in Contact.objects.get(name="Paul Anders").flags


def test_a_mended_entry_keeps_the_mark(site: Site) -> None:
    site.offer(source_at(site.sandbox.url, "google_other"))
    run = site.read()
    row = LeftOut.objects.create(
        member=site.ana, import_run=run, number=6, reason="not_an_address", raw="tom at firm"
    )
    Import.objects.update(read=6, left_out=1)
    url = f"/contacts/imports/{run.uid}/left-out/{row.pk}/"
    answer = site.browser.post(url, {"name": "Tom", "address": "tom@firm.example"})
    assert answer.status_code == 302, answer.content.decode()
    assert "autosaved" in Contact.objects.get(name="Tom").flags

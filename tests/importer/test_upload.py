"""A member's file on its way: handed over, read by a worker, reported on, and nowhere afterwards."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.test import Client

from importer import file_views, reading, tasks, uploads
from importer.actions import forget_contacts
from importer.models import Contact, Import, ImportState, Upload, UploadPage
from importer.sources import files
from ledger import clock
from ledger.models import Entry
from tests.importer.test_files import GOOGLE, LINKEDIN, OUTLOOK, zipped
from tests.importer.test_pages import hold_to_rules_with_prefix
from tests.page_rules import hold_to_rules, look, text_of
from tests.people import member

CARDS = """\
BEGIN:VCARD
VERSION:3.0
FN:Bea Sousa
ORG:Norte
EMAIL;TYPE=WORK:bea@norte.example
NOTE:a secret note
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Tom Berg
EMAIL:tom at firm.example
END:VCARD
BEGIN:VCARD
VERSION:3.0
ORG:Nobody & Sons
EMAIL:first wrong
EMAIL:second wrong
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Bea again
EMAIL:BEA@norte.example
END:VCARD
"""
TABLE = "Who;Where;Firm\nBea Sousa;bea@norte.example;Norte\nTom Berg;tom@firm.example;\n"


class Browser:
    """A member's browser, and a worker that waits for us."""

    def __init__(self, client: Client, user: User) -> None:
        self.client, self.user = client, user
        client.force_login(user)

    def choose(self, content: str | bytes, name: str = "contacts.csv") -> Any:
        """Choose this file and press the button; returns the page it ends on."""
        raw = content if isinstance(content, bytes) else content.encode()
        file = io.BytesIO(raw)
        file.name = name
        return self.client.post("/contacts/file/", {"file": file}, follow=True)

    def read(self, content: str | bytes) -> Import:
        """Choose this file, and let a worker read it."""
        self.choose(content)
        work()
        return Import.objects.latest("id")

    def look(self, run: Import) -> Any:
        return look(self.client, f"/contacts/imports/{run.uid}/")


@pytest.fixture
def browser(db: None, client: Client) -> Browser:
    return Browser(client, member())


def work() -> None:
    """A worker does all there is to do."""
    for import_id in reading.due():
        reading.read_pages(import_id=import_id)


def columns_page(page: Any) -> str:
    path: str = page.redirect_chain[-1][0]
    assert path.startswith("/contacts/file/"), path
    return path


# --- handing it over -------------------------------------------------------------------------------
def test_the_page_says_what_is_read_what_linkedin_lacks_and_where_to_get_the_file(
    browser: Browser,
) -> None:
    words = text_of(look(browser.client, "/contacts/file/"))
    assert "Reading sends nothing." in words
    assert "LinkedIn gives few e-mail addresses. Expect names." in words
    assert "We don’t keep the file." in words
    for where in ("Google Contacts", "Manage contacts", "iCloud", "Connections"):
        assert where in words


def test_where_one_connects_a_file_weighs_the_same(browser: Browser) -> None:
    page = look(browser.client, "/contacts/").content.decode()
    assert '<a class="button-quiet" href="/contacts/file/">Read a file</a>' in page
    assert "LinkedIn gives few e-mail addresses. Expect names." in page


def test_a_vcard_file_becomes_contacts_and_a_report(browser: Browser) -> None:
    page = browser.choose(CARDS, "who-knows.dat")
    hold_to_rules(page.content.decode())
    assert "Your file is here; reading begins. Mails sent: 0." in text_of(page)
    work()
    words = text_of(browser.look(Import.objects.get()))
    assert "4 people read. 1 has an address. Mails sent: 0." in words
    assert "Kept 2 Merged 1" in words
    assert "Left out 1 person · 1 address of people who are kept" in words
    assert "We keep neither the file nor a copy of it." in words
    bea = Contact.objects.get(name="Bea Sousa")
    assert (bea.source, bea.source_label) == ("file-vcard", "contacts from a file")
    assert (bea.company, bea.best_address) == ("Norte", "bea@norte.example")


@pytest.mark.parametrize(
    ("content", "label", "people"),
    [
        (LINKEDIN, "LinkedIn contacts", 2),
        (zipped(**{"Connections.csv": LINKEDIN}), "LinkedIn contacts", 2),
        (GOOGLE, "Google contacts", 1),
        (OUTLOOK.encode("utf-16"), "Outlook contacts", 1),
    ],
)
def test_known_exports_are_read_without_a_question(
    browser: Browser, content: str | bytes, label: str, people: int
) -> None:
    run = browser.read(content)
    assert (run.state, run.source_label, run.kept) == (ImportState.DONE, label, people)
    assert f"Your {label} are read" in text_of(browser.look(run))


def test_the_same_file_twice_keeps_everybody_once(browser: Browser) -> None:
    browser.read(LINKEDIN)
    run = browser.read(LINKEDIN)
    assert (run.read, run.kept, run.merged) == (2, 0, 2)
    assert Contact.objects.count() == 2


def test_every_page_is_one_step_and_counts_are_what_the_tables_hold(browser: Browser) -> None:
    cards = "".join(
        f"BEGIN:VCARD\nFN:P {number}\nEMAIL:p{number}@a.example\nEND:VCARD\n"
        for number in range(501)
    )
    run = browser.read(cards)
    assert (run.pages, run.read, run.kept) == (2, 501, 501)
    assert Contact.objects.filter(import_run=run).count() == 501


def test_equal_pages_are_no_loop(browser: Browser) -> None:
    run = browser.read(OUTLOOK + OUTLOOK.splitlines()[1].join("\n\n") * 800)
    assert (run.state, run.kept, run.merged) == (ImportState.DONE, 1, 800)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "This is a picture (PNG), not an address book."),
        (b"", "This file is empty."),
        (OUTLOOK.splitlines()[0].encode() + b"\n", "There is nobody in this file."),
        (zipped(**{"../Connections.csv": LINKEDIN}), "There is no Connections.csv"),
    ],
)
def test_what_is_no_address_book_is_refused_and_nothing_is_stored(
    browser: Browser, content: bytes, sentence: str
) -> None:
    page = browser.choose(content)
    hold_to_rules_with_prefix(page.content.decode())
    assert sentence in text_of(page)
    assert not Import.objects.exists()
    assert not Upload.objects.exists()


def test_no_file_at_all_is_a_sentence_too(browser: Browser) -> None:
    page: Any = browser.client.post("/contacts/file/")
    assert "Choose a file." in text_of(page)


class Untouchable(io.BytesIO):
    """A request's body that must not be read."""

    def read(self, *args: Any) -> bytes:
        raise AssertionError("The body was read.")


def test_fifty_megabytes_are_refused_before_they_are_read(browser: Browser) -> None:
    page: Any = browser.client.generic(
        "POST", "/contacts/file/", b"", "multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(50_000_000), **{"wsgi.input": Untouchable()},
    )  # fmt: skip
    assert page.status_code == 413
    hold_to_rules_with_prefix(page.content.decode())
    assert "more than 40 MB, so we did not read it" in text_of(page)


def test_a_length_that_lies_ends_the_upload(browser: Browser, monkeypatch: Any) -> None:
    monkeypatch.setattr(files, "LARGEST", 1000)
    page = browser.choose("x" * 5000)
    assert not Upload.objects.exists()
    assert page.status_code in (200, 400, 413)


def test_another_site_can_not_hand_over_a_file(browser: Browser) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(browser.user)
    assert strict.post("/contacts/file/", {"file": io.BytesIO(CARDS.encode())}).status_code == 403
    assert not Import.objects.exists()


def test_a_file_on_its_way_has_no_name_on_the_disk(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    handler = file_views.NamelessFile()
    handler.new_file("file", "contacts.csv", "text/csv", 3)
    handler.receive_data_chunk(b"abc", 0)
    assert list(tmp_path.iterdir()) == []
    with handler.file_complete(3) as file:
        assert file.read() == b"abc"


# --- what is kept of it, and how long -----------------------------------------------------------------
def test_until_it_is_read_what_it_says_is_encrypted_and_its_notes_are_nowhere(
    browser: Browser,
) -> None:
    browser.choose(CARDS)
    stored = b"".join(bytes(page.ciphertext) for page in UploadPage.objects.all())
    assert stored
    assert b"Sousa" not in stored
    [page] = [uploads.page(upload, "") for upload in Upload.objects.all()]
    assert "Bea Sousa" in repr(page)
    assert "secret" not in repr(page)


def test_when_it_is_read_nothing_of_it_is_left(browser: Browser) -> None:
    browser.read(CARDS)
    assert not Upload.objects.exists()
    assert not UploadPage.objects.exists()


def test_the_ledger_says_that_a_file_was_read_and_names_nobody(browser: Browser) -> None:
    browser.read(CARDS)
    actions = list(Entry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["import.uploaded", "import.done"]
    assert not any("Sousa" in repr(entry.facts) for entry in Entry.objects.all())


def test_stopping_and_forgetting_delete_it_at_once(browser: Browser) -> None:
    browser.choose(CARDS)
    run = Import.objects.get()
    page: Any = browser.client.post(f"/contacts/imports/{run.uid}/stop/", follow=True)
    assert "was stopped" in text_of(page)
    assert not Upload.objects.exists()
    browser.choose(TABLE)
    browser.choose(CARDS)
    forget_contacts(browser.user)
    assert not Upload.objects.exists()
    work()
    assert not Contact.objects.exists()


def test_after_half_an_hour_it_is_deleted_and_the_report_says_so(browser: Browser) -> None:
    browser.choose(CARDS)
    Upload.objects.update(ends_at=clock.now() - timedelta(seconds=1))
    uploads.delete_overdue()
    assert not Upload.objects.exists()
    work()
    run = Import.objects.get()
    assert (run.state, run.error) == (ImportState.FAILED, "file_gone")
    words = text_of(browser.look(run))
    assert "was not read within half an hour" in words
    assert "Choose the file again" in words


def test_the_sweep_deletes_what_is_overdue(browser: Browser) -> None:
    browser.choose(TABLE)
    Upload.objects.update(ends_at=clock.now())
    tasks.continue_imports()
    assert not Upload.objects.exists()


def test_with_another_key_it_can_not_be_read_and_that_is_said(
    browser: Browser, settings: Any
) -> None:
    browser.choose(CARDS)
    settings.GRANT_KEYS = [Fernet.generate_key()]
    work()
    run = Import.objects.get()
    assert (run.state, run.error) == (ImportState.FAILED, "file_unreadable")
    assert "Our key for the stored file has changed" in text_of(browser.look(run))


def test_who_leaves_takes_it_along(browser: Browser) -> None:
    browser.choose(CARDS)
    browser.user.delete()
    assert not UploadPage.objects.exists()
    work()
    assert not Import.objects.exists()


# --- a table that we don't know -------------------------------------------------------------------------
def test_of_an_unknown_table_the_first_rows_are_shown_and_nobody_is_kept(browser: Browser) -> None:
    path = columns_page(browser.choose(TABLE))
    words = text_of(look(browser.client, path))
    assert "Which column is which?" in words
    assert "Nobody is kept yet. Mails sent: 0." in words
    assert "bea@norte.example" in words
    assert not Import.objects.exists()
    assert not Contact.objects.exists()


def test_the_member_says_which_column_is_which(browser: Browser) -> None:
    path = columns_page(browser.choose(TABLE))
    chosen = {"first_person": "1", "name": "0", "email": "1", "company": "2"}
    browser.client.post(path, chosen)
    work()
    run = Import.objects.get()
    assert (run.source_label, run.kept) == ("contacts from a file", 2)
    bea = Contact.objects.get(best_address="bea@norte.example")
    assert (bea.name, bea.company) == ("Bea Sousa", "Norte")
    assert not Upload.objects.exists()


def test_addresses_without_names_are_read_when_the_member_says_so(browser: Browser) -> None:
    path = columns_page(browser.choose(TABLE))
    assert "without anybody’s name" not in text_of(look(browser.client, path))
    chosen = {"first_person": "1", "email": "1"}
    page: Any = browser.client.post(path, chosen)
    assert not Import.objects.exists(), text_of(page)
    browser.client.post(path, chosen | {"nameless": "on"})
    work()
    assert {person.name for person in Contact.objects.all()} == {""}


def test_columns_with_known_headings_and_with_addresses_are_chosen_beforehand(
    browser: Browser,
) -> None:
    path = columns_page(browser.choose("Kürzel;Firma;Kontakt\nBS;Norte;bea@norte.example\n"))
    page = look(browser.client, path).content.decode()
    assert '<option value="2" selected>Column 3: Kontakt · bea@norte.example</option>' in page
    assert '<option value="1" selected>Column 2: Firma · Norte</option>' in page
    assert '<option value="1" selected>Row 2: BS · Norte · bea@norte.example</option>' in page


def test_a_table_without_a_header_begins_with_a_person(browser: Browser) -> None:
    path = columns_page(browser.choose("Bea,bea@norte.example\nTom,tom@firm.example\n"))
    page = look(browser.client, path).content.decode()
    assert '<option value="0" selected>Row 1: Bea · bea@norte.example</option>' in page
    browser.client.post(path, {"first_person": "0", "name": "0", "email": "1"})
    work()
    assert Import.objects.get().kept == 2


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"company": "2"}, "Say which column has the names or the addresses."),
        ({"name": "0", "email": "0"}, "One column is chosen twice."),
        ({"email": "1"}, "No column is chosen for the names, so you would see only addresses."),
        ({"name": "17"}, "17 is not one of the available choices."),
    ],
)
def test_a_choice_that_can_not_be_is_explained(
    browser: Browser, chosen: dict[str, str], sentence: str
) -> None:
    path = columns_page(browser.choose(TABLE))
    page: Any = browser.client.post(path, {"first_person": "1", **chosen})
    hold_to_rules_with_prefix(page.content.decode())
    assert sentence in text_of(page)
    assert Upload.objects.count() == 1


def test_another_file_takes_the_place_of_a_table_that_waits(browser: Browser) -> None:
    first = columns_page(browser.choose(TABLE))
    browser.choose(TABLE)
    assert Upload.objects.count() == 1
    page: Any = browser.client.get(first, follow=True)
    assert "so we deleted what we had of it. Choose it again." in text_of(page)


def test_somebody_elses_table_is_not_there(browser: Browser) -> None:
    path = columns_page(browser.choose(TABLE))
    eve = Browser(Client(), member("Eve Vil"))
    assert eve.client.get(path).status_code == 302
    assert eve.client.post(path, {"first_person": "1", "name": "0"}).status_code == 302
    assert not Import.objects.exists()

"""From *Connect* to the report, through a real authorization server, over real HTTP."""

from __future__ import annotations

import pytest
from django.test import Client

from importer import actions, grants
from importer.models import Contact, ContactAddress, Grant, Import, ImportState, LeftOut
from ledger.models import Entry
from tests.importer.conftest import EMPTY, LARGE, NETWORK, TWELVE, Site
from tests.page_rules import look, text_of
from tests.people import member
from tests.sandbox.browser import Person, read


def the_counts_are_those_of_the_table(run: Import) -> None:
    assert run.read == run.kept + run.merged + run.left_out
    assert run.kept == Contact.objects.filter(import_run=run).count()
    assert run.left_out == (
        LeftOut.objects.filter(import_run=run, contact=None).values("number").distinct().count()
    )


def test_twelve_people_come_in_and_the_report_says_what_the_table_holds(site: Site) -> None:
    run = site.read(TWELVE)
    assert run.state == ImportState.DONE
    assert (run.read, run.kept, run.merged, run.left_out) == (12, 11, 1, 0)
    the_counts_are_those_of_the_table(run)
    page = look(site.browser, f"/contacts/imports/{run.uid}/")
    assert "12 people read. 10 have an address. Mails sent: 0." in text_of(page)
    assert "People we hold from your address books: 11" in text_of(page)
    assert "Google confirmed that our access has ended." in text_of(page)


def test_of_1200_people_84_have_an_address_and_five_of_those_are_shared(site: Site) -> None:
    run = site.read(NETWORK)
    the_counts_are_those_of_the_table(run)
    assert "1,200 people read. 84 have an address. Mails sent: 0." in text_of(site.report(run))
    contacts = Contact.objects.filter(member=site.ana)
    assert contacts.filter(refusal="").count() == 79
    assert contacts.filter(refusal__in=["role", "list", "noreply"]).count() == 5
    assert contacts.filter(refusal="no_address").count() == 1116


def test_30000_people_come_in_page_by_page(site: Site) -> None:
    run = site.connect(LARGE)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.read, run.pages) == (ImportState.DONE, 30_000, 120)
    the_counts_are_those_of_the_table(run)
    assert site.pages_seen() == list(range(1, 121))
    # Which addresses are broken is written down, row by row, and shown.
    rows = LeftOut.objects.filter(import_run=run)
    assert rows.filter(reason="not_an_address").count() == 98
    page = look(site.browser, f"/contacts/imports/{run.uid}/?page=2")
    assert "51 to 98 of 98" in text_of(page)
    assert "0 people · 98 addresses of people who are kept" in text_of(page)
    assert "This is not an e-mail address" in text_of(page)
    # And everybody can be forgotten again, at once.
    assert actions.forget_contacts(site.ana).people == run.kept
    assert not Contact.objects.exists()
    assert not ContactAddress.objects.exists()
    assert not LeftOut.objects.exists()


def test_an_empty_address_book_says_so(site: Site) -> None:
    run = site.read(EMPTY)
    assert run.state == ImportState.DONE
    words = text_of(site.report(run))
    assert "Your Google address book is empty. Type an address, or skip." in words


def test_both_tokens_are_dead_at_the_provider_and_gone_here(site: Site) -> None:
    run = site.connect(NETWORK)
    token = grants.opened(Grant.objects.get(import_run=run))
    assert read(site.sandbox.url, token["access_token"], "people/me/connections",
                personFields="names").status_code == 200  # fmt: skip
    site.work()
    issued = site.sandbox.control.tokens()
    assert [(one["access_alive"], one["refresh_alive"]) for one in issued] == [(False, False)]
    assert read(site.sandbox.url, token["access_token"], "people/me/connections",
                personFields="names").status_code == 401  # fmt: skip
    assert not Grant.objects.exists()
    run.refresh_from_db()
    assert run.revocation == "revoked"


def test_the_ledger_tells_the_story_without_personal_data(site: Site) -> None:
    run = site.read(TWELVE)
    entries = list(Entry.objects.order_by("id"))
    assert [entry.action for entry in entries] == [
        "import.connected",
        "import.done",
        "access.ended",
    ]
    done, ended = entries[1], entries[2]
    assert done.facts["read"] == 12
    assert done.facts["kept"] == 11
    assert ended.facts == {"import": str(run.uid), "outcome": "revoked"}
    assert "@" not in str([entry.facts for entry in entries])


def test_reading_the_same_book_again_adds_nobody(site: Site) -> None:
    site.read(TWELVE)
    again = site.read(TWELVE)
    assert (again.read, again.kept, again.merged) == (12, 0, 12)
    assert actions.held(site.ana) == 11


def test_a_person_typed_before_is_the_same_person_in_the_address_book(site: Site) -> None:
    actions.add_typed(member=site.ana, name="Bea", address="BEA@norte.example")
    run = site.read(TWELVE)
    bea = Contact.objects.get(best_address="BEA@norte.example")
    assert (bea.name, bea.company, bea.source) == ("Bea", "Norte", "typed")
    assert (run.kept, run.merged) == (10, 2)


def test_a_work_address_is_preferred_and_a_private_one_flagged(site: Site) -> None:
    site.read(TWELVE)
    carlos = Contact.objects.get(name="Carlos Mendes")
    assert carlos.best_address == "carlos@mendes-tax.example"
    assert carlos.addresses.count() == 2
    kwame = Contact.objects.get(name="Kwame Okafor")
    assert kwame.flag_words == ["Private address"]
    assert kwame.phone_country == "44"


def test_only_what_is_needed_is_asked_for_and_stored(site: Site) -> None:
    site.read(TWELVE)
    stored = " ".join(str(list(Contact.objects.values().filter(member=site.ana))))
    assert "000210001" not in stored  # a telephone number
    assert "people/c" not in stored  # the provider's id of a person


def test_progress_is_shown_while_it_reads_and_polling_is_no_click(site: Site) -> None:
    run = site.connect(NETWORK)
    site.sandbox.control.fault("connections", "rate_limit", page=3, retry_after=30)
    site.work(patiently=False)
    page = look(site.browser, f"/contacts/imports/{run.uid}/")
    assert "500 of about 1,200 people read. Mails sent: 0." in text_of(page)
    assert "Google asks us to wait until" in text_of(page)
    assert "Reload" in text_of(page)
    part = site.browser.get(f"/contacts/imports/{run.uid}/", headers={"HX-Request": "true"})
    assert "500 of about 1,200" in part.content.decode()
    assert "<html" not in part.content.decode()
    site.work()
    over = site.browser.get(f"/contacts/imports/{run.uid}/", headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"


def test_nobody_else_sees_the_import(site: Site) -> None:
    run = site.read(TWELVE)
    stranger = Client()
    stranger.force_login(member("Eve Vil"))
    assert stranger.get(f"/contacts/imports/{run.uid}/").status_code == 404
    for button in ("stop", "retry"):
        assert stranger.post(f"/contacts/imports/{run.uid}/{button}/").status_code == 404
    assert Client().get(f"/contacts/imports/{run.uid}/").status_code == 302  # sign in first


def test_no_mail_leaves_whatever_is_read(site: Site) -> None:
    site.read(TWELVE)
    assert site.sandbox.mails() == []


@pytest.mark.django_db(transaction=True)
def test_an_import_waits_for_the_sweep_while_redis_is_down(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    assert site.settings.CELERY_BROKER_URL.endswith(":1/0")  # where nobody listens
    run = site.connect(TWELVE)
    assert "no broker, the sweep will find it" in caplog.text
    assert run.state == ImportState.WAITING
    site.work()
    run.refresh_from_db()
    assert run.state == ImportState.DONE


def test_two_books_of_one_member_are_read_beside_each_other(site: Site) -> None:
    first, second = site.connect(TWELVE), site.connect(NETWORK)
    site.work()
    for run in (first, second):
        run.refresh_from_db()
        assert run.state == ImportState.DONE
        the_counts_are_those_of_the_table(run)


def test_the_consent_screen_asks_for_reading_contacts_and_nothing_else(site: Site) -> None:
    page = Person(site.sandbox.url, TWELVE).visit(site.start())
    assert "Read your contacts" in page.text
    assert "Read the people whom your mail saved by itself" not in page.text

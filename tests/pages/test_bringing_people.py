"""The ways to bring people, in groups; and LinkedIn's file, which takes the time that it takes."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import html5lib
import pytest
from django.contrib.auth.models import User
from django.test import Client

from importer import actions, uploading
from importer.models import AwaitedFile
from importer.sources import KINDS
from importer.sources.contract import Group, Source
from invites.actions import account_mails
from invites.mail_models import AccountMail
from ledger import clock
from ledger.models import Entry
from tests import people
from tests.arrivals import mail_server
from tests.page_rules import look, text_of, words

pytestmark = pytest.mark.django_db
GUIDE, LINK = "/contacts/linkedin/", "/invitations/linkedin-link/"
LINKEDIN = (
    b"First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    b"Bea,Sousa,,bea@norte.example,Norte,Lawyer,21 Nov 2026\n"
)


def offered(name: str, kind: str) -> Source:
    known = KINDS[kind]
    return Source(
        name, kind, known.provider, "id", "secret", known.authorize_url, known.token_url,
        known.revoke_url, known.api_url, known.issuer, noun=known.noun,
    )  # fmt: skip


def groups(browser: Client) -> dict[str, str]:
    """The words of each group on the connect page, by its heading, in order."""
    page = look(browser, "/contacts/").content.decode()
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    ways = [item for item in tree.iter("li") if item.get("class") == "way"]
    return {words(next(item.iter("h3"))): words(item) for item in ways}


def test_each_source_stands_in_the_group_that_it_names(browser: Client, settings: Any) -> None:
    settings.SOURCES = {name: offered(name, name) for name in KINDS}
    found = groups(browser)
    assert list(found) == [*Group, "Not now"]
    for name, source in settings.SOURCES.items():
        own = KINDS[name].group
        for group, said in found.items():
            assert (f"Read all my {source.book}" in said) == (group == own), (name, group)
            assert (f"Look up people in {source.book}" in said) == (
                group == own and KINDS[name].can_search
            )
        assert KINDS[name].could in found[own]


def test_people_are_looked_up_first_and_riskier_ones_are_a_choice_of_their_own(
    browser: Client, settings: Any
) -> None:
    settings.SOURCES = {name: offered(name, name) for name in ("google", "google_other")}
    google = groups(browser)["Google"]
    assert google.index("Look up people in Google contacts") < google.index("Read all my Google")
    assert f"Take care {KINDS['google_other'].caution}" in google
    assert google.count("Take care") == 1
    assert google.index("Take care") < google.index("Read all my Google other contacts")


def test_who_cannot_end_one_access_says_so_before_it_is_given(
    browser: Client, settings: Any
) -> None:
    settings.SOURCES = {"microsoft": offered("microsoft", "microsoft")}
    assert KINDS["microsoft"].revoke_url == ""
    assert "can’t end a single access. We delete ours" in groups(browser)["Outlook"]


def test_what_linkedin_lacks_is_said_before_anybody_downloads_it(browser: Client) -> None:
    assert "LinkedIn gives few e-mail addresses. Expect names." in groups(browser)["LinkedIn"]
    assert "LinkedIn gives few e-mail addresses. Expect names." in text_of(look(browser, GUIDE))


def test_waiting_for_the_file_runs_out_of_nothing(browser: Client, ana: User) -> None:
    browser.post(GUIDE)
    browser.post(GUIDE)
    AwaitedFile.objects.update(since=clock.now() - timedelta(days=400))
    actions.forget_overdue()
    said = text_of(look(browser, "/contacts/"))
    assert "Waiting for your LinkedIn file. Nothing runs out." in said
    assert "I have it: choose the file" in said
    browser.post(GUIDE, {"stop": "yes"})
    assert "Waiting for your LinkedIn file" not in text_of(look(browser, "/contacts/"))
    ledger = Entry.objects.filter(action__startswith="file.").order_by("id")
    assert [entry.action for entry in ledger] == ["file.awaited", "file.not_awaited"]


def test_the_file_that_was_waited_for_ends_the_waiting_and_another_file_does_not(
    browser: Client, ana: User
) -> None:
    browser.post(GUIDE)
    uploading.receive(member=ana, file=io.BytesIO(b"BEGIN:VCARD\nFN:Kim\nEND:VCARD\n"))
    assert AwaitedFile.objects.exists()
    uploading.receive(member=ana, file=io.BytesIO(LINKEDIN))
    assert not AwaitedFile.objects.exists()


def test_forget_everything_forgets_that_somebody_waits(browser: Client, ana: User) -> None:
    browser.post(GUIDE)
    actions.forget_contacts(ana, why="confirmed")
    assert AwaitedFile.objects.exists()
    actions.forget_contacts(ana)
    assert not AwaitedFile.objects.exists()


def test_the_link_goes_to_the_member_s_own_address_once_an_hour(
    browser: Client, ana: User, settings: Any
) -> None:
    with mail_server(settings) as sink:
        said = text_of(browser.post(LINK, {"to": "bea@norte.example"}, follow=True))
        assert f"The link is on its way to {ana.email}." in said
        assert "Mail me a link" not in said
        assert f"We mailed a link to this page to {ana.email} at" in said
        again = browser.post(LINK, follow=True)
        assert "We mailed you the link within the last 60 minutes." in text_of(again)
        account_mails.send_pending()
        ((to, raw),) = sink.taken
    assert to == ana.email
    assert f"{settings.SITE_URL}/contacts/linkedin/" in raw.decode()
    AwaitedFile.objects.update(mailed_at=clock.now() - timedelta(minutes=61))
    assert "Mail me a link for my computer" in text_of(look(browser, GUIDE))
    browser.post(LINK)
    assert AccountMail.objects.count() == 1
    ledger = Entry.objects.filter(action="file.link_mailed")
    assert [entry.facts for entry in ledger] == [{}, {}]


def test_nobody_is_mailed_by_a_look(browser: Client, client: Client) -> None:
    assert browser.get(LINK).status_code == 405
    assert client.post(LINK).status_code == 302  # to sign in
    assert not AccountMail.objects.exists()
    assert not AwaitedFile.objects.exists()


def test_one_member_s_waiting_is_not_another_s(browser: Client) -> None:
    browser.post(GUIDE)
    other = Client()
    other.force_login(people.member("Eve Vil"))
    assert "Waiting for your LinkedIn file" not in text_of(look(other, "/contacts/"))

"""The member changes their mind, leaves, or does nothing for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from importer import actions, reading
from importer.models import Contact, ContactAddress, Grant, Import, ImportState, LastClick, LeftOut
from importer.sources.connection import Connection
from ledger import clock
from ledger.models import Entry
from tests.importer.conftest import NETWORK, TWELVE, Site
from tests.page_rules import look, text_of
from tests.people import contact


def half_read(site: Site) -> Import:
    """500 of 1,200 people are read, and the provider makes us wait."""
    run = site.connect(NETWORK)
    site.sandbox.control.fault("connections", "rate_limit", page=3, retry_after=60)
    site.work(patiently=False)
    run.refresh_from_db()
    assert run.read == 500
    return run


def no_token_lives(site: Site) -> bool:
    return not any(
        one["access_alive"] or one["refresh_alive"] for one in site.sandbox.control.tokens()
    )


def test_stopping_keeps_what_was_read_and_ends_the_access(site: Site) -> None:
    run = half_read(site)
    page = site.browser.post(f"/contacts/imports/{run.uid}/stop/", follow=True)
    assert "was stopped" in text_of(page)
    assert "500 people read." in text_of(page)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.revocation) == (ImportState.STOPPED, "revoked")
    assert no_token_lives(site)
    assert Contact.objects.count() == 500
    assert site.pages_seen() == [1, 2, 3]


def test_a_page_that_arrives_after_the_stop_is_not_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = site.connect(NETWORK)
    fetch = Connection.get

    def stopped_meanwhile(*args: object) -> object:
        body = fetch(*args)  # type: ignore[arg-type]
        if Import.objects.get(pk=run.pk).pages == 1:
            actions.stop_import(member=site.ana, run=run)
        return body

    monkeypatch.setattr(Connection, "get", stopped_meanwhile)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.read) == (ImportState.STOPPED, 250)
    assert Contact.objects.count() == 250
    assert no_token_lives(site)


def test_a_worker_that_lost_its_lease_stores_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = site.connect(NETWORK)
    fetch = Connection.get

    def paused_meanwhile(*args: object) -> object:
        body = fetch(*args)  # type: ignore[arg-type]
        # This worker sleeps until its lease is over, and another one takes the import.
        monkeypatch.setattr(Connection, "get", fetch)
        Import.objects.update(lease_until=clock.now() - timedelta(seconds=1))
        reading.read_pages(import_id=run.pk)
        return body

    monkeypatch.setattr(Connection, "get", paused_meanwhile)
    reading.read_pages(import_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.read, run.kept, run.merged) == (ImportState.DONE, 1200, 1200, 0)
    assert Contact.objects.count() == 1200


def test_two_workers_at_once_one_reads(site: Site) -> None:
    run = half_read(site)
    Import.objects.update(not_before=None)
    assert reading._claim(run.pk) is not None
    assert reading._claim(run.pk) is None


def test_a_member_who_leaves_takes_their_people_along_and_the_access_still_ends(
    site: Site,
) -> None:
    half_read(site)
    User.objects.filter(pk=site.ana.pk).delete()
    assert not Contact.objects.exists()
    assert not ContactAddress.objects.exists()
    assert not LeftOut.objects.exists()
    site.work()
    assert no_token_lives(site)
    assert not Grant.objects.exists()
    assert not Import.objects.exists()
    ended = Entry.objects.filter(action="access.ended").get()
    assert ended.facts["outcome"] == "revoked"


def test_forgetting_erases_everybody_but_those_who_are_kept(site: Site) -> None:
    site.read(TWELVE)
    bea = Contact.objects.get(name="Bea Sousa")
    assert actions.forget_contacts(site.ana, keep=[bea.pk], why="confirmed").people == 10
    assert list(Contact.objects.all()) == [bea]
    assert [one.address for one in bea.addresses.all()] == ["bea@norte.example"]
    entry = Entry.objects.get(action="contacts.forgotten")
    assert entry.facts == {
        "people": 10, "addresses": 10, "files": 0, "accesses": 0, "kept": 1, "why": "confirmed",
    }  # fmt: skip


def test_forgetting_stops_what_is_being_read(site: Site) -> None:
    run = half_read(site)
    gone = actions.forget_contacts(site.ana)
    assert (gone.people, gone.accesses) == (500, 1)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.revocation) == (ImportState.STOPPED, "revoked")
    assert no_token_lives(site)
    assert not Contact.objects.exists()
    page = look(site.browser, f"/contacts/imports/{run.uid}/")
    assert "as promised" in text_of(page)
    assert "People we hold from your address books: 0" in text_of(page)


def test_forgetting_leaves_other_members_alone(site: Site, other_member: User) -> None:
    site.read(TWELVE)
    contact(other_member)
    actions.forget_contacts(site.ana)
    assert actions.held(other_member) == 1


@pytest.fixture
def other_member(db: None) -> User:
    return User.objects.create_user(username="eve@vil.example", email="eve@vil.example")


def hours_ago(hours: float) -> object:
    return clock.now() - timedelta(hours=hours)


@pytest.mark.parametrize(("idle", "forgotten"), [(23.9, 0), (24.1, 11)])
def test_a_day_after_the_last_click_everybody_is_forgotten(
    site: Site, idle: float, forgotten: int
) -> None:
    site.read(TWELVE)
    LastClick.objects.update(at=hours_ago(idle))
    assert actions.forget_overdue() == forgotten
    assert actions.held(site.ana) == 11 - forgotten


def test_looking_at_pages_is_no_click_and_pressing_a_button_is(site: Site) -> None:
    run = site.read(TWELVE)
    LastClick.objects.update(at=hours_ago(30))
    site.browser.get("/contacts/")
    site.browser.get(f"/contacts/imports/{run.uid}/", headers={"HX-Request": "true"})
    assert LastClick.objects.get().at < clock.now() - timedelta(hours=29)
    site.browser.post("/contacts/type/", {"name": "Zoe", "address": "zoe@firm.example"})
    assert actions.forget_overdue() == 0


@pytest.mark.parametrize(("age", "forgotten"), [(71.9, 0), (72.1, 11)])
def test_after_three_days_everybody_is_forgotten_whatever_the_member_clicks(
    site: Site, age: float, forgotten: int
) -> None:
    site.read(TWELVE)
    Contact.objects.update(created_at=hours_ago(age))
    Import.objects.update(created_at=hours_ago(age))
    actions.add_typed(member=site.ana, name="Zoe", address="zoe@firm.example")
    assert actions.forget_overdue() == forgotten
    assert Contact.objects.filter(name="Zoe").exists()


def test_forgetting_twice_is_written_once(site: Site) -> None:
    site.read(TWELVE)
    LastClick.objects.update(at=hours_ago(25))
    actions.forget_overdue()
    actions.forget_overdue()
    assert Entry.objects.filter(action="contacts.forgotten").count() == 1


def test_when_the_ledger_can_not_be_written_nothing_is_forgotten(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.read(TWELVE)

    def refuse(events: object) -> None:
        raise RuntimeError("no ledger")

    monkeypatch.setattr(actions.entries, "append", refuse)
    with pytest.raises(RuntimeError):
        actions.forget_contacts(site.ana)
    assert actions.held(site.ana) == 11

"""Pick five out of 30,000 without uploading 30,000: the provider searches, who is picked is kept."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from importer import actions, grants, looking_up, oauth
from importer.models import Contact, ContactAddress, Grant, Import, ImportState, LeftOut, Purpose
from importer.sources import KINDS
from importer.sources.contract import Source
from invites.actions import drafting
from invites.models import Invitation
from ledger import clock
from ledger.models import Entry
from tests import people
from tests.importer.conftest import LARGE, NETWORK, TWELVE, Site
from tests.page_rules import every_row, hold_to_rules, look, text_of
from tests.sandbox.browser import Person


def asks(site: Site, run: Import, words: str, key: str = "") -> Any:
    """Types words and presses *Search*; with a key *Choose* beside that result."""
    data = {"q": words} | ({"choose": key} if key else {})
    page = site.browser.post(f"/invitations/look-up/{run.uid}/", data, follow=True)
    hold_to_rules(page.content.decode().replace("<title>Not yet: ", "<title>"))
    return page


def key_of(page: Any, name: str) -> str:
    """What the button beside this person sends."""
    return next(one.key for one in page.context["results"] if one.contact.name == name)


def found(page: Any) -> list[str]:
    return [one.contact.display_name for one in page.context["results"]]


def searches(site: Site) -> int:
    return len(site.sandbox.control.requests("search"))


def people_tables() -> dict[str, Any]:
    """All tables but those that a look-up may write: its own row, its grant, and the click."""
    own = {"importer.Import", "importer.Grant", "importer.LastClick"}
    return {name: rows for name, rows in every_row().items() if name not in own}


def test_the_first_search_finds_because_google_was_told_to_make_ready(site: Site) -> None:
    run = site.looks_up()
    assert (run.purpose, run.state) == (Purpose.LOOK_UP, ImportState.LOOKING)
    assert searches(site) == 1  # the warm-up
    assert found(asks(site, run, "sou")) == ["Bea Sousa", "Beatriz Sousa"]
    assert searches(site) == 2
    assert site.pages_seen() == []  # the book itself was never read


def test_when_the_making_ready_fails_the_first_search_does_it(site: Site) -> None:
    site.sandbox.control.fault("search", "server_error")
    run = site.looks_up()
    assert not Grant.objects.get().ready
    assert found(asks(site, run, "jonas")) == ["Jonas Weber"]


def test_what_is_found_is_stored_nowhere(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    run = site.looks_up(LARGE)
    before = people_tables()
    caplog.set_level(logging.DEBUG)
    page = asks(site, run, "ma")
    assert len(found(page)) == 30
    assert "shows no more than 30" in text_of(page)
    assert people_tables() == before
    names = [name for name in found(page) if len(name) > 3]
    session = str(dict(site.browser.session))
    assert names
    for name in names:
        assert name not in caplog.text
        assert name not in session
    run.refresh_from_db()
    assert (run.read, run.seen, run.cursor) == (0, [], "")


def test_only_who_is_picked_is_stored_and_chosen(site: Site) -> None:
    run = site.looks_up()
    page = asks(site, run, "sou")
    page = asks(site, run, "sou", key_of(page, "Bea Sousa"))
    assert "Bea Sousa is chosen. Nothing was sent." in text_of(page)
    assert "1 chosen · nothing sent" in text_of(page)
    # Beatriz is another entry with the same address.
    assert [one.chosen for one in page.context["results"]] == [True, True]
    (bea,) = Contact.objects.all()
    assert (bea.name, bea.best_address) == ("Bea Sousa", "bea@norte.example")
    assert (bea.source_label, bea.import_run) == ("Google contacts", run)
    (invitation,) = drafting.in_draft(site.ana)
    assert (invitation.recipient_name, invitation.contact) == ("Bea Sousa", bea)
    run.refresh_from_db()
    assert (run.read, run.kept, run.merged, run.left_out) == (1, 1, 0, 0)


def test_picking_somebody_twice_keeps_one(site: Site) -> None:
    run = site.looks_up()
    key = key_of(asks(site, run, "jonas"), "Jonas Weber")
    asks(site, run, "jonas", key)
    asks(site, run, "jonas", key)
    assert Contact.objects.count() == Invitation.objects.count() == 1


def test_who_is_known_from_another_book_becomes_one_with_them(site: Site) -> None:
    people.chosen(site.ana, "Bea S.", "bea@norte.example")
    run = site.looks_up()
    page = asks(site, run, "Bea S")
    assert [one.chosen for one in page.context["results"]] == [True]
    assert '<button class="button-quiet" type="submit" name="choose"' not in page.content.decode()


def test_a_key_that_the_page_did_not_offer_makes_nobody_up(site: Site) -> None:
    run = site.looks_up()
    bea = key_of(asks(site, run, "sou"), "Bea Sousa")
    for words, key in (("sou", "0" * 32), ("jonas", bea), ("sou", "bea@evil.example")):
        page = asks(site, run, words, key)
        assert "This person is not among the results any more." in text_of(page)
        assert f'value="{words}"' in page.content.decode()
    assert not Contact.objects.exists()
    assert not Invitation.objects.exists()


def test_the_same_refusals_as_everywhere_each_with_its_reason(site: Site) -> None:
    run = site.looks_up()
    page = asks(site, run, "info@")
    (desk,) = page.context["results"]
    assert desk.reason == "Shared mailbox."
    assert "Shared mailbox." in text_of(page)
    page = asks(site, run, "info@", desk.key)  # a form of one's own making
    assert "Shared mailbox." in text_of(page)
    assert not Contact.objects.exists()
    assert not LeftOut.objects.exists()


def test_who_has_no_address_can_be_kept_for_a_personal_link_and_nobody_else(site: Site) -> None:
    run = site.looks_up(NETWORK)
    page = asks(site, run, "ma")
    results = page.context["results"]
    assert [one.reason for one in results] == sorted(
        (one.reason for one in results), key=lambda reason: reason != ""
    )
    nobody = next(one for one in results if one.can_link)
    assert nobody.reason == "No e-mail address."
    path = f"/invitations/look-up/{run.uid}/"
    page = site.browser.post(path, {"q": "ma", "link": nobody.key}, follow=True)
    (kept,) = Contact.objects.all()
    assert kept.name == nobody.contact.name
    assert page.redirect_chain[-1][0] == f"/invitations/links/new/{kept.pk}/"
    assert not Invitation.objects.exists()
    for key in ("0" * 32, *(one.key for one in results if not one.reason)):
        assert site.browser.post(path, {"q": "ma", "link": key}).status_code == 200
    assert Contact.objects.count() == 1


def test_the_forty_first_is_not_kept_either(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "MOST_CHOSEN", 1)
    people.chosen(site.ana, "Kim Lee", "kim@lee.example")
    run = site.looks_up()
    page = asks(site, run, "jonas")
    page = asks(site, run, "jonas", key_of(page, "Jonas Weber"))
    assert "A draft holds 1 people" in text_of(page)
    assert Contact.objects.count() == 1


def test_done_ends_the_access_at_the_provider(site: Site) -> None:
    run = site.looks_up()
    page = asks(site, run, "jonas")
    asks(site, run, "jonas", key_of(page, "Jonas Weber"))
    page = site.browser.post(f"/invitations/look-up/{run.uid}/done/", follow=True)
    assert "You picked 1 person. Nobody else was stored. Mails sent: 0." in text_of(page)
    assert "Our access is being ended at Google." in text_of(page)
    site.work()
    page = look(site.browser, f"/invitations/look-up/{run.uid}/")
    assert "Google confirmed that our access has ended." in text_of(page)
    assert "Write to 1 person" in text_of(page)
    assert not Grant.objects.exists()
    assert not any(token["access_alive"] for token in site.sandbox.control.tokens())
    seen = searches(site)
    asks(site, run, "bea")
    assert searches(site) == seen
    ledger = list(Entry.objects.order_by("id").values_list("action", flat=True))
    assert ledger == [
        "look_up.connected",
        "look_up.picked",
        "invitation.chosen",
        "look_up.ended",
        "access.ended",
    ]


def test_where_one_access_can_not_be_ended_the_page_leads_to_where_it_can(site: Site) -> None:
    site.offer(replace(site.source, revoke_url=""))
    run = site.looks_up()
    site.browser.post(f"/invitations/look-up/{run.uid}/done/")
    site.work()
    page = look(site.browser, f"/invitations/look-up/{run.uid}/")
    assert "Google can’t end a single access. We deleted ours; remove it at Google" in text_of(page)
    assert f'href="{KINDS["people_api"].apps_url}"' in page.content.decode()
    assert not Grant.objects.exists()


def test_a_token_that_dies_is_refreshed_once_and_the_search_made_ready_anew(site: Site) -> None:
    run = site.looks_up()
    grant = Grant.objects.get()
    dead = grants.opened(grant) | {"access_token": "dead"}
    Grant.objects.update(ciphertext=grants._sealed(dead))
    assert found(asks(site, run, "jonas")) == ["Jonas Weber"]
    assert Grant.objects.get().refreshed


def test_a_token_that_comes_after_the_end_is_given_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = site.looks_up()
    grant = Grant.objects.get()
    Grant.objects.update(ciphertext=grants._sealed(grants.opened(grant) | {"access_token": "dead"}))
    refresh = oauth.refresh

    def meanwhile_done(source: Source, token: grants.Token) -> grants.Token:
        fresh = refresh(source, token)
        Grant.objects.all().delete()  # in another tab: done, and a worker was quick
        return fresh

    monkeypatch.setattr(oauth, "refresh", meanwhile_done)
    assert "closed again" in text_of(asks(site, run, "jonas"))
    assert not any(token["access_alive"] for token in site.sandbox.control.tokens())


def test_after_an_hour_the_access_ends_by_itself(site: Site) -> None:
    run = site.looks_up()
    an_hour_ago = clock.now() - timedelta(minutes=61)
    Grant.objects.update(created_at=an_hour_ago, ends_at=an_hour_ago + timedelta(minutes=60))
    page = asks(site, run, "jonas")
    assert "closed again" in text_of(page)
    assert searches(site) == 1
    site.work()
    run.refresh_from_db()
    assert (run.state, run.revocation) == (ImportState.DONE, "revoked")
    assert not Grant.objects.exists()
    assert Entry.objects.filter(action="look_up.ended").count() == 1


def test_forget_everything_ends_a_look_up_too(site: Site) -> None:
    run = site.looks_up()
    actions.forget_contacts(site.ana)
    site.work()
    run.refresh_from_db()
    assert (run.state, run.revocation) == (ImportState.DONE, "revoked")
    assert not any(token["access_alive"] for token in site.sandbox.control.tokens())


def test_an_app_that_was_removed_half_way_ends_the_look_up_with_a_sentence(site: Site) -> None:
    run = site.looks_up()
    site.sandbox.control.fault("search", "token_dies")
    page = asks(site, run, "jonas")
    assert "closed again" in text_of(page)
    site.work()
    run.refresh_from_db()
    assert run.state == ImportState.DONE
    page = site.browser.get(page.request["PATH_INFO"])
    assert "Google confirmed that our access has ended." in text_of(page)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "rate_limit", "retry_after": 90}, "Google asks us to wait 90 seconds."),
        ({"kind": "server_error"}, "Google had an error of its own. You can try again."),
        ({"kind": "html"}, "Google sent something that is not an address book."),
        ({"kind": "truncated"}, "Google sent something that is not an address book."),
        ({"kind": "wrong_shape"}, "Google sent an answer of a shape that we don’t know."),
    ],
)
def test_a_fault_is_said_and_what_was_typed_is_kept(
    site: Site, fault: dict[str, Any], sentence: str
) -> None:
    run = site.looks_up()
    site.sandbox.control.fault("search", **fault)
    page = asks(site, run, "jonas w")
    assert sentence in text_of(page)
    assert 'value="jonas w"' in page.content.decode()
    assert found(asks(site, run, "jonas w")) == ["Jonas Weber"]


def test_a_name_of_ten_megabytes_is_cut(site: Site) -> None:
    run = site.looks_up()
    site.sandbox.control.fault("search", "huge_names")
    page = asks(site, run, "jonas")
    assert len(found(page)[0]) == 200
    assert len(page.content) < 20_000


def test_nobody_found_is_said_with_the_words_that_were_typed(site: Site) -> None:
    page = asks(site, site.looks_up(), "Zzz <b>")
    assert "Google finds nobody for “Zzz <b>”." in text_of(page)


def test_without_words_nobody_is_asked(site: Site) -> None:
    run = site.looks_up()
    page = asks(site, run, "  ")
    assert "Type a name, or the beginning of one." in text_of(page)
    assert "Type at most 100 characters" in text_of(asks(site, run, "x" * 101))
    assert searches(site) == 1


def test_too_many_questions_in_a_minute_are_refused_for_the_rest_of_it(site: Site) -> None:
    run = site.looks_up()
    Grant.objects.update(asked=looking_up.MOST_ASKED - 1)
    assert found(asks(site, run, "jonas")) == ["Jonas Weber"]
    seen = searches(site)
    page = asks(site, run, "jonas")
    assert "Wait a minute, then search again." in text_of(page)
    assert searches(site) == seen
    Grant.objects.update(asked_since=clock.now() - timedelta(seconds=61))
    assert found(asks(site, run, "jonas")) == ["Jonas Weber"]


def test_a_look_up_is_one_s_own(site: Site, client: Client) -> None:
    run = site.looks_up()
    stranger = Client()
    stranger.force_login(people.member("Eve Vil"))
    for path in (f"/invitations/look-up/{run.uid}/", f"/invitations/look-up/{run.uid}/done/"):
        assert stranger.post(path, {"q": "bea"}).status_code == 404
    run.refresh_from_db()
    assert run.state == ImportState.LOOKING
    # and nothing that belongs to reading a whole book works on it
    for path in ("", "stop/", "retry/"):
        assert site.browser.post(f"/contacts/imports/{run.uid}/{path}").status_code in (404, 405)


def test_where_a_provider_has_no_search_nobody_can_be_looked_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "people_api", replace(KINDS["people_api"], search=None))
    answer = site.browser.post("/contacts/connect/google/", {"purpose": "look_up"})
    assert answer.status_code == 404
    assert "Look up people" not in text_of(look(site.browser, "/contacts/"))


def test_saying_no_to_a_look_up_leaves_nothing(site: Site) -> None:
    page = site.come_back(Person(site.sandbox.url, TWELVE).declines(site.start("look_up")))
    assert "You said no at Google. Nothing was read." in text_of(page)
    assert not Grant.objects.exists()
    assert not Import.objects.exists()


def test_no_cache_learns_a_name(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    for name in ("set", "add", "set_many"):
        monkeypatch.setattr(cache, name, lambda *args, **more: written.append((args, more)))
    asks(site, site.looks_up(), "jonas")
    assert "Weber" not in str(written)
    assert not ContactAddress.objects.exists()

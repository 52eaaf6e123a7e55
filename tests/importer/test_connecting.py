"""Asking a provider for access: what is asked, and every answer that is not a yes."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from importer.models import Grant, Import
from tests.importer.conftest import TWELVE, Site, source_at
from tests.page_rules import hold_to_rules, text_of
from tests.people import member
from tests.sandbox.browser import Person


def ana_at(site: Site) -> Person:
    return Person(site.sandbox.url, TWELVE)


def is_back_at_connect_saying(page: Any, words: str) -> None:
    assert page.redirect_chain[-1][0] == "/contacts/"
    hold_to_rules(page.content.decode())
    assert words in text_of(page)


def nothing_was_kept() -> None:
    assert not Grant.objects.exists()
    assert not Import.objects.exists()


def test_pkce_is_s256_the_state_new_and_the_way_back_exact(site: Site) -> None:
    first, second = (parse_qs(urlsplit(site.start()).query) for _ in range(2))
    assert first["code_challenge_method"] == ["S256"]
    verifier = site.browser.session["contacts_question"]["verifier"]
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert second["code_challenge"] == [digest]
    assert first["state"] != second["state"]
    assert first["redirect_uri"] == ["http://localhost:8000/contacts/callback/"]
    assert first["scope"] == ["https://www.googleapis.com/auth/contacts.readonly"]
    assert "access_type" not in first  # no offline access


def test_saying_no_leads_back_with_a_sentence(site: Site) -> None:
    page = site.come_back(ana_at(site).declines(site.start()))
    is_back_at_connect_saying(page, "You said no at Google. Nothing was read.")
    nothing_was_kept()


def test_an_answer_with_another_state_is_not_ours_and_spoils_nothing(site: Site) -> None:
    answer = ana_at(site).allows(site.start())
    page = site.come_back(answer | {"state": "somebody-elses"})
    is_back_at_connect_saying(page, "does not belong to a question of ours")
    nothing_was_kept()
    # A forged answer must not spoil the real one.
    site.shown(site.come_back(answer))


def test_an_answer_that_nobody_waits_for_is_refused(site: Site) -> None:
    page = site.come_back({"code": "stolen", "state": "made-up"})
    is_back_at_connect_saying(page, "does not belong to a question of ours")
    nothing_was_kept()


def test_the_same_answer_twice_counts_once(site: Site) -> None:
    answer = ana_at(site).allows(site.start())
    site.shown(site.come_back(answer))
    page = site.come_back(answer)
    is_back_at_connect_saying(page, "was used already")
    assert Import.objects.count() == 1


def test_a_used_code_is_refused_by_the_provider_and_said(site: Site) -> None:
    answer = ana_at(site).allows(site.start())
    session = site.browser.session
    question = session["contacts_question"]
    site.shown(site.come_back(answer))
    session = site.browser.session
    session["contacts_question"] = question  # as if two tabs had raced
    session.save()
    is_back_at_connect_saying(site.come_back(answer), "did not accept its own answer any more")


def test_an_answer_for_one_member_is_worth_nothing_to_another(site: Site) -> None:
    answer = ana_at(site).allows(site.start())
    question = site.browser.session["contacts_question"]
    site.browser.force_login(member("Eve Vil"))
    session = site.browser.session
    session["contacts_question"] = question
    session.save()
    is_back_at_connect_saying(site.come_back(answer), "does not belong to a question of ours")
    nothing_was_kept()


@pytest.mark.parametrize("issuer", ["https://evil.example", None])
def test_the_answer_must_name_the_issuer_that_was_asked(site: Site, issuer: str | None) -> None:
    answer = ana_at(site).allows(site.start())
    assert answer.pop("iss") == site.sandbox.url
    page = site.come_back(answer | ({"iss": issuer} if issuer else {}))
    is_back_at_connect_saying(page, "The answer did not come from Google.")
    nothing_was_kept()


def test_an_answer_of_another_address_book_is_not_taken_for_one_that_names_no_issuer(
    site: Site,
) -> None:
    google = site.source
    site.offer(source_at(site.sandbox.url, "hubspot", issuer="", iss_required=False))
    site.settings.SOURCES["google"] = google
    answer = ana_at(site).allows(site.start())
    is_back_at_connect_saying(site.come_back(answer), "The answer did not come from HubSpot.")
    nothing_was_kept()


def test_a_provider_that_sends_no_issuer_is_fine_where_none_is_demanded(site: Site) -> None:
    site.offer(replace(site.source, iss_required=False))
    answer = ana_at(site).allows(site.start())
    del answer["iss"]
    site.shown(site.come_back(answer))


def test_an_access_without_contacts_is_given_back(site: Site) -> None:
    answer = ana_at(site).allows(site.start(), scope="openid")
    page = site.come_back(answer)
    is_back_at_connect_saying(page, "We gave the access back.")
    nothing_was_kept()
    (issued,) = site.sandbox.control.tokens()
    assert not issued["access_alive"]
    assert not issued["refresh_alive"]


@pytest.mark.parametrize("fault", ["server_error", "html", "truncated"])
def test_a_provider_that_stumbles_over_the_code_is_said(site: Site, fault: str) -> None:
    answer = ana_at(site).allows(site.start())
    site.sandbox.control.fault("token", fault)
    page = site.come_back(answer)
    assert page.redirect_chain[-1][0] == "/contacts/"
    assert "Nothing was read." in text_of(page)
    nothing_was_kept()


def test_a_provider_that_is_gone_is_said(site: Site) -> None:
    answer = ana_at(site).allows(site.start())
    site.offer(replace(site.source, token_url="http://127.0.0.1:1/token"))
    is_back_at_connect_saying(site.come_back(answer), "Google could not be reached.")


def test_the_secret_does_not_follow_a_redirect(site: Site) -> None:
    answer = ana_at(site).allows(site.start())
    # The sandbox's account page redirects to its sign-in page.
    site.offer(replace(site.source, token_url=f"{site.sandbox.url}/accounts/"))
    page = site.come_back(answer)
    assert "Nothing was read." in text_of(page)


def test_other_errors_are_not_repeated_on_the_page(site: Site) -> None:
    query = parse_qs(urlsplit(site.start()).query)
    page = site.come_back(
        {"error": "<b>server_error</b>", "state": query["state"][0], "iss": site.sandbox.url}
    )
    is_back_at_connect_saying(page, "Google gave us no access.")
    assert "server_error" not in page.content.decode()


def test_a_look_at_the_callback_does_not_use_up_the_code(site: Site) -> None:
    answer = ana_at(site).allows(site.start())
    query = {name: value for name, value in answer.items() if name != "to"}
    assert site.browser.head("/contacts/callback/", query).status_code == 405
    site.shown(site.come_back(answer))


def test_connecting_needs_a_press_and_a_known_source(site: Site) -> None:
    assert site.browser.get("/contacts/connect/google/").status_code == 405
    assert site.browser.post("/contacts/connect/nowhere/").status_code == 404


def test_two_tabs_the_later_question_is_the_one_that_counts(site: Site) -> None:
    first = ana_at(site).allows(site.start())
    second = ana_at(site).allows(site.start())
    is_back_at_connect_saying(site.come_back(first), "does not belong to a question of ours")
    site.shown(site.come_back(second))

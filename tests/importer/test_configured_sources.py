"""Which address books a site offers, as its environment says."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from config.environment import refuse_loose_ends, sources
from importer.sources import KINDS
from importer.sources.contract import Source


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> object:
    def with_variables(**values: str) -> dict[str, Source]:
        monkeypatch.setenv("SOURCE_GOOGLE_CLIENT_ID", "id")
        monkeypatch.setenv("SOURCE_GOOGLE_CLIENT_SECRET", "secret")
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return sources(Env())

    return with_variables


def test_a_client_id_and_a_secret_are_enough_for_google(configured: object) -> None:
    google = configured(SOURCES="google")["google"]  # type: ignore[operator]
    assert google.consent_screen() == "https://accounts.google.com/o/oauth2/v2/auth"
    assert (google.label, google.book) == ("Google", "Google contacts")
    assert google.revoke_url == "https://oauth2.googleapis.com/revoke"
    assert (google.issuer, google.iss_required) == ("https://accounts.google.com", False)
    refuse_loose_ends(
        development=False,
        hosts=["site.example"],
        site_url="https://site.example",
        outside=list(google.urls()),
    )


def test_an_issuer_that_is_named_is_demanded(configured: object) -> None:
    found = configured(SOURCES="google", SOURCE_GOOGLE_ISSUER="https://id.example")  # type: ignore[operator]
    assert found["google"].iss_required


@pytest.mark.parametrize(
    "name", sorted(name for name, kind in KINDS.items() if kind.own_server is None)
)
def test_so_they_are_for_every_other_provider_and_nobody_has_one_unasked(
    configured: object, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert list(configured(SOURCES="google")) == ["google"]  # type: ignore[operator]
    monkeypatch.setenv(f"SOURCE_{name.upper()}_CLIENT_ID", "id")
    monkeypatch.setenv(f"SOURCE_{name.upper()}_CLIENT_SECRET", "secret")
    source = configured(SOURCES=f"google,{name}")[name]  # type: ignore[operator]
    assert source.book == f"{KINDS[name].provider} {KINDS[name].noun}"
    assert source.urls()
    refuse_loose_ends(
        development=False,
        hosts=["site.example"],
        site_url="https://site.example",
        outside=list(source.urls()),
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SOURCES": "Google!"}, "use lower-case letters"),
        ({"SOURCES": "typed"}, "use lower-case letters"),
        ({"SOURCES": "elsewhere"}, "SOURCE_ELSEWHERE_KIND is 'elsewhere'. There are: .*google"),
        ({"SOURCES": "google", "SOURCE_GOOGLE_KIND": "fax"}, "SOURCE_GOOGLE_KIND is 'fax'"),
        (
            {"SOURCES": "google", "SOURCE_GOOGLE_CLIENT_ID": ""},
            "SOURCE_GOOGLE_CLIENT_ID is not set",
        ),
        ({"SOURCES": "google", "SOURCE_GOOGLE_LABEL": "x" * 61}, "1 to 60 characters"),
    ],
)
def test_a_mistake_stops_the_start_with_a_sentence(
    configured: object, variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        configured(**variables)  # type: ignore[operator]


def test_every_kind_of_its_own_is_reached_by_https_and_says_what_it_could_do() -> None:
    for name, kind in KINDS.items():
        urls = [kind.authorize_url, kind.token_url, kind.api_url, kind.apps_url]
        if kind.own_server is not None:
            assert urls == [""] * 4
            urls = [one.url for one in kind.own_server.known.values()]
            urls += [one.password_url for one in kind.own_server.known.values()]
        assert all(url.startswith("https://") for url in urls), name
        assert kind.could.endswith("."), name
        assert kind.scope or kind.own_server, name


def test_a_kind_with_servers_of_one_s_own_needs_no_client(configured: object) -> None:
    found = configured(SOURCES="carddav,jmap")  # type: ignore[operator]
    assert found["carddav"].by_member
    assert found["jmap"].by_member
    refuse_loose_ends(
        development=False,
        hosts=["site.example"],
        site_url="https://site.example",
        outside=list(found["carddav"].urls()),
    )


def test_with_a_client_it_needs_the_server_s_addresses(configured: object) -> None:
    variables = {
        "SOURCES": "cloud", "SOURCE_CLOUD_KIND": "carddav", "SOURCE_CLOUD_LABEL": "Our cloud",
        "SOURCE_CLOUD_CLIENT_ID": "id", "SOURCE_CLOUD_CLIENT_SECRET": "secret",
    }  # fmt: skip
    with pytest.raises(ImproperlyConfigured, match="SOURCE_CLOUD_AUTHORIZE_URL is not set"):
        configured(**variables)  # type: ignore[operator]
    for name in ("AUTHORIZE_URL", "TOKEN_URL", "API_URL"):
        variables[f"SOURCE_CLOUD_{name}"] = "https://cloud.example/"
    cloud = configured(**variables)["cloud"]  # type: ignore[operator]
    assert not cloud.by_member
    assert (cloud.api_url, cloud.scope) == ("https://cloud.example", "")

"""A person allows, declines and takes back; a careless or hostile client gets nothing."""

import pytest
import requests
from oauthlib.oauth2 import InvalidGrantError, OAuth2Error

from tests.sandbox.browser import Person, SiteClient, hidden_fields, read, returned
from tests.sandbox_process import SandboxProcess, fingerprint


def _contacts_status(sandbox: SandboxProcess, token: str) -> int:
    answer = read(sandbox.url, token, "people/me/connections", personFields="names")
    return answer.status_code


def test_the_whole_way_leads_to_a_token_that_reads_contacts(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient
) -> None:
    back = ana.allows(contacts_site.asks())

    assert back["to"] == "http://localhost:8000/contacts/callback/"
    assert back["state"] == contacts_site.state
    assert back["iss"] == sandbox.url
    tokens = contacts_site.exchanges(back["code"])
    assert tokens["access_token"]
    assert tokens["refresh_token"]
    assert _contacts_status(sandbox, tokens["access_token"]) == 200


def test_the_consent_screen_says_who_asks_and_what_for(
    ana: Person, contacts_site: SiteClient
) -> None:
    page = ana.visit(contacts_site.asks()).text

    assert "Handpicked (contacts) asks for access" in page
    assert "Read your contacts" in page
    assert "Ana Diaz" in page
    assert "localhost:8000" in page


def test_declining_leads_back_without_a_code(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient
) -> None:
    back = ana.declines(contacts_site.asks())

    assert back["error"] == "access_denied"
    assert back["state"] == contacts_site.state
    assert back["iss"] == sandbox.url
    assert "code" not in back


def test_without_pkce_nobody_gets_a_code(ana: Person, contacts_site: SiteClient) -> None:
    contacts_site.without_pkce()

    back = returned(ana.visit(contacts_site.asks()))

    assert back["error"] == "invalid_request"
    assert "code" not in back


@pytest.mark.parametrize("method", ["plain", None], ids=["plain", "no method named"])
def test_a_challenge_that_is_not_s256_is_refused(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient, method: str | None
) -> None:
    contacts_site.without_pkce()
    named = {"code_challenge_method": method} if method else {}

    back = returned(ana.visit(contacts_site.asks(code_challenge="c" * 50, **named)))

    assert back["error"] == "invalid_request"
    assert "code" not in back


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://localhost:8000/contacts/callback",
        "http://localhost:8000/contacts/callback/?next=/",
        "http://localhost:8001/contacts/callback/",
        "http://127.0.0.1:9999/contacts/callback/",
        "https://thief.example/contacts/callback/",
    ],
)
def test_a_redirect_address_that_is_not_registered_goes_nowhere(
    ana: Person, contacts_site: SiteClient, elsewhere: str
) -> None:
    ana.sign_in()
    contacts_site.session.redirect_uri = elsewhere

    page = ana.visit(contacts_site.asks())

    assert page.status_code == 400
    assert "This request can&#x27;t be answered" in page.text.replace("'", "&#x27;")


def test_a_redirect_address_can_be_registered_by_a_test(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient
) -> None:
    contacts_site.session.redirect_uri = "http://localhost:45678/contacts/callback/"
    sandbox.control.add_redirect("handpicked-contacts", contacts_site.session.redirect_uri)

    assert ana.allows(contacts_site.asks())["to"] == contacts_site.session.redirect_uri


def test_a_code_works_once(ana: Person, contacts_site: SiteClient) -> None:
    code = ana.allows(contacts_site.asks())["code"]
    contacts_site.exchanges(code)

    with pytest.raises(InvalidGrantError):
        contacts_site.exchanges(code)


def test_a_code_is_worthless_without_its_verifier(ana: Person, contacts_site: SiteClient) -> None:
    code = ana.allows(contacts_site.asks())["code"]
    contacts_site.without_pkce()

    with pytest.raises(OAuth2Error):
        contacts_site.exchanges(code)


def test_a_wrong_client_secret_gets_no_token(ana: Person, contacts_site: SiteClient) -> None:
    code = ana.allows(contacts_site.asks())["code"]
    contacts_site.secret = "guessed"

    with pytest.raises(OAuth2Error):
        contacts_site.exchanges(code)


@pytest.mark.parametrize("shown", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_both(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient, shown: str
) -> None:
    tokens = contacts_site.connects(ana)

    assert contacts_site.revokes(tokens[shown]).status_code == 200

    assert _contacts_status(sandbox, tokens["access_token"]) == 401
    assert contacts_site.refreshes(tokens["refresh_token"]).status_code == 400
    (issued,) = sandbox.control.tokens()
    assert issued["access"] == fingerprint(tokens["access_token"])
    assert issued["refresh"] == fingerprint(tokens["refresh_token"])
    assert not issued["access_alive"]
    assert not issued["refresh_alive"]


def test_revoking_ends_tokens_that_were_refreshed_meanwhile(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient
) -> None:
    first = contacts_site.connects(ana)
    second = contacts_site.refreshes(first["refresh_token"]).json()
    assert _contacts_status(sandbox, second["access_token"]) == 200

    contacts_site.revokes(first["refresh_token"])

    assert _contacts_status(sandbox, second["access_token"]) == 401
    assert not any(issued["refresh_alive"] for issued in sandbox.control.tokens())


def test_another_client_cannot_revoke(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient, sign_in_site: SiteClient
) -> None:
    tokens = contacts_site.connects(ana)

    sign_in_site.revokes(tokens["access_token"])

    assert _contacts_status(sandbox, tokens["access_token"]) == 200


def test_a_person_takes_access_back_on_the_account_page(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient
) -> None:
    tokens = contacts_site.connects(ana)
    page = ana.browser.get(f"{sandbox.url}/accounts/", timeout=10)
    assert "Read your contacts" in page.text

    form = hidden_fields(page.text) | {"client": "handpicked-contacts"}
    ana.browser.post(f"{sandbox.url}/accounts/", form, timeout=10)

    assert _contacts_status(sandbox, tokens["access_token"]) == 401
    assert contacts_site.refreshes(tokens["refresh_token"]).status_code == 400


def test_sign_in_tells_name_and_verified_address_and_nothing_of_contacts(
    sandbox: SandboxProcess, ana: Person, sign_in_site: SiteClient
) -> None:
    tokens = sign_in_site.connects(ana)

    claims = requests.get(
        f"{sandbox.url}/oauth/userinfo/",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
        timeout=10,
    ).json()
    assert claims["email"] == "ana@diaz.example"
    assert claims["email_verified"] is True
    assert claims["name"] == "Ana Diaz"
    assert tokens["id_token"].count(".") == 2
    assert _contacts_status(sandbox, tokens["access_token"]) == 403


def test_the_id_token_is_signed_with_the_published_key(
    sandbox: SandboxProcess, ana: Person, sign_in_site: SiteClient
) -> None:
    jwt = pytest.importorskip("jwt")
    tokens = sign_in_site.connects(ana)
    about = requests.get(f"{sandbox.url}/.well-known/openid-configuration", timeout=10).json()

    key = jwt.PyJWKClient(about["jwks_uri"]).get_signing_key_from_jwt(tokens["id_token"]).key
    claims = jwt.decode(
        tokens["id_token"], key, ["RS256"], audience="handpicked-sign-in", issuer=sandbox.url
    )

    assert claims["email"] == "ana@diaz.example"
    assert claims["email_verified"] is True


def test_the_sign_in_client_may_not_ask_for_contacts(ana: Person, sign_in_site: SiteClient) -> None:
    sign_in_site.session.scope = ["openid", "contacts.readonly"]

    assert returned(ana.visit(sign_in_site.asks()))["error"] == "invalid_scope"


def test_googles_name_of_the_scope_is_understood(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient
) -> None:
    contacts_site.session.scope = ["https://www.googleapis.com/auth/contacts.readonly"]

    tokens = contacts_site.connects(ana)

    assert _contacts_status(sandbox, tokens["access_token"]) == 200


def test_the_metadata_says_what_is_enforced(sandbox: SandboxProcess) -> None:
    about = requests.get(f"{sandbox.url}/.well-known/oauth-authorization-server", timeout=10).json()

    assert about["issuer"] == sandbox.url
    assert about["code_challenge_methods_supported"] == ["S256"]
    assert about["revocation_endpoint"] == f"{sandbox.url}/oauth/revoke/"
    assert about["authorization_response_iss_parameter_supported"] is True
    assert about["response_types_supported"] == ["code"]


def test_a_wrong_password_is_said_and_what_was_typed_stays(
    sandbox: SandboxProcess, ana: Person
) -> None:
    page = ana.browser.get(f"{sandbox.url}/accounts/login/", timeout=10)
    form = hidden_fields(page.text) | {"email": "ana@diaz.example", "password": "wrong"}

    answer = ana.browser.post(f"{sandbox.url}/accounts/login/", form, timeout=10)

    assert answer.status_code == 403
    assert "Not signed in." in answer.text
    assert 'value="ana@diaz.example"' in answer.text


def test_signing_in_never_leads_to_another_site(sandbox: SandboxProcess, ana: Person) -> None:
    page = ana.browser.get(f"{sandbox.url}/accounts/login/?next=https://thief.example/", timeout=10)

    assert "thief.example" not in page.text

"""The clients differ as the providers do: what one must send, another must leave out."""

from __future__ import annotations

import pytest
import requests
from oauthlib.oauth2 import InvalidClientError, OAuth2Error

from tests.sandbox.browser import SITE, Person, SiteClient, returned
from tests.sandbox_process import SandboxProcess

SCOPES = {
    "microsoft": "https://graph.microsoft.com/Contacts.Read",
    "hubspot": "crm.objects.contacts.read",
    "linkedin": "r_dma_portability_3rd_party",
}
PATHS = {
    "microsoft": "graph/v1.0/me/contacts",
    "hubspot": "hubspot/crm/v3/objects/contacts",
    "linkedin": "linkedin/rest/memberSnapshotData?q=criteria&domain=CONNECTIONS",
}


def client_at(sandbox: SandboxProcess, provider: str, pkce: str | None = "S256") -> SiteClient:
    return SiteClient(
        sandbox.url,
        f"handpicked-{provider}",
        f"sandbox-{provider}-secret",
        f"{SITE}/contacts/callback/",
        (SCOPES[provider],),
        pkce,
    )


def token_at(client: SiteClient, person: Person) -> dict[str, str]:
    """Exchanges the code with the client's secret in the body."""
    code = person.allows(client.asks())["code"]
    token = client.session.fetch_token(
        f"{client.url}/oauth/token/",
        code=code,
        client_secret=client.secret,
        include_client_id=True,
        timeout=10,
    )
    return dict(token)


@pytest.mark.parametrize(
    ("provider", "pkce", "refreshes"),
    [("microsoft", "S256", False), ("hubspot", "S256", True), ("linkedin", None, False)],
)
def test_each_gives_the_tokens_that_the_provider_would(
    sandbox: SandboxProcess, ana: Person, provider: str, pkce: str | None, refreshes: bool
) -> None:
    token = token_at(client_at(sandbox, provider, pkce), ana)
    assert ("refresh_token" in token) is refreshes
    # And each token opens its own provider's book alone.
    for other, path in PATHS.items():
        headers = {"Authorization": f"Bearer {token['access_token']}", "LinkedIn-Version": "202312"}
        answer = requests.get(f"{sandbox.url}/{path}", headers=headers, timeout=10)
        assert answer.status_code == (200 if other == provider else 403)


def test_linkedin_refuses_a_verifier_and_the_others_insist_on_one(
    sandbox: SandboxProcess, ana: Person
) -> None:
    with pytest.raises(InvalidClientError):
        token_at(client_at(sandbox, "linkedin"), ana)
    for provider in ("microsoft", "hubspot"):
        back = returned(ana.visit(client_at(sandbox, provider, None).asks()))
        assert back["error"] == "invalid_request"


def test_hubspot_does_not_know_a_secret_outside_the_body(
    sandbox: SandboxProcess, ana: Person
) -> None:
    client = client_at(sandbox, "hubspot")
    code = ana.allows(client.asks())["code"]
    with pytest.raises(OAuth2Error):
        client.session.fetch_token(
            f"{client.url}/oauth/token/",
            code=code,
            auth=(client.client_id, client.secret),
            timeout=10,
        )


def test_nobody_gets_a_scope_of_another_provider(sandbox: SandboxProcess, ana: Person) -> None:
    client = client_at(sandbox, "microsoft")
    client.session.scope = [SCOPES["hubspot"]]
    assert returned(ana.visit(client.asks()))["error"] == "invalid_scope"

"""The OAuth clients that are registered here: one at each provider that the sandbox plays.

Providers differ, and clients learn it from documentation or the hard way. Here it is written down, and
enforced by authorization.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

CONTACTS_CALLBACK = "/contacts/callback/"
SIGN_IN_CALLBACK = "/accounts/oidc/sandbox/login/callback/"


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A confidential client, and how the provider that it stands at deviates from the rules.

    `short_scopes` are scopes without the address that Google and Microsoft put before them.
    """

    client_id: str
    secret: str
    name: str
    callback: str
    short_scopes: frozenset[str]
    has_pkce: bool = True  # LinkedIn answers a code_verifier with invalid_client
    secret_in_body: bool = False  # HubSpot and LinkedIn know no Basic authentication
    refresh_token: bool = True  # Microsoft and LinkedIn give none unless asked for it


def registered() -> Mapping[str, RegisteredClient]:
    """All clients, by id."""
    google = {"openid", "profile", "email", "contacts.readonly", "contacts.other.readonly"}
    clients = (
        RegisteredClient(
            settings.CONTACTS_CLIENT_ID,
            settings.CONTACTS_CLIENT_SECRET,
            "Handpicked (contacts)",
            CONTACTS_CALLBACK,
            frozenset(google),
        ),
        RegisteredClient(
            settings.SIGN_IN_CLIENT_ID,
            settings.SIGN_IN_CLIENT_SECRET,
            "Handpicked (sign-in)",
            SIGN_IN_CALLBACK,
            # A careful provider never lets a sign-in client ask for contacts.
            frozenset({"openid", "profile", "email"}),
        ),
        RegisteredClient(
            "handpicked-microsoft",
            "sandbox-microsoft-secret",
            "Handpicked at Microsoft",
            CONTACTS_CALLBACK,
            frozenset({"Contacts.Read"}),
            refresh_token=False,
        ),
        RegisteredClient(
            "handpicked-hubspot",
            "sandbox-hubspot-secret",
            "Handpicked at HubSpot",
            CONTACTS_CALLBACK,
            frozenset({"oauth", "crm.objects.contacts.read"}),
            secret_in_body=True,
        ),
        RegisteredClient(
            "handpicked-linkedin",
            "sandbox-linkedin-secret",
            "Handpicked at LinkedIn",
            CONTACTS_CALLBACK,
            frozenset({"r_dma_portability_3rd_party"}),
            has_pkce=False,
            secret_in_body=True,
            refresh_token=False,
        ),
        RegisteredClient(
            "handpicked-jmap",
            "sandbox-jmap-secret",
            "Handpicked by JMAP",
            CONTACTS_CALLBACK,
            frozenset({"urn:ietf:params:oauth:scope:contacts"}),
        ),
    )
    return {client.client_id: client for client in clients}

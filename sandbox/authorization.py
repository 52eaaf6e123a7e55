"""How django-oauth-toolkit behaves in the sandbox: strict, and with the claims that sign-in needs.

Loaded by name from the settings; nothing imports it.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from oauth2_provider.models import get_refresh_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import SettingsScopes

from sandbox import journal
from sandbox.clients import registered
from sandbox.tokens import fingerprint_of, short_scope


class ScopesPerClient(SettingsScopes):  # type: ignore[misc]
    """Each client may ask for the scopes of the provider at which it stands, and for no others."""

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Scope names that this client may ask for; all of them when no client is given."""
        scopes: list[str] = super().get_available_scopes(application, request, *args, **kwargs)
        client = registered().get(application.client_id) if application is not None else None
        if client is not None:
            return [scope for scope in scopes if short_scope(scope) in client.short_scopes]
        return scopes


class SandboxValidator(OAuth2Validator):  # type: ignore[misc]
    """Exact redirect addresses, whole-grant revocation, and e-mail claims."""

    def get_additional_claims(self) -> dict[str, Callable[[Any], Any]]:
        """Claims beside `sub` (OpenID Connect Core 1.0, section 5.1). Takes no request, so that
        the discovery document can list them."""
        return {
            "name": lambda request: request.user.get_full_name(),
            "given_name": lambda request: request.user.first_name,
            "family_name": lambda request: request.user.last_name,
            "email": lambda request: request.user.email,
            "email_verified": lambda request: True,
        }

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Equal, character by character, to a registered address (RFC 9700, section 4.1.3).

        The toolkit would let every port of 127.0.0.1 pass (RFC 8252); the site is a web
        application and has no use for that."""
        return redirect_uri in request.client.redirect_uris.split()

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        """Everywhere but at a provider that knows no PKCE."""
        client = registered().get(client_id)
        return client is None or client.has_pkce

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """As the toolkit does it, and as strict as the provider: no Basic authentication where only
        the body counts, and no code_verifier where that is answered with invalid_client."""
        if not super().authenticate_client(request, *args, **kwargs):
            return False
        client = registered()[request.client.client_id]
        if client.secret_in_body and "Authorization" in request.headers:
            return False
        return client.has_pkce or not getattr(request, "code_verifier", None)

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Store the tokens, and note their fingerprints so that tests can ask what became of
        them."""
        if not registered()[request.client.client_id].refresh_token:
            token.pop("refresh_token", None)
        saved = super().save_bearer_token(token, request, *args, **kwargs)
        journal.note_tokens(
            access=token["access_token"],
            refresh=token.get("refresh_token", ""),
            client_id=request.client.client_id,
            account=request.user.email,
            scope=token.get("scope", ""),
        )
        return saved

    def revoke_token(
        self, token: str, token_type_hint: str, request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """End the whole grant that this token belongs to (RFC 7009, section 2.1): whichever of
        its tokens is shown, no access or refresh token of it works afterwards."""
        refresh_tokens = get_refresh_token_model()
        checksum = fingerprint_of(token)
        mine = refresh_tokens.objects.filter(application=request.client).filter(
            Q(token_checksum=checksum) | Q(access_token__token_checksum=checksum)
        )
        families = list(mine.values_list("token_family", flat=True))
        super().revoke_token(token, token_type_hint, request, *args, **kwargs)
        for family in families:
            refresh_tokens.revoke_family(family)

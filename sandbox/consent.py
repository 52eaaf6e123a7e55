"""The consent screen: scopes in words, and two answers of equal weight."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.views import AuthorizationView
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from sandbox.clients import registered
from sandbox.tokens import short_scope


class ConsentView(AuthorizationView):  # type: ignore[misc]
    """The toolkit's authorization endpoint (RFC 6749, section 4.1.1) with our page."""

    template_name = "sandbox/consent.html"

    def validate_authorization_request(
        self, request: HttpRequest
    ) -> tuple[list[str], dict[str, Any]]:
        """Refuses a challenge that is not S256 before anybody is asked to consent; the toolkit
        would let the person say yes first. (A missing method means "plain": RFC 7636, 4.3.)"""
        scopes, credentials = super().validate_authorization_request(request)
        client = registered().get(credentials["client_id"])
        if client and client.has_pkce and credentials.get("code_challenge_method") != "S256":
            error = InvalidRequestError(
                description="The code challenge must use S256.", state=credentials.get("state")
            )
            raise OAuthToolkitError(error=error, redirect_uri=credentials["redirect_uri"])
        return scopes, credentials

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        """Back to the client, always with `iss`: RFC 9207 wants it in refusals too, where the
        toolkit leaves it out."""
        query = urlsplit(redirect_to).query
        if "iss" not in parse_qs(query):
            issuer = urlencode({"iss": oauth2_settings.OIDC_ISS_ENDPOINT})
            redirect_to += ("&" if query else "?") + issuer
        response: HttpResponse = super().redirect(redirect_to, application)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds the words, each once: a short scope and Google's name for it read the same."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        words = context.get("scopes_descriptions", [])
        context["permissions"] = list(dict.fromkeys(words))
        context["returns_to"] = urlsplit(context.get("redirect_uri") or "").netloc
        context["reads_contacts"] = any(
            short_scope(scope) not in ("openid", "profile", "email")
            for scope in context.get("scopes", [])
        )
        context["here"] = self.request.get_full_path()
        return context

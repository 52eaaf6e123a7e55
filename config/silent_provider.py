"""A page in words where the provider for signing in does not answer. Middleware, named in settings."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from requests import RequestException

log = logging.getLogger(__name__)


class ExplainSilentProvider:
    """allauth asks the provider for its addresses before it begins, and lets a failure fall through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """503 for a request that got stuck on the way to the provider; None for all others."""
        view = request.resolver_match.view_name if request.resolver_match else ""
        if not (isinstance(error, RequestException) and view.startswith("openid_connect_")):
            return None
        log.warning("sign-in: the provider does not answer (%s)", type(error).__name__)
        return render(request, "socialaccount/silent_provider.html", status=503)

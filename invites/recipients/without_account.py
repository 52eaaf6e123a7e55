"""What all pages for people without an account have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponse]
Decorator = Callable[[View], View]


def without_account(*methods: str, headers: Mapping[str, str] | None = None) -> Decorator:
    """A page that asks nobody who they are: no account, no cookie, no form token.

    Its address may be a secret, so nothing may keep it or pass it on.
    """
    always = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", **(headers or {})}

    def decorate(view: View) -> View:
        limited = require_http_methods(list(methods))(view)

        @csrf_exempt
        @login_not_required
        @wraps(view)
        def answer(request: HttpRequest, **address: Any) -> HttpResponse:
            response: HttpResponse = limited(request, **address)
            for name, value in always.items():
                response[name] = value
            return response

        return answer

    return decorate


def render_page(
    request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """One of the pages in templates/recipients/; all of them say who runs this site."""
    context |= {
        "postal_address": settings.POSTAL_ADDRESS,
        "contact": settings.INVITATIONS_ADDRESS,
    }
    return render(request, f"recipients/{name}.html", context, status=status)

"""Every page needs a login unless its view says otherwise; those that don't never ask who comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase


class LoginRequired(LoginRequiredMiddleware):
    """Django's, but it looks at the view first: a recipient's page reads no session, whoever comes."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """None lets the request pass; else the way to the login page.

        A page that asks for a part of itself (htmx) is told to load itself anew instead.
        """
        if not getattr(view_func, "login_required", True):
            return None
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is not None and request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return refusal

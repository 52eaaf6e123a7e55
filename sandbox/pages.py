"""The front page and the stylesheet."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from sandbox.accounts import ACCOUNTS, PASSWORD


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    """GET /: what this place is."""
    context = {
        "accounts": ACCOUNTS,
        "password": PASSWORD,
        "smtp_port": settings.SANDBOX_SMTP_PORT,
        "control": settings.SANDBOX_CONTROL,
    }
    return render(request, "sandbox/front.html", context)


@cache
def _css() -> bytes:
    return (Path(__file__).parent / "assets" / "sandbox.css").read_bytes()


@require_GET
def stylesheet(request: HttpRequest) -> HttpResponse:
    """GET /sandbox.css."""
    return HttpResponse(_css(), content_type="text/css; charset=utf-8")

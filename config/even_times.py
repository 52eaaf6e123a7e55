"""Answers that leave at full seconds, where the work behind them depends on who has an account.

Signing up and asking for a new password say the same to everybody, but write more for one than for
another: some milliseconds, which would tell a stranger who is a member. Middleware, named in settings.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

from django.conf import settings
from django.http import HttpRequest, HttpResponse

EVEN = {"account_signup", "account_reset_password"}  # allauth's names of these pages


def answer_at_full_seconds(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Waits, after a POST to one of EVEN, until EVEN_SECONDS or a multiple of it have passed."""

    def answer(request: HttpRequest) -> HttpResponse:
        started = monotonic()
        response = get_response(request)
        found = request.resolver_match
        if request.method == "POST" and found is not None and found.view_name in EVEN:
            step = settings.EVEN_SECONDS
            sleep(step - (monotonic() - started) % step)
        return response

    return answer

"""The pages behind a recipient's secret link: who, why, stop, accept. Each calls one action.

Looking changes nothing: link scanners and mail programs open links before people do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from invites.actions import responding

ONE_CLICK = {"List-Unsubscribe": ["One-Click"]}  # RFC 8058, section 3.1
STOP_EVERYONE = {"stop": ["everyone"]}  # the button on the stop page

View = Callable[[HttpRequest, str], HttpResponse]


def for_recipients(*methods: str) -> Callable[[View], View]:
    """A page whose only authority is the token in its address: no account, no cookie, no form token.

    Its address is a secret, so nothing may keep it, pass it on or list it.
    """

    def decorate(view: View) -> View:
        limited = require_http_methods(list(methods))(view)

        @csrf_exempt
        @login_not_required
        @wraps(view)
        def answer(request: HttpRequest, token: str) -> HttpResponse:
            response: HttpResponse = limited(request, token)
            response["Cache-Control"] = "no-store"
            response["Referrer-Policy"] = "no-referrer"
            response["X-Robots-Tag"] = "noindex, nofollow"
            return response

        return answer

    return decorate


@for_recipients("GET", "HEAD")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who chose this person, when, from where, with which words; and what can be done about it."""
    page = responding.invitation_page(token)
    if page is None:
        return _gone(request, token)
    return _page(request, "invitation", token, {"page": page})


@for_recipients("GET", "HEAD", "POST")
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """What stopping does, the button that does it, and the receipt.

    A mail program's one-click request stops at once. It is answered with 200 in any case: whoever
    sends it can do nothing about a refusal, and learns nothing about the token.
    """
    asked = dict(request.POST.lists()) if request.method == "POST" else {}
    if asked == ONE_CLICK:
        responding.stop_everyone(token=token)
        return HttpResponse("OK\n", content_type="text/plain")
    if asked == STOP_EVERYONE and responding.stop_everyone(token=token):
        return redirect("recipients:stop", token)  # which now shows the receipt
    page = responding.stop_page(token)
    if page is None:
        return _gone(request, token, nobody_to_stop=True)
    return _page(request, "stopped" if page.stopped_at else "stop", token, {"page": page})


@for_recipients("GET", "HEAD")
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """What accepting does and which address it is bound to; sign-up is the next page."""
    page = responding.invitation_page(token)
    if page is None:
        return _gone(request, token)
    return _page(request, "accept", token, {"page": page})


def _gone(request: HttpRequest, token: str, *, nobody_to_stop: bool = False) -> HttpResponse:
    """Unknown, withdrawn, erased or too old: the same page, which never says which."""
    return _page(request, "gone", token, {"nobody_to_stop": nobody_to_stop}, status=404)


def _page(
    request: HttpRequest, name: str, token: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    context |= {"token": token, "postal_address": settings.POSTAL_ADDRESS}
    return render(request, f"recipients/{name}.html", context, status=status)

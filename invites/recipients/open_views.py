"""Pages for everybody who gets invitations or wants none: what this is, and how to stop it."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from importer.addresses import NotAnAddress
from invites import tasks
from invites.actions import about_page, confirming, domains, stopping
from invites.deliverability.lookups import DnsSilent
from invites.recipients.without_account import render_page, without_account


@without_account("GET", "HEAD")
def about(request: HttpRequest) -> HttpResponse:
    """What invitations are, how to stop them, how many there were, and what went wrong."""
    return render_page(
        request,
        "about",
        {
            "months": about_page.months(),
            "incidents": about_page.incidents(),
            "head": about_page.head(),
        },
    )


@without_account("GET", "HEAD", "POST")
def stop(request: HttpRequest) -> HttpResponse:
    """Type an address, get a link. The answer is the same for every address."""
    if request.method != "POST":
        return render_page(request, "stop_anybody", {})
    typed = request.POST.get("address", "").replace("\x00", "")
    try:
        stopping.ask(address=typed, visitor=get_adapter().get_client_ip(request))
    except NotAnAddress as error:
        words = {"typed": typed, "error": str(error) if typed.strip() else "Type your address."}
        return render_page(request, "stop_anybody", words)
    confirming.nudged(tasks.send_account_mails.delay)
    return render_page(request, "stop_asked", {"hours": stopping.LINK_HOURS})


@without_account("GET", "HEAD", "POST")
def stop_address(request: HttpRequest, secret: str) -> HttpResponse:
    """Behind that link: what stopping does, the button, and the receipt."""
    if request.POST.get("stop") == "everyone" and stopping.stop(secret=secret):
        return redirect("open:stop_address", secret)
    link = stopping.look(secret)
    if link is None:
        return render_page(request, "stop_too_old", {"hours": stopping.LINK_HOURS}, status=404)
    return render_page(request, "stop_address", {"link": link})


@without_account("GET", "HEAD", "POST")
def stop_domain(request: HttpRequest) -> HttpResponse:
    """GET shows the record that proves a domain; POST looks for it, and stops what it proves."""
    typed = (request.POST if request.method == "POST" else request.GET).get("domain", "")
    if not typed and request.method != "POST":
        return render_page(request, "stop_domain", {})
    try:
        context: dict[str, Any] = {"record": domains.record_for(typed)}
        if request.POST.get("stop") == "domain":
            visitor = get_adapter().get_client_ip(request)
            checked = domains.check(typed=typed, visitor=visitor)
            context |= {"stopped": checked.stopped, "found": checked.found, "error": _NO_RECORD}
    except domains.NotADomain as error:
        context = {"typed": typed.replace("\x00", ""), "error": str(error)}
    except domains.TooOften:
        context["error"] = "That was often for one day. Nothing was changed; try again tomorrow."
    except DnsSilent:
        context["error"] = "The name servers of this domain gave no answer. Nothing was changed."
    return render_page(request, "stop_domain", context)


_NO_RECORD = (
    "The record is not there, or not everywhere yet: the DNS may take an hour. Nothing was changed."
)

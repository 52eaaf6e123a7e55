"""The pages behind a personal link that do something. What it says is on the invitation's page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from invites.actions import linking
from invites.recipients.views import for_recipients, gone, page_for


@for_recipients("GET", "HEAD", "POST")
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """What accepting does and shows to the sender; then the way to sign-up."""
    if request.POST.get("accept") == "yes" and linking.accept(token=token):
        return redirect("recipients:accept_by_hand", token)
    page = linking.link_page(token)
    if page is None:
        return gone(request, token)
    name = "paused_by_hand" if page.paused else "accept_by_hand"
    return page_for(request, name, token, {"page": page})


@for_recipients("GET", "HEAD", "POST")
def erase(request: HttpRequest, token: str) -> HttpResponse:
    """What goes and what stays; the button; the receipt."""
    if request.POST.get("erase") == "everything" and linking.erase(token=token):
        return redirect("recipients:erase_by_hand", token)
    page = linking.link_page(token)
    if page is None and not linking.is_erased(token):
        return gone(request, token)
    return page_for(request, "erase_by_hand", token, {"page": page})

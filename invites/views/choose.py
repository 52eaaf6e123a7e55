"""The choose page: everybody listed, nobody ticked, each tick a decision of its own."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from invites.actions import drafting
from invites.actions.people import Show, page_of_people
from invites.actions.progress import progress
from invites.views.members import MemberRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: MemberRequest) -> HttpResponse:
    """GET lists a page of people. POST saves that page's ticks, whichever button was pressed.

    With htmx the ticks are saved as they change, and the answer is the bar.
    """
    if request.method == "POST":
        return _save(request)
    show = _show(request.GET.get("show", ""))
    search = request.GET.get("q", "").replace("\x00", "")  # PostgreSQL takes no NUL
    page = page_of_people(
        member=request.user, search=search, show=show, number=_number(request.GET.get("page"))
    )
    context = {
        "step": 2,
        "page": page,
        "search": search,
        "show": show,
        "progress": progress(member=request.user),
    }
    return render(request, "invites/choose.html", context)


def _save(request: MemberRequest) -> HttpResponse:
    saved = drafting.choose(
        member=request.user,
        ticked=_ids(request.POST.getlist("person")),
        shown=_ids(request.POST.getlist("shown")),
    )
    for refusal in saved.refusals:
        messages.warning(request, refusal)
    if request.htmx:
        if saved.refusals:  # a box that was ticked in vain must not look ticked
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "invites/_bar.html", {"progress": progress(member=request.user)})
    go = request.POST.get("go", "")
    if go == "write" and not saved.refusals:
        if progress(member=request.user).chosen:
            return redirect("invites:write")
        messages.error(request, "Nobody is chosen yet. Tick at least one person.")
    return _back_to_list(request, go)


def _back_to_list(request: MemberRequest, go: str) -> HttpResponseRedirect:
    """The list as the pressed button wants it: another page, another filter, another search."""
    number = _number(request.POST.get("page"))
    show = _show(request.POST.get("show", ""))
    search = request.POST.get("q", "")
    if go.startswith("show-"):
        show, number = _show(go.removeprefix("show-")), 1
    elif go == "search":
        number = 1
    elif go in ("next", "previous"):
        number += 1 if go == "next" else -1
    query = urlencode({"q": search, "show": show, "page": number})
    return HttpResponseRedirect(f"{reverse('invites:choose')}?{query}")


def _show(name: str) -> Show:
    return Show(name) if name in list(Show) else Show.WITH_ADDRESS


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 1


def _ids(texts: list[str]) -> set[int]:
    return {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19}

"""The pages behind a recipient's secret link: who, why, and all that can be done. Each calls one action.

Looking changes nothing: link scanners and mail programs open links before people do. What was done
is shown by the page that did it, so that it can be looked at again.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from invites.actions import answering, cases, erasing, linking, responding
from invites.recipients.models import AnswerKind
from invites.recipients.without_account import Decorator, render_page, without_account

ONE_CLICK = {"List-Unsubscribe": ["One-Click"]}  # RFC 8058, section 3.1
STOP_EVERYONE = {"stop": ["everyone"]}  # the button on the stop page


def for_recipients(*methods: str) -> Decorator:
    """A page whose only authority is the token in its address, which nothing may list."""
    return without_account(*methods, headers={"X-Robots-Tag": "noindex, nofollow"})


@for_recipients("GET", "HEAD")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who chose this person, when, from where, with which words; and what can be done about it."""
    page = responding.invitation_page(token)
    if page is None and (handed_over := linking.link_page(token)):
        name = "paused_by_hand" if handed_over.paused else "by_hand"
        return page_for(request, name, token, {"page": handed_over})
    if page is None:
        return gone(request, token)
    return page_for(request, "invitation", token, {"page": page})


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
    if page is None and linking.link_page(token):
        return page_for(request, "stop_by_hand", token, {})
    if page is None:
        return gone(request, token, nobody_to_stop=True)
    return page_for(request, "stopped" if page.stopped_at else "stop", token, {"page": page})


@for_recipients("GET", "HEAD")
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """What accepting does and which address it is bound to; sign-up is the next page."""
    page = responding.invitation_page(token)
    if page is None:
        return gone(request, token)
    return page_for(request, "accept", token, {"page": page})


@for_recipients("GET", "HEAD", "POST")
def answer(request: HttpRequest, token: str, kind: AnswerKind) -> HttpResponse:
    """ "No, thanks", "not how we know each other", "don't know": what it does, the button, the receipt."""
    pressed = request.POST.get("answer")
    if (pressed == kind.value and answering.give(token=token, kind=kind)) or (
        pressed == "take-back" and answering.take_back(token=token)
    ):
        return redirect(f"recipients:{_ADDRESS[kind]}", token)
    page = responding.invitation_page(token)
    if page is None:
        return gone(request, token)
    return page_for(request, "answer", token, {"page": page, "kind": kind})


_ADDRESS = {
    AnswerKind.DECLINED: "decline",
    AnswerKind.NOT_HOW: "not_how",
    AnswerKind.DONT_KNOW: "dont_know",
}


@for_recipients("GET", "HEAD", "POST")
def stop_sender(request: HttpRequest, token: str) -> HttpResponse:
    """No more from this sender; others may still invite. Can be taken back here."""
    pressed = request.POST.get("stop")
    if (pressed == "sender" and answering.stop_sender(token=token)) or (
        pressed == "take-back" and answering.allow_sender(token=token)
    ):
        return redirect("recipients:stop_sender", token)
    page = responding.invitation_page(token)
    if page is None:
        return gone(request, token)
    return page_for(request, "stop_sender", token, {"page": page})


@for_recipients("GET", "HEAD", "POST")
def report(request: HttpRequest, token: str) -> HttpResponse:
    """Says to the site's staff that something is wrong; afterwards, what they do about it.

    A sender who withdraws an invitation does not get away with it.
    """
    if request.POST.get("report") == "yes":
        words = request.POST.get("words", "").replace("\x00", "")
        if cases.report(token=token, words=words):
            return redirect("recipients:report", token)
    case = cases.page(token)
    if case is not None:
        return page_for(request, "reported", token, {"case": case})
    if responding.stop_page(token) is None:
        return gone(request, token)
    page = responding.invitation_page(token)
    return page_for(request, "report", token, {"page": page, "most": cases.LONGEST})


@for_recipients("GET", "HEAD", "POST")
def erase(request: HttpRequest, token: str) -> HttpResponse:
    """Erases what is kept about this person, whatever became of the invitation."""
    if request.POST.get("erase") == "everything" and erasing.erase(token=token):
        return redirect("recipients:erase", token)
    if erasing.is_erased(token):
        return page_for(request, "erased", token, {})
    stopping = responding.stop_page(token)
    if stopping is None:
        return gone(request, token)
    context = {"page": responding.invitation_page(token), "stopped_at": stopping.stopped_at}
    return page_for(request, "erase", token, context)


def gone(request: HttpRequest, token: str, *, nobody_to_stop: bool = False) -> HttpResponse:
    """Unknown, withdrawn, erased or too old: the same page, which never says which."""
    return page_for(request, "gone", token, {"nobody_to_stop": nobody_to_stop}, status=404)


def page_for(
    request: HttpRequest, name: str, token: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page that knows its own link."""
    return render_page(request, name, context | {"token": token}, status)

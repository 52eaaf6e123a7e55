"""Who has invited somebody who is a member already, and the answer to each."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from invites.actions import cases, requesting
from invites.actions.requesting import Choice
from invites.views.members import MemberRequest

DONE = {
    Choice.ACCEPT: "Accepted. The sender sees it.",
    Choice.DECLINE: "Declined. Nobody is told.",
    Choice.NOT_HOW: "Noted. It counts against the sender, who isn’t told.",
    Choice.DONT_KNOW: "Noted. It counts against the sender, who isn’t told.",
    Choice.TAKE_BACK: "Taken back. You can answer anew.",
    Choice.STOP: "Done. No member of this site can send you an invitation again.",
    Choice.REPORT: "Reported. A person looks at it, and this page shows what becomes of it.",
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def requests(request: MemberRequest) -> HttpResponse:
    """GET lists what waits for an answer; POST answers one (`invitation`, `answer`, `words`)."""
    if request.method != "POST":
        context = {
            "pages": requesting.requests_of(request.user),
            "answers": requesting.answers_of(request.user),
            "reports": requesting.reports_of(request.user),
            "most": cases.LONGEST,
        }
        return render(request, "invites/requests.html", context)
    try:
        uid = UUID(request.POST.get("invitation", ""))
        choice = Choice(request.POST.get("answer", ""))
    except ValueError:
        raise Http404 from None
    words = request.POST.get("words", "").replace("\x00", "")
    if requesting.answer(member=request.user, uid=uid, choice=choice, words=words):
        messages.success(request, DONE[choice])
    else:
        what = "answer to take back" if choice is Choice.TAKE_BACK else "invitation to answer"
        messages.warning(request, f"There is no such {what} any more. Nothing was changed.")
    return redirect("invites:requests")

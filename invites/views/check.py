"""The check page: everybody who would get a mail, by name, and the one button that confirms."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from invites import notice, tasks
from invites.actions import confirming, drafting, outcomes, weighing
from invites.actions.confirming import Check
from invites.actions.drafting import NotInDraft
from invites.actions.progress import progress
from invites.consent import ConsentMissing, Missing, StaleConfirmation
from invites.models import SetAside
from invites.views.mails import shown
from invites.views.members import MemberRequest

SHOWN_AT_ONCE = 10


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: MemberRequest) -> HttpResponse:
    """GET names everybody. POST confirms exactly what its fingerprint stands for, or nothing."""
    if request.method == "POST":
        return _confirm(request)
    return _page(request)


def _confirm(request: MemberRequest) -> HttpResponse:
    try:
        done = confirming.confirm(
            member=request.user,
            # PostgreSQL takes no NUL, not even to compare with.
            fingerprint=request.POST.get("fingerprint", "").replace("\x00", ""),
            nudge=lambda _batch: confirming.nudged(tasks.send_receipts.delay),
        )
    except StaleConfirmation as stale:
        return _page(request, stale=stale, status=409)
    except ConsentMissing as missing:
        return _page(request, missing=missing, status=422)
    if done.already:
        then = {"at": done.batch.confirmed_at, "form": "H:i"}
        moment = render_to_string("parts/moment.html", then)
        messages.info(request, format_html("Confirmed at {}; nothing was added.", moment))
    return redirect("invites:sent", done.batch.uid)


@require_POST
def remove(request: MemberRequest, uid: UUID) -> HttpResponse:
    """Sets one person aside: "not now". Nobody is told, and the card stays open."""
    before = {item.invitation.uid for item in confirming.check(member=request.user).leaving}
    try:
        person = drafting.set_aside(member=request.user, uid=uid, decision=SetAside.NOT_NOW)
    except NotInDraft as gone:
        messages.warning(request, f"{gone} Nothing was sent.")
    else:
        messages.info(request, f"{person.display_name} gets no mail now.")
        # Nobody moves up from the waiting ones without a word.
        for item in confirming.check(member=request.user).leaving:
            if item.invitation.uid not in before:
                moved = item.invitation.display_name
                messages.warning(request, f"{moved} waited, and is on the list in that place.")
    return redirect("invites:check")


def _page(
    request: MemberRequest,
    *,
    stale: StaleConfirmation | None = None,
    missing: ConsentMissing | None = None,
    status: int = 200,
) -> HttpResponse:
    now: Check = confirming.check(member=request.user)
    rows = Paginator(now.leaving, SHOWN_AT_ONCE).get_page(request.GET.get("page"))
    context = {
        "step": 5,
        "check": now,
        "names": [item.invitation.display_name for item in now.leaving],
        "rows": rows,
        "mails": [(item.invitation, shown(item.mail)) for item in rows.object_list],
        "short_fingerprint": now.fingerprint[:8],
        "undo_time": notice.period(settings.UNDO_SECONDS),
        "per_period": weighing.allowance(request.user),
        "fewer": weighing.has_fewer(request.user),
        "period_days": settings.INVITATION_PERIOD_DAYS,
        "held": outcomes.is_held(request.user),
        "stale": stale,
        "missing": missing.reasons if missing else [],
        "incomplete": missing is not None and Missing.SENDER_INCOMPLETE in missing.reasons,
        "progress": progress(member=request.user),
    }
    return render(request, "invites/check.html", context, status=status)

"""After confirming: the time that is left, taking back, and later what became of each."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invites.actions import outcomes, taking_back
from invites.models import Batch
from invites.views.members import MemberRequest


@never_cache
@require_safe
def sent(request: MemberRequest, uid: UUID) -> HttpResponse:
    """One batch: when each leaves or what became of it."""
    batch = _batch(request, uid)
    rows = outcomes.rows_of(batch)
    waiting = sum(row.can_take_back for row in rows)
    context = {
        "batch": batch,
        "rows": rows,
        "waiting": waiting,
        "nothing_left": all(row.kind in ("waiting", "due", "held", "taken_back") for row in rows),
        "all_taken_back": all(row.kind == "taken_back" for row in rows),
    }
    return render(request, "invites/sent.html", context)


@require_POST
def take_back(request: MemberRequest, uid: UUID) -> HttpResponse:
    """One of a batch (`invitation`), or all that have not begun to leave."""
    batch = _batch(request, uid)
    one = request.POST.get("invitation", "")
    result = taking_back.take_back(member=request.user, batch=batch, uid=_uid(one) if one else None)
    if result.taken_back:
        was = "was" if result.taken_back == 1 else "were"
        messages.success(request, f"{result.taken_back} {was} taken back. Nothing was sent.")
    else:
        messages.warning(request, "There was nothing left to take back.")
    return redirect("invites:sent", uid)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: MemberRequest, uid: UUID) -> HttpResponse:
    """ "This wasn't me": GET asks, POST takes everything back and calls a person."""
    batch = _batch(request, uid)
    if request.method != "POST":
        return render(request, "invites/not_me.html", {"batch": batch})
    result = taking_back.disown(member=request.user, batch=batch)
    return render(request, "invites/not_me_done.html", {"batch": batch, "result": result})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: MemberRequest, uid: UUID) -> HttpResponse:
    """After it left: GET asks, POST closes the recipient's page for good."""
    invitation = outcomes.withdrawable(member=request.user, uid=uid)
    if invitation is None or invitation.batch is None:
        raise Http404
    if request.method != "POST":
        return render(request, "invites/withdraw.html", {"invitation": invitation})
    taking_back.withdraw(member=request.user, uid=uid)
    name = invitation.display_name
    messages.success(request, f"The invitation to {name} is withdrawn. Nothing follows it.")
    return redirect("invites:sent", invitation.batch.uid)


def _batch(request: MemberRequest, uid: UUID) -> Batch:
    return get_object_or_404(Batch, uid=uid, sender=request.user)


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None

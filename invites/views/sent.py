"""After confirming: the time that is left, taking back, and later what became of each."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invites.actions import outcomes, past_erasures, taking_back
from invites.actions.outcomes import Row
from invites.evidence import receipt as receipts
from invites.evidence.building import NoEvidence
from invites.models import Batch
from invites.views.members import MemberRequest


@never_cache
@require_safe
def sent(request: MemberRequest, uid: UUID) -> HttpResponse:
    """One batch: when each leaves or what became of it. With htmx only that, if it has changed."""
    batch = _batch(request, uid)
    rows = outcomes.rows_of(batch)
    seen = _state_of(batch, rows)
    if request.htmx and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context = {
        "batch": batch,
        "rows": rows,
        "seen": seen,
        "waiting": sum(row.can_take_back for row in rows),
        "moving": any(row.kind in ("waiting", "due", "leaving") for row in rows),
        "on_hold": any(row.kind == "held" for row in rows),
        "contact": settings.INVITATIONS_ADDRESS,
        "erasure": None if request.htmx else past_erasures.erasure_of(batch),
        "nothing_left": all(row.kind in ("waiting", "due", "held", "taken_back") for row in rows),
        "all_taken_back": all(row.kind == "taken_back" for row in rows),
    }
    return render(request, "invites/_sent.html" if request.htmx else "invites/sent.html", context)


@never_cache
@require_safe
def receipt(request: MemberRequest, uid: UUID) -> HttpResponse:
    """What the member agreed to, signed: a ZIP. Where nothing is signed the page says so."""
    batch = _batch(request, uid)
    try:
        packed = receipts.build(batch)
    except NoEvidence as reason:
        messages.error(request, str(reason))
        return redirect("invites:sent", uid)
    return HttpResponse(
        packed,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{receipts.name(batch)}"'},
    )


@require_POST
def take_back(request: MemberRequest, uid: UUID) -> HttpResponse:
    """One of a batch (`invitation`), or all that have not begun to leave."""
    batch = _batch(request, uid)
    one = request.POST.get("invitation", "")
    result = taking_back.take_back(member=request.user, batch=batch, uid=_uid(one) if one else None)
    if result.taken_back:
        mails = "1 mail" if result.taken_back == 1 else f"{result.taken_back} mails"
        messages.success(request, f"{mails} won’t leave.")
    else:
        messages.warning(request, "There was nothing left to take back.")
    return redirect("invites:sent", uid)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: MemberRequest, uid: UUID) -> HttpResponse:
    """ "This wasn't me": GET asks, POST takes everything back and calls a person."""
    batch = _batch(request, uid)
    context: dict[str, Any] = {"batch": batch, "contact": settings.INVITATIONS_ADDRESS}
    if request.method != "POST":
        return render(request, "invites/not_me.html", context)
    context["result"] = taking_back.disown(member=request.user, batch=batch)
    return render(request, "invites/not_me_done.html", context)


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


def _state_of(batch: Batch, rows: list[Row]) -> str:
    """A short code that changes when a row says something else."""
    said = [(row.kind, row.minutes, row.invitation.attempts > 0) for row in rows]
    return sha256(repr((batch.disowned_at, said)).encode()).hexdigest()[:12]


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None

"""Forget everything: what goes, what stays, and one button; and the receipts of every erasing."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from importer.actions import held
from invites.actions import forgetting, links, past_erasures
from invites.actions.progress import progress
from invites.models import Batch
from invites.views.members import MemberRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forget(request: MemberRequest) -> HttpResponse:
    """GET says what would be erased. POST erases it."""
    if request.method == "POST":
        forgetting.forget_everything(member=request.user)
        return redirect("invites:forgotten")
    context = {
        # As the receipt counts: who lives on in a link is not erased.
        "held": held(request.user) - len(links.linked_contacts(request.user)),
        "progress": progress(member=request.user),
        "links": links.links_by(request.user).filter(withdrawn_at=None, erased_at=None).count(),
        "batches": Batch.objects.filter(sender=request.user).count(),
    }
    return render(request, "invites/forget.html", context)


@never_cache
@require_safe
def forgotten(request: MemberRequest) -> HttpResponse:
    """What was erased and when, newest first, and what became of each access to an address book."""
    context = {
        "held": held(request.user),
        "erasures": past_erasures.erasures_of(request.user),
        "accesses": past_erasures.accesses_of(request.user),
    }
    return render(request, "invites/forgotten.html", context)

"""Forget everything: what goes, what stays, and one button."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from importer.actions import held
from invites.actions import forgetting
from invites.actions.progress import progress
from invites.models import Batch
from invites.views.members import MemberRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forget(request: MemberRequest) -> HttpResponse:
    """GET says what would be erased. POST erases it."""
    if request.method == "POST":
        people = forgetting.forget_everything(member=request.user)
        who = "" if not people else "1 person, " if people == 1 else f"{people:,} people, "
        messages.success(request, f"Forgotten: {who}your note and your decisions.")
        return redirect("home")
    context = {
        "held": held(request.user),
        "progress": progress(member=request.user),
        "batches": Batch.objects.filter(sender=request.user).count(),
    }
    return render(request, "invites/forget.html", context)

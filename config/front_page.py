"""The page at "/": for strangers and for members."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from importer.actions import held
from invites.actions import outcomes, requesting, responding
from invites.actions.progress import progress


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """What this is, for everybody; where to go on, for a member."""
    if not isinstance(request.user, User):
        return render(request, "home.html")
    draft = progress(member=request.user)
    here = draft.next_step(held=held(request.user))
    context = {
        "progress": draft,
        "here": here,
        "on_hold": outcomes.is_held(request.user),
        "contact": settings.INVITATIONS_ADDRESS,
        "has_requests": requesting.has_requests(request.user),
        "just_joined": responding.came_by_invitation(request.user) and not draft.people,
    }
    return render(request, "home.html", context)

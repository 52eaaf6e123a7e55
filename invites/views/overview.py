"""Everything that a member has confirmed, newest first."""

from __future__ import annotations

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from invites.actions import links, outcomes, weighing
from invites.actions.progress import progress
from invites.views.members import MemberRequest

BATCHES_ON_A_PAGE = LINKS_ON_A_PAGE = 20


@never_cache
@require_safe
def everything(request: MemberRequest) -> HttpResponse:
    """The batches, each with its counts, and the draft that is open."""
    batches = outcomes.batches_of(request.user)
    context = {
        "batches": Paginator(batches, BATCHES_ON_A_PAGE).get_page(request.GET.get("page")),
        "links": Paginator(links.links_by(request.user), LINKS_ON_A_PAGE).get_page(
            request.GET.get("links")
        ),
        "progress": progress(member=request.user),
        "fewer": weighing.has_fewer(request.user),
        "held": outcomes.is_held(request.user),
        "contact": settings.INVITATIONS_ADDRESS,
    }
    return render(request, "invites/all.html", context)

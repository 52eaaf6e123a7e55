"""Everything that a member has confirmed, newest first."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from invites.actions.progress import progress
from invites.consent import State
from invites.models import Batch
from invites.views.members import MemberRequest

BATCHES_ON_A_PAGE = 20


@never_cache
@require_safe
def everything(request: MemberRequest) -> HttpResponse:
    """The batches, each with its counts, and the draft that is open."""
    batches = (
        Batch.objects.filter(sender=request.user)
        .annotate(
            waiting=Count(
                "invitations",
                filter=Q(invitations__state__in=[State.CONFIRMED, State.CLAIMED]),
            ),
            taken_back=Count("invitations", filter=Q(invitations__state=State.CANCELLED)),
            accepted=Count("invitations", filter=Q(invitations__accepted_at__isnull=False)),
        )
        .order_by("-confirmed_at", "-id")
    )
    context = {
        "batches": Paginator(batches, BATCHES_ON_A_PAGE).get_page(request.GET.get("page")),
        "progress": progress(member=request.user),
    }
    return render(request, "invites/all.html", context)

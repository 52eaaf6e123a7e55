"""Download all your data: what is in it, and one button. Nothing is recorded: it is the member's own."""

from __future__ import annotations

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from invites.personal import download
from invites.rights import is_fresh, way_to_prove_it
from invites.views.members import MemberRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def data(request: MemberRequest) -> HttpResponseBase:
    """GET says what is in it. POST streams the ZIP, to somebody who has just typed their password."""
    fresh = is_fresh(request)
    if request.method != "POST":
        context = {"contents": download.contents(request.user), "fresh": fresh}
        return render(request, "invites/data.html", context)
    if not fresh:
        return redirect(way_to_prove_it(request, reverse("invites:data")))
    return StreamingHttpResponse(
        download.stream(request.user),
        content_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="my-data.zip"'},
    )

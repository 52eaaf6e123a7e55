"""The page on which a member names a server and types a password for it."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from importer import looking_up, oauth, own_servers
from importer.actions import ServerNeeded
from importer.forms import ServerForm
from importer.models import Purpose
from importer.own_servers import NotOpened, Typed
from importer.sources import KINDS


def to_server_page(needed: ServerNeeded) -> HttpResponse:
    """The page that asks for what is needed."""
    query = {"purpose": needed.purpose.value, "continues": needed.continues}
    page = reverse("importer:server", args=[needed.source])
    return redirect(f"{page}?{urlencode(query)}")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def server(request: HttpRequest, source: str) -> HttpResponse:
    """Which server, and what opens it. POST asks the server at once, so that a mistake is told here."""
    found = oauth.configured().get(source)
    own_server = KINDS[found.kind].own_server if found else None
    if found is None or own_server is None or not found.by_member:
        raise Http404
    said = request.POST if request.method == "POST" else request.GET
    purpose = Purpose.LOOK_UP if said.get("purpose") == Purpose.LOOK_UP else Purpose.READ
    continues = _uid(said.get("continues", ""))
    form = ServerForm(request.POST if request.method == "POST" else None, own_server=own_server)
    if form.is_valid():
        try:
            run = own_servers.connect(
                # LoginRequiredMiddleware has sent everybody else away.
                member=cast("AbstractBaseUser", request.user),
                source=found,
                typed=Typed(**form.cleaned_data),
                purpose=purpose,
                continues=continues,
            )
        except NotOpened as refusal:
            form.add_error(refusal.about or None, refusal.sentence)
        else:
            if run.purpose == Purpose.LOOK_UP:
                looking_up.make_ready(run)
                return redirect("invites:look_up", uid=run.uid)
            return redirect("importer:import", uid=run.uid)
    context = {
        "step": 1,
        "form": form,
        "source": found,
        "kind": KINDS[found.kind],
        "purpose": purpose,
        "continues": continues or "",
    }
    return render(request, "importer/server.html", context)


def _uid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None

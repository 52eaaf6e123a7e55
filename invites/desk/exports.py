"""Exports of the desk's lists. Nothing leaves before the ledger says who takes what, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from invites.actions import exporting
from invites.desk import export_lines
from invites.desk.forms import ExportForm, ListForm, StoryForm
from invites.desk.listing import Asked
from invites.desk.views import page
from invites.models import Batch, Invitation
from invites.rights import Act, needs, staff_of, stale
from ledger.entries import Fact
from ledger.subjects import of_member

_both = require_http_methods(["GET", "HEAD", "POST"])
_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}


@needs(Act.EXPORT, fresh=True)
@_both
def invitations(request: HttpRequest) -> HttpResponseBase:
    """What the list of invitations shows, with the same filters in the address."""
    narrowed = ListForm(request.GET)
    if not narrowed.is_valid():
        return redirect(f"{reverse('desk:invitations')}?{request.GET.urlencode()}")
    asked = narrowed.asked
    what = asked.in_words + (" · of one sender" if asked.sender else "")
    form = _form(request, ExportForm)
    if not form.is_valid():
        return _page(request, form, what)
    chosen = form.cleaned_data
    pieces = export_lines.of_list(asked, form=chosen["form"], with_names=chosen["with_names"])
    return _file(request, "invitations", chosen, what, _filters(asked), pieces)


@needs(Act.EXPORT, fresh=True)
@_both
def story(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """The ledger's entries of one invitation or one batch."""
    about: Invitation | Batch | None = (
        Invitation.objects.select_related("batch").filter(uid=uid).first()
        or Batch.objects.filter(uid=uid).first()
    )
    if about is None:
        raise Http404
    what = f"Every step of one {'batch' if isinstance(about, Batch) else 'invitation'}"
    form = _form(request, StoryForm)
    if not form.is_valid():
        return _page(request, form, what)
    chosen = form.cleaned_data
    pieces = export_lines.of_story(about, form=chosen["form"])
    return _file(request, f"steps-{uid}", chosen, what, {"about": str(uid)}, pieces)


def _filters(asked: Asked) -> dict[str, Fact]:
    """As the ledger keeps them: a sender by their random id there."""
    said: dict[str, Fact] = {}
    for name, value in asdict(asked).items():
        if value:
            said[name] = value.isoformat() if isinstance(value, date) else value
    if asked.sender and User.objects.filter(pk=asked.sender).exists():
        said["sender"] = str(of_member(asked.sender))
    return said


def _file(
    request: HttpRequest, name: str, chosen: Mapping[str, Any], what: str, asked: dict[str, Fact],
    pieces: Iterator[tuple[int, bytes]],
) -> StreamingHttpResponse:  # fmt: skip
    """The pieces, of which none is made before the ledger has who takes them."""
    staff, form = staff_of(request), chosen["form"]
    with_names = chosen.get("with_names", False)
    export = exporting.begin(
        staff=staff, what=what, why=chosen["reason"], form=form, with_names=with_names, asked=asked
    )
    return StreamingHttpResponse(
        exporting.recorded(pieces, export=export, staff=staff),
        content_type=_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


def _form(request: HttpRequest, kind: type[StoryForm]) -> Any:
    if request.method == "POST":
        return kind(request.POST, stale=stale(request))
    return kind(initial={"form": "csv"})


def _page(request: HttpRequest, form: StoryForm, what: str) -> HttpResponseBase:
    return page(request, "export", "Export", {
        "form": form,
        "what": what,
        "button": "Export",
        "says": "One file with all of it, and not the page alone. That you took it, and why, goes on "
        "the ledger before the first line leaves; how many lines it was, and their digest, after "
        "the last.",
        "exports": exporting.newest(),
    })  # fmt: skip

"""Looking people up: one field, the provider's own answer, and a choice for each person.

Searching is a POST, so that no name stands in an address or a log. The answer is the page itself and
no redirect, because what was found is kept nowhere for a second request to show.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from importer import actions as importing
from importer import describing, looking_up
from importer.looking_up import AskedTooOften, LookUpOver
from importer.models import Import
from importer.sources.contract import MOST_FOUND, PROBLEMS, RateLimited, SourceError
from invites.actions.looking_up import NotPicked, Result, keep_for_link, look, pick
from invites.actions.progress import progress
from invites.forms import SearchForm
from invites.views.members import MemberRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request: MemberRequest, uid: UUID) -> HttpResponse:
    """GET shows the field, or what became of the access. POST searches, or chooses one person."""
    run = _look_up(request, uid)
    if request.method != "POST":
        return _page(request, run, SearchForm())
    form = SearchForm(request.POST)
    if not form.is_valid():
        return _page(request, run, form)
    try:
        if link_for := request.POST.get("link"):
            person = keep_for_link(
                member=request.user, run=run, words=form.cleaned_data["q"], key=link_for
            )
            return redirect("invites:make_link", person.pk)
        return _page(request, run, form, _found(request, run, form.cleaned_data["q"]))
    except LookUpOver:
        return redirect("invites:look_up", uid=run.uid)
    except NotPicked as refusal:
        form.add_error(None, str(refusal))
    except AskedTooOften:
        form.add_error(None, "That was often in a short time. Wait a minute, then search again.")
    except RateLimited as limited:
        wait = "a moment" if limited.retry_after < 2 else f"{limited.retry_after:,.0f} seconds"
        name = describing.provider(run.source, run.source_label)
        form.add_error(None, f"{name} asks us to wait {wait}. Search again then.")
    except SourceError as error:
        name = describing.provider(run.source, run.source_label)
        form.add_error(None, f"{PROBLEMS[error.code].format(provider=name)} You can try again.")
    return _page(request, run, form)


@require_POST
def done(request: MemberRequest, uid: UUID) -> HttpResponse:
    """Ends the access."""
    run = _look_up(request, uid)
    looking_up.end(member=request.user, run=run)
    return redirect("invites:look_up", uid=run.uid)


def _found(request: MemberRequest, run: Import, words: str) -> list[Result]:
    key = request.POST.get("choose", "")
    if not key:
        return look(member=request.user, run=run, words=words)
    name, results = pick(member=request.user, run=run, words=words, key=key)
    messages.success(request, f"{name} is chosen. Nothing was sent.")
    return results


def _page(
    request: MemberRequest, run: Import, form: SearchForm, results: list[Result] | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        **describing.facts(run),
        "step": 2,
        "form": form,
        "results": results,
        "may_be_more": results is not None and len(results) == MOST_FOUND,
        "is_open": looking_up.grant_of(run) is not None,
        "progress": progress(member=request.user),
        "held": importing.held(request.user),
    }
    return render(request, "invites/look_up.html", context)


def _look_up(request: MemberRequest, uid: UUID) -> Import:
    run = looking_up.look_up_of(member=request.user, uid=uid)
    if run is None:
        raise Http404
    return run

"""The pages below /contacts/: connect, watch, read the report. Each calls one action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from importer import actions, awaiting, describing, looking_up, oauth
from importer.actions import ServerNeeded
from importer.addresses import NotAnAddress
from importer.forms import TypedPerson
from importer.models import Import, Purpose
from importer.oauth import NotConnected, Question
from importer.server_views import to_server_page
from importer.sources.contract import PROBLEMS
from importer.ways import ways

QUESTION = "contacts_question"  # in the session: what was asked of a provider, until it answers
IMPORTS_SHOWN = 5


@require_safe
@never_cache
def connect(request: HttpRequest) -> HttpResponse:
    """What we read, what we never do, and how to begin. Or later."""
    return _connect_page(request, TypedPerson())


@require_POST
def start(request: HttpRequest, source: str) -> HttpResponse:
    """To the provider's consent screen: to read everything, or to look people up."""
    is_look_up = request.POST.get("purpose") == Purpose.LOOK_UP
    purpose = Purpose.LOOK_UP if is_look_up else Purpose.READ
    try:
        url, question = actions.begin_connection(
            member=_member(request), source=source, purpose=purpose
        )
    except KeyError:
        raise Http404 from None
    except ServerNeeded as needed:
        return to_server_page(needed)
    return _to_consent_screen(request, url, question)


@require_GET  # never HEAD: a look at the address must not use up the code
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """The provider's answer. The one GET that writes (RFC 6749, section 4.1.2, makes it a GET)."""
    question = _kept_question(request)
    try:
        run = actions.finish_connection(
            member=_member(request), question=question, answer=request.GET.dict()
        )
    except NotConnected as refusal:
        if refusal.code != "not_expected":
            request.session.pop(QUESTION, None)
        provider = describing.provider(question.source, "") if question else ""
        messages.warning(request, oauth.REFUSALS[refusal.code].format(provider=provider))
        return redirect("importer:connect")
    request.session.pop(QUESTION, None)
    if run.purpose == Purpose.LOOK_UP:
        looking_up.make_ready(run)
        return redirect("invites:look_up", uid=run.uid)
    return redirect("importer:import", uid=run.uid)


@require_safe
@never_cache
def show_import(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Progress while it reads, and the report afterwards. With htmx only the moving part."""
    run = get_object_or_404(Import, uid=uid, member_id=_member(request).pk)
    if run.purpose == Purpose.LOOK_UP:
        return redirect("invites:look_up", uid=run.uid)
    context: dict[str, Any] = {
        **describing.facts(run),
        "step": 1,
        "held": actions.held(_member(request)),
    }
    if getattr(request, "htmx", False):
        if run.going_on:
            return render(request, "importer/_progress.html", context)
        # The report is another page than the progress: let the browser load it whole.
        return HttpResponse(headers={"HX-Refresh": "true"})
    if not run.going_on:
        asked = request.GET.get("rows", "")
        context |= describing.report(run, rows=asked, page=request.GET.get("page"))
    return render(request, "importer/import.html", context)


@require_POST
def stop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Stops reading; what was read is kept."""
    run = _import(request, uid)
    actions.stop_import(member=_member(request), run=run)
    return redirect("importer:import", uid=run.uid)


@require_POST
def retry(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Goes on with a failed import, by way of the consent screen if the access is gone."""
    run = _import(request, uid)
    try:
        asked = actions.retry_import(member=_member(request), run=run)
    except KeyError:
        messages.warning(request, PROBLEMS["source_gone"].format(provider=run.source_label))
        return redirect("importer:connect")
    except ServerNeeded as needed:
        return to_server_page(needed)
    if asked is None:
        return redirect("importer:import", uid=run.uid)
    return _to_consent_screen(request, *asked)


@require_POST
def type_person(request: HttpRequest) -> HttpResponse:
    """Adds a person by hand. A mistake brings the page back with what was typed."""
    form = TypedPerson(request.POST)
    if form.is_valid():
        try:
            contact, is_new = actions.add_typed(member=_member(request), **form.cleaned_data)
        except (NotAnAddress, actions.CannotInvite) as refusal:
            form.add_error("address", str(refusal))
        else:
            there = "is in your list" if is_new else "was in your list already"
            messages.success(request, f"{contact.display_name} {there}. Nothing was sent.")
            return redirect("importer:connect")
    return _connect_page(request, form)


def _connect_page(request: HttpRequest, form: TypedPerson) -> HttpResponse:
    member = _member(request)
    runs = Import.objects.filter(member_id=member.pk).order_by("-id")[:IMPORTS_SHOWN]
    context = {
        "step": 1,
        "form": form,
        "ways": ways(oauth.configured().values()),
        "awaited": awaiting.awaited(member),
        "held": actions.held(member),
        "runs": runs,
    }
    return render(request, "importer/connect.html", context)


def _to_consent_screen(request: HttpRequest, url: str, question: Question) -> HttpResponse:
    request.session[QUESTION] = asdict(question)
    return HttpResponseRedirect(url)


def _kept_question(request: HttpRequest) -> Question | None:
    kept: Mapping[str, Any] | None = request.session.get(QUESTION)
    return Question(**kept) if kept else None


def _import(request: HttpRequest, uid: UUID) -> Import:
    mine = Import.objects.filter(member_id=_member(request).pk, purpose=Purpose.READ)
    return get_object_or_404(mine, uid=uid)


def _member(request: HttpRequest) -> AbstractBaseUser:
    # LoginRequiredMiddleware has sent everybody else away.
    return cast("AbstractBaseUser", request.user)

"""The desk's pages to look at. A search is posted, so that no address stands in a URL or a log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from invites import scopes, stored_mail
from invites.actions import taking_evidence
from invites.actions.health import vital
from invites.desk import figures, listing, searching, waiting
from invites.desk.forms import ListForm
from invites.evidence.building import NoEvidence
from invites.models import Batch, ConsentRecord, Hold, Invitation, PreparedMail
from invites.rights import Act, is_fresh, may, needs, staff_of, way_to_prove_it
from invites.steps import holds_of_member, steps_of, steps_of_batch, steps_of_each
from ledger.keyset import Place, key_in, place_in


def page(
    request: HttpRequest, name: str, title: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of the desk inside the admin, with what this person may do in `may`."""
    around = admin.site.each_context(request)
    allowed = {act.name.lower(): may(request, act) for act in Act}
    return render(
        request,
        f"desk/{name}.html",
        {**around, "is_nav_sidebar_enabled": False, "title": title, "may": allowed, **context},
        status=status,
    )


@needs(Act.LOOK)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """What needs a person, the longest waiting first; then the figures of the last days."""
    groups, more_complaints = waiting.complaints()
    holds, more_holds = waiting.holds()
    unknown, more_unknown = waiting.unknown()
    health = vital()
    return page(request, "waiting", "What needs a person", {
        "not_well": [one for one in health if not one.well],
        "well": [one for one in health if one.well],
        "groups": groups, "more_complaints": more_complaints, "complaints_read": waiting.COMPLAINTS,
        "to_agree": waiting.to_agree(),
        "holds": holds, "more_holds": more_holds,
        "sources": waiting.sources(),
        "unknown": unknown, "more_unknown": more_unknown, "unknown_days": waiting.UNKNOWN_DAYS,
        "charts": figures.overview(),
    })  # fmt: skip


@needs(Act.LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """A form, and what it found. The only invitation that was found opens at once."""
    term = request.POST.get("term", "").strip()
    if not term:
        return page(request, "search", "Search", {})
    found = searching.find(term)
    if len(found.invitations) == 1 and not (found.senders or found.suppressed or found.batches):
        return redirect("desk:invitation", uid=found.invitations[0].uid)
    if len(found.batches) == 1 and not found.invitations:
        return redirect("desk:batch", uid=found.batches[0].uid)
    return page(
        request, "search", "Search", {"term": term, "found": found, "at_most": searching.A_PAGE}
    )


@needs(Act.LOOK)
@require_GET
def invitations(request: HttpRequest) -> HttpResponse:
    """The list behind every number; its docstring says what the address may ask for."""
    form = ListForm(request.GET)
    place = place_in(request.GET)
    valid = form.is_valid()
    member = User.objects.filter(pk=form.cleaned_data.get("sender") or 0).first()
    return page(request, "list", "Invitations", {
        "form": form,
        "member": member,
        "asked": form.asked if valid else None,
        "listed": listing.listed(form.asked, place) if valid else None,
        "paged": place != Place(),
    })  # fmt: skip


@needs(Act.LOOK)
@require_GET
def sender(request: HttpRequest, pk: int) -> HttpResponse:
    """One member: what they confirmed, and whether they are on hold."""
    member = get_object_or_404(User, pk=pk)
    batches = searching.batches_of(member, key_in(request.GET, "before"))
    steps, looked_to = holds_of_member(member)
    return page(request, "sender", waiting.person(member), {
        "member": member,
        "batches": batches[: searching.A_PAGE],
        "older": batches[searching.A_PAGE - 1].pk if len(batches) > searching.A_PAGE else None,
        "steps": steps,
        "looked_to": looked_to,
        "holds": _holds_on(scopes.of_sender(member.pk)),
    })  # fmt: skip


@needs(Act.LOOK)
@require_GET
def batch(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What was confirmed at once, and to whom."""
    found = get_object_or_404(Batch.objects.select_related("sender"), uid=uid)
    invitations = searching.invitations_in(found, key_in(request.GET, "after") or 0)
    here = invitations[: searching.A_PAGE]
    told = steps_of_each(here)
    return page(request, "batch", f"Batch {found.short_fingerprint}", {
        "batch": found,
        "to_whom": [(one, told[one.uid]) for one in here],
        "later": here[-1].pk if len(invitations) > searching.A_PAGE else None,
        "steps": steps_of_batch(found),
        "holds": _holds_on(scopes.of_batch(found.pk), scopes.of_sender(found.sender_id)),
    })  # fmt: skip


@needs(Act.LOOK)
@require_GET
def invitation(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Who agreed to send exactly what to whom, and what happened then."""
    return _story(request, uid)


@needs(Act.TAKE_EVIDENCE)
@require_POST
def evidence(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The evidence file, to somebody who has just typed their password: names and addresses are in it.

    That it was taken goes on the ledger; why there is none is a sentence.
    """
    found = get_object_or_404(Invitation, uid=uid)
    if not is_fresh(request):
        return redirect(way_to_prove_it(request, reverse("desk:invitation", args=[uid])))
    try:
        packed = taking_evidence.take(invitation=found, staff=staff_of(request))
    except NoEvidence as reason:
        messages.error(request, str(reason))
        return _story(request, uid, status=409)
    name = f"evidence-{found.uid}.zip"
    return HttpResponse(
        packed,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _story(request: HttpRequest, uid: UUID, status: int = 200) -> HttpResponse:
    found = get_object_or_404(
        Invitation.objects.select_related("sender", "batch", "case", "answer"), uid=uid
    )
    prepared = PreparedMail.objects.filter(invitation=found).first()
    kept_by = [scopes.SITE, scopes.of_sender(found.sender_id), scopes.of_source(found.source)]
    if found.batch:
        kept_by.append(scopes.of_batch(found.batch.pk))
    context = {
        "invitation": found,
        "mail": stored_mail.read(bytes(prepared.raw)) if prepared else None,
        "record": ConsentRecord.objects.filter(invitation_uid=found.uid).first(),
        "case": getattr(found, "case", None),
        "steps": steps_of(found),
        "holds": _holds_on(*kept_by),
    }
    title = f"{found.sender.get_full_name()} to {found.display_name or 'somebody who is erased'}"
    return page(request, "invitation", title, context, status)


def _holds_on(*kept_by: str) -> list[waiting.OpenHold]:
    return waiting.described(Hold.objects.filter(lifted_at=None, scope__in=kept_by).order_by("id"))

"""What staff do at the desk: a page that says what will follow, and a button that does it.

Each is on the ledger, needs its permission, and a login of the last minutes.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from importer.sources import typed
from invites import scopes
from invites.actions import holding, suppressing
from invites.desk import waiting
from invites.desk.forms import AddressForm, DeskForm, ReasonForm
from invites.desk.views import page
from invites.models import Batch, Hold
from invites.rights import Act, needs, staff_of, stale
from ledger.subjects import of_member

_both = require_http_methods(["GET", "HEAD", "POST"])


@needs(Act.HOLD, fresh=True)
@_both
def hold_sender(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything from one member."""
    member = get_object_or_404(User, pk=pk)
    return _hold(request, scopes.of_sender(member.pk), member=member)


@needs(Act.HOLD, fresh=True)
@_both
def hold_batch(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What was confirmed at once."""
    batch = get_object_or_404(Batch.objects.select_related("sender"), uid=uid)
    return _hold(request, scopes.of_batch(batch.pk), batch=batch)


@needs(Act.HOLD_WIDELY, fresh=True)
@_both
def hold_source(request: HttpRequest, name: str) -> HttpResponse:
    """Everybody from one address book."""
    if name not in {*settings.SOURCES, typed.NAME}:
        raise Http404
    return _hold(request, scopes.of_source(name))


@needs(Act.HOLD_WIDELY, fresh=True)
@_both
def hold_site(request: HttpRequest) -> HttpResponse:
    """Everything."""
    return _hold(request, scopes.SITE)


def _hold(request: HttpRequest, scope: str, **named: Any) -> HttpResponse:
    what = waiting.in_words(scope, **named)
    form = filled(request, ReasonForm)
    if form.is_valid():
        actor = of_member(staff_of(request).pk)
        done = holding.hold(scope, reason=form.cleaned_data["reason"], actor=actor)
        messages.success(request, "It is on hold now." if done else "It was on hold already.")
        return redirect("desk:desk")
    return act_page(request, "Put on hold", form, what=what, button="Put on hold", stops=True, says=(
        "Nothing of it leaves until a person lifts the hold. What has left stays where it is. "
        "Whoever sent it reads that a person is looking, not why."
    ))  # fmt: skip


@needs(Act.LIFT, fresh=True)
@_both
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets go what a hold kept back. Where somebody complained, two people do that together."""
    hold = get_object_or_404(Hold, pk=pk, lifted_at=None)
    (described,) = waiting.described([hold])
    form = filled(request, ReasonForm)
    if form.is_valid():
        actor = of_member(staff_of(request).pk)
        try:
            holding.lift(hold.scope, reason=form.cleaned_data["reason"], actor=actor)
        except holding.NeedsASecondPerson:
            messages.error(
                request, "Somebody complained about this sender: two people lift this hold."
            )
            return redirect("desk:propose", pk=hold.pk)
        messages.success(request, "The hold is lifted.")
        return redirect("desk:desk")
    if described.by_two:
        return redirect("desk:propose", pk=hold.pk)
    return act_page(request, "Lift a hold", form, what=described.what, button="Lift the hold", says=(
        f"It is on hold since {hold.placed_at:%d %B %Y, %H:%M} UTC: {hold.reason} Once lifted, what "
        "was confirmed leaves within seconds, and that can’t be taken back."
    ))  # fmt: skip


@needs(Act.SUPPRESS, fresh=True)
@_both
def suppress(request: HttpRequest) -> HttpResponse:
    """Puts an address on the list of those who get no invitation."""
    form = filled(request, AddressForm)
    if form.is_valid():
        done = suppressing.suppress(
            form.cleaned_data["address"],
            reason=suppressing.Reason.STAFF,
            actor=of_member(staff_of(request).pk),
        )
        said = "No member can invite this address any more." if done else "It was so already."
        messages.success(request, said)
        return redirect("desk:desk")
    return act_page(request, "Suppress an address", form, what="One address", button="Suppress", stops=True,
                 says="No member can invite it any more, and what has not left to it stays here. No "
                 "member is told.")  # fmt: skip


def filled(request: HttpRequest, kind: type[DeskForm], **initial: Any) -> Any:
    """The form as it was posted, or one to begin with."""
    if request.method == "POST":
        return kind(request.POST, stale=stale(request))
    return kind(initial=initial)


def act_page(request: HttpRequest, title: str, form: DeskForm, **context: Any) -> HttpResponse:
    """What will follow, the form, and its button."""
    return page(request, "act", title, {"form": form, **context})

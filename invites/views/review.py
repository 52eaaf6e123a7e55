"""The review: one person a card, the whole mail, one decision. No request decides on two."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from invites.actions import drafting
from invites.actions.drafting import CardChanged, NotInDraft, WordsRefused
from invites.actions.progress import neighbours, next_card, progress
from invites.forms import CardForm
from invites.models import Relationship, SetAside
from invites.views.mails import choices
from invites.views.members import MemberRequest


@never_cache
@require_safe
def next_one(request: MemberRequest) -> HttpResponse:
    """To the next card that waits for a decision; behind the last one, to the check page."""
    so_far = progress(member=request.user)
    if not so_far.people:
        messages.info(request, "Nobody is chosen yet.")
        return redirect("invites:choose")
    if not so_far.has_note:
        messages.info(request, "First write your note: each mail carries it.")
        return redirect("invites:write")
    uid = next_card(member=request.user)
    return redirect("invites:card", uid) if uid else redirect("invites:check")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def card(request: MemberRequest, uid: UUID) -> HttpResponse:
    """GET shows one person's whole mail. POST is the decision, with the digest of that mail."""
    try:
        if request.method == "POST":
            return _decide(request, uid)
        return _page(request, uid)
    except NotInDraft as gone:
        messages.warning(request, f"{gone} Nothing was sent.")
        return redirect("invites:review")


def _decide(request: MemberRequest, uid: UUID) -> HttpResponse:
    form = CardForm(request.POST)
    form.is_valid()
    aside, stated = request.POST.get("aside", ""), request.POST.get("relationship", "")
    if "reconsider" in request.POST:
        drafting.reconsider(member=request.user, uid=uid)
        return redirect("invites:card", uid)
    if aside in SetAside.values:
        drafting.set_aside(member=request.user, uid=uid, decision=SetAside(aside))
        return _onwards(request, uid)
    if "preview" in request.POST:
        return _preview(request, uid, form)
    if stated not in Relationship.values:
        form.add_error(None, "Press one of the buttons: how do you know each other?")
        return _page(request, uid, form, status=422)
    try:
        drafting.decide(
            member=request.user,
            uid=uid,
            relationship=Relationship(stated),
            digest=request.POST.get(f"digest_{stated}", ""),
            own_line=form.cleaned_data["own_line"],
            relationship_words=form.cleaned_data["relationship_words"],
        )
    except WordsRefused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, uid, form, status=422)
    except CardChanged as changed:
        return _page(request, uid, changed=str(changed), stated=Relationship(stated), status=409)
    return _onwards(request, uid)


def _preview(request: MemberRequest, uid: UUID, form: CardForm) -> HttpResponse:
    """Puts typed words into the mail and shows it again."""
    try:
        drafting.save_words(
            member=request.user,
            uid=uid,
            own_line=form.cleaned_data["own_line"],
            relationship_words=form.cleaned_data["relationship_words"],
        )
    except WordsRefused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, uid, form, status=422)
    return redirect("invites:card", uid)


def _onwards(request: MemberRequest, uid: UUID) -> HttpResponse:
    following = next_card(member=request.user, after=uid)
    return redirect("invites:card", following) if following else redirect("invites:check")


def _page(
    request: MemberRequest,
    uid: UUID,
    form: CardForm | None = None,
    *,
    changed: str = "",
    stated: Relationship | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = drafting.card(member=request.user, uid=uid)
    invitation = shown.invitation
    before, behind = neighbours(member=request.user, uid=uid)
    buttons = choices(shown.mails)
    typed = {
        "own_line": invitation.own_line,
        "relationship_words": invitation.relationship_words,
    }
    # Who pressed a button and gets the card back sees the whole mail that this button stands for.
    again = next((one for one in buttons if one.relationship == stated and one.mail), None)
    context = {
        "step": 4,
        "card": shown,
        "invitation": invitation,
        "choices": buttons,
        "mail": buttons[0].mail,
        "form": form or CardForm(initial=typed),
        "changed": changed,
        "again": again,
        "set_aside": SetAside,
        "before": before,
        "behind": behind,
        "progress": progress(member=request.user),
    }
    return render(request, "invites/card.html", context, status=status)

"""Complaints at the desk: one with its notes and owner, an answer to all of a group, and reopening.

Whoever may look reads them. Each act needs its permission and a login of the last minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from invites.actions import case_work, cases, reopening
from invites.desk import waiting
from invites.desk.acting import act_page, filled
from invites.desk.case_forms import AboutReports, AnswerForm, HandOverForm, NoteForm
from invites.desk.forms import DeskForm, ReasonForm
from invites.desk.views import page
from invites.models import Hold
from invites.recipients.models import Case, Outcome
from invites.rights import Act, may, needs, staff_of, stale
from invites.staff_models import Reopening

_both = require_http_methods(["GET", "HEAD", "POST"])


@needs(Act.LOOK)
@_both
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """One complaint, those about the same note, and how far the staff are with them."""
    found = get_object_or_404(Case.objects.select_related("invitation"), pk=pk)
    group = waiting.group_of(found)
    these = {"cases": ",".join(map(str, group.ids))}
    forms: dict[str, Any] = {
        "take": AboutReports(initial=these, auto_id="take_%s"),
        "hand_over": HandOverForm(initial=these, auto_id="hand_over_%s"),
        "note": NoteForm(auto_id="note_%s"),
    }
    doing = request.POST.get("do", "")
    if request.method == "POST":
        if not may(request, Act.DECIDE):
            raise PermissionDenied
        if doing in forms:
            kind: type[DeskForm] = type(forms[doing])
            form: Any = kind(request.POST, stale=stale(request), auto_id=f"{doing}_%s")
            if form.is_valid():
                messages.success(request, _DOES[doing](form, found, staff_of(request)))
                return redirect("desk:case", pk=pk)
            forms[doing] = form
    return page(request, "case", f"Complaint {pk}", {
        "case": found, "group": group, "forms": forms, "form": forms.get(doing),
        "mine": [one.case.owner_id for one in group.complaints] == [request.user.pk] * len(group.ids),
        "notes": case_work.notes_on(group.ids),
    })  # fmt: skip


def _take(form: AboutReports, case: Case, staff: User) -> str:
    done = case_work.give(ids=form.cleaned_data["cases"], owner=staff, staff=staff)
    return "It is yours now." if done else "It was yours already."


def _hand_over(form: HandOverForm, case: Case, staff: User) -> str:
    owner = User.objects.get(pk=form.cleaned_data["owner"])
    case_work.give(ids=form.cleaned_data["cases"], owner=owner, staff=staff)
    return f"{waiting.person(owner)} has it now."


def _note(form: NoteForm, case: Case, staff: User) -> str:
    case_work.note(case=case, words=form.cleaned_data["words"], staff=staff)
    return "The note is written down."


_DOES: dict[str, Callable[[Any, Case, User], str]] = {
    "take": _take,
    "hand_over": _hand_over,
    "note": _note,
}


@needs(Act.DECIDE, fresh=True)
@_both
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """One answer for everybody who complained about the same note; `pk` is one of their reports.

    Of one that is decided, a later decision takes the place of the first.
    """
    found = get_object_or_404(Case.objects.select_related("invitation__sender"), pk=pk)
    group = waiting.group_of(found)
    reopened = all(one.case.outcome == Outcome.REOPENED for one in group.complaints)
    form: Any = (
        AnswerForm(request.POST, stale=stale(request), reopened=reopened)
        if request.method == "POST"
        else AnswerForm(
            initial={
                "cases": ",".join(map(str, group.ids)),
                "outcome": request.GET.get("ends", ""),
            },
            reopened=reopened,
        )
    )
    if form.is_valid():
        said = {
            "decision": form.cleaned_data["decision"],
            "what_changed": form.cleaned_data["what_changed"],
            "outcome": form.outcome_said,
            "staff": staff_of(request),
        }
        try:
            if found.decided_at:
                cases.decide(case=found, **said)
                done = 1
            else:
                ids = [one for one in form.cleaned_data["cases"] if one in group.ids]
                done = cases.answer_all(ids=ids, **said)
        except cases.NotStopped as sender:
            form.add_error("outcome", f"{sender} is not on hold. Put them on hold first.")
        else:
            messages.success(request, f"Answered on {done} page{'' if done == 1 else 's'}.")
            return redirect("desk:desk")
    many = f"{len(group.ids)} on their page{'' if len(group.ids) == 1 else 's'}"
    return act_page(request, "Answer complaints", form, what=group.sum, button=f"Answer {many}", says=(
        "Each reporter reads this on their own page. Senders who are on hold stay so."
    ))  # fmt: skip


@needs(Act.REOPEN, fresh=True)
@_both
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """To lift the hold on a sender somebody complained about; `pk` is the hold's."""
    hold = get_object_or_404(Hold, pk=pk, lifted_at=None)
    (described,) = waiting.described([hold])
    form = filled(request, ReasonForm)
    if form.is_valid():
        try:
            proposal = reopening.propose(
                hold=hold, reason=form.cleaned_data["reason"], staff=staff_of(request)
            )
        except reopening.NotReopened as why:
            form.add_error(None, str(why))
        else:
            messages.success(request, "Proposed. The hold stays until a second person agrees.")
            return redirect("desk:reopening", pk=proposal.pk)
    return act_page(request, "Propose to lift a hold", form, what=described.what,
                    button="Propose it", says=(
        f"It is on hold since {hold.placed_at:%d %B %Y, %H:%M} UTC: {hold.reason} Somebody complained, "
        "so a second person has to agree before anything leaves. A new complaint makes this void."
    ))  # fmt: skip


@needs(Act.LOOK)
@_both
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """A proposal: who made it and why, and the button with which somebody else agrees."""
    proposal = get_object_or_404(
        Reopening.objects.select_related("hold", "proposed_by", "decided_by"), pk=pk
    )
    problem = ""
    if request.method == "POST":
        if not _may_decide(request, proposal):
            raise PermissionDenied
        problem = stale(request) or _decide(request, proposal)
        if not problem:
            return redirect("desk:desk")
        proposal.refresh_from_db()
    (described,) = waiting.described([proposal.hold])
    about = Case.objects.filter(hold=proposal.hold)
    return page(request, "reopening", "Lift a hold by two", {
        "proposal": proposal, "described": described, "problem": problem,
        "why_void": reopening.why_void(proposal) if proposal.state == "void" else "",
        "own": proposal.proposed_by_id == request.user.pk,
        "may_decide": _may_decide(request, proposal),
        "cases": about.select_related("invitation").order_by("-id")[: waiting.LISTED],
    })  # fmt: skip


def _may_decide(request: HttpRequest, proposal: Reopening) -> bool:
    """Who may agree or refuse; and whoever proposed it, to take it back."""
    return may(request, Act.AGREE) or proposal.proposed_by_id == request.user.pk


def _decide(request: HttpRequest, proposal: Reopening) -> str:
    """Does what was pressed. The sentence that says why not; "" when it is done."""
    pressed, staff = request.POST.get("do"), staff_of(request)
    try:
        if pressed == "agree":
            if not may(request, Act.AGREE):
                raise PermissionDenied
            if not reopening.agree(proposal=proposal, staff=staff):
                return reopening.why_void(proposal)
            messages.success(request, "The hold is lifted, by two of you.")
        elif pressed == "refuse":
            reopening.refuse(proposal=proposal, staff=staff)
            messages.success(request, "It stays on hold.")
        else:
            return "Press one of the buttons."
    except reopening.NotReopened as why:
        return str(why)
    return ""

"""The write page: one note, the member's own, starting empty."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from invites import words
from invites.actions import drafting
from invites.actions.drafting import WordsRefused
from invites.actions.progress import progress
from invites.forms import NoteForm
from invites.views.members import MemberRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: MemberRequest) -> HttpResponse:
    """GET shows the note and what to think of. POST saves it and leads to the cards.

    Advice on a saved note is shown once before going on; it keeps nobody from going on.
    """
    if request.method == "POST":
        return _save(request)
    draft = drafting.draft_of(request.user)
    note = draft.note if draft else ""
    return _page(request, NoteForm(initial={"note": note}), advice=words.advice(note))


def _save(request: MemberRequest) -> HttpResponse:
    form = NoteForm(request.POST)
    form.is_valid()
    note = str(form.cleaned_data["note"])
    try:
        again = drafting.write(member=request.user, note=note)
    except WordsRefused as refusal:
        form.add_error("note", str(refusal))
        return _page(request, form, advice=[], status=422)
    if again:
        mails = "1 mail" if again == 1 else f"{again} mails"
        messages.warning(
            request, f"Your note changed {mails}. Look at {mails} again before anything is sent."
        )
    if words.advice(note) and "advised" not in request.POST:
        messages.info(request, "Your note is saved.")
        return redirect("invites:write")
    return redirect("invites:review")


def _page(
    request: MemberRequest, form: NoteForm, *, advice: list[str], status: int = 200
) -> HttpResponse:
    context = {
        "step": 3,
        "form": form,
        "advice": advice,
        "progress": progress(member=request.user),
    }
    return render(request, "invites/write.html", context, status=status)

"""What is typed about complaints."""

from __future__ import annotations

from typing import Any

from django import forms

from invites.actions import case_work
from invites.desk.forms import DeskForm
from invites.recipients.models import Outcome


class AboutReports(DeskForm):
    """What is done to several reports at once: those that stood on the page, and no others."""

    cases = forms.CharField(widget=forms.HiddenInput)

    def clean_cases(self) -> list[int]:
        """Their numbers."""
        numbers = str(self.cleaned_data["cases"]).split(",")
        if not all(one.isascii() and one.isdigit() and len(one) < 19 for one in numbers):
            raise forms.ValidationError("The list of reports is damaged. Open the page once more.")
        return [int(one) for one in numbers]


class HandOverForm(AboutReports):
    """To which of the colleagues."""

    owner = forms.TypedChoiceField(
        label="Hand over to",
        coerce=int,
        error_messages={
            "required": "Choose who takes it.",
            "invalid_choice": "They may not decide on complaints any more. Choose somebody else.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(one.pk, one.get_full_name() or one.email) for one in case_work.colleagues()]
        owner: Any = self.fields["owner"]
        owner.choices = [("", "Choose"), *people]


class NoteForm(DeskForm):
    """For the other staff."""

    words = forms.CharField(
        label="A note",
        max_length=1000,
        help_text="For the staff alone. It can’t be changed, and is erased with the complaint.",
        error_messages={"required": "Write the note first."},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AnswerForm(AboutReports):
    """What the reporters will read, and how it ended. `reopened`: two of the staff have said how."""

    decision = forms.CharField(
        max_length=500,
        help_text="The reporters read this. Name nobody whom they don’t know.",
        error_messages={"required": "Say what was decided: the reporters read it."},
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    what_changed = forms.CharField(
        max_length=500,
        required=False,
        help_text="The reporters read this, too. Empty: nothing changed.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    outcome = forms.ChoiceField(
        label="How it ends",
        help_text="For the staff. To let the sender go on, propose to lift the hold instead.",
        choices=[
            ("", "Choose"),
            *(one for one in Outcome.choices if one[0] != Outcome.REOPENED),
        ],
        error_messages={"required": "Say how it ends.", "invalid_choice": "Say how it ends."},
    )

    def __init__(self, *args: Any, reopened: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if reopened:
            del self.fields["outcome"]

    @property
    def outcome_said(self) -> Outcome | None:
        """None where nothing was asked."""
        said = self.cleaned_data.get("outcome")
        return Outcome(said) if said else None

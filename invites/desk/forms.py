"""What is typed at the desk."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from importer.addresses import NotAnAddress
from invites.addresses import hashes_of
from invites.consent import State
from invites.desk import figures, first_times, listing, waiting
from invites.desk.export_lines import FORMS
from invites.desk.listing import Asked
from invites.figure_models import RANGES, STEPS


class DeskForm(forms.Form):
    """Refuses everything, and keeps it, when `stale` says that the login is too old."""

    def __init__(self, *args: Any, stale: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stale = stale

    def clean(self) -> dict[str, Any]:
        """Says what to do."""
        if self._stale:
            raise forms.ValidationError(self._stale)
        return self.cleaned_data


class ReasonForm(DeskForm):
    """Why something is put on hold, or let go."""

    reason = forms.CharField(
        max_length=200,
        help_text="In a sentence. It goes on the ledger for good, so it names nobody.",
        error_messages={"required": "Say why: whoever comes next reads it."},
    )

    def clean_reason(self) -> str:
        """No address in it: the ledger is never erased."""
        reason = str(self.cleaned_data["reason"])
        if "@" in reason:
            raise forms.ValidationError("Leave the address out: the ledger is never erased.")
        return reason


class StoryForm(ReasonForm):
    """Why entries of the ledger are carried away, and in which form."""

    form = forms.ChoiceField(
        label="As", choices=list(FORMS.items()), widget=forms.Select(), required=True
    )


class ExportForm(StoryForm):
    """The same for a list of people."""

    with_names = forms.BooleanField(
        label="With names and whole e-mail addresses",
        required=False,
        help_text="Without it there are numbers, and addresses like b•••@n•••.example. Whoever holds the "
        "file then answers for other people’s data.",
    )


class AddressForm(DeskForm):
    """An address that nobody may invite any more."""

    address = forms.CharField(
        label="E-mail address",
        max_length=254,
        help_text="It is kept as a keyed hash, which nobody can read back.",
        error_messages={"required": "Type the whole address."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_address(self) -> str:
        """One that can be read."""
        address = str(self.cleaned_data["address"])
        try:
            hashes_of(address)
        except NotAnAddress as error:
            raise forms.ValidationError(f"This is not an e-mail address: {error}") from None
        return address


def _day(label: str) -> forms.DateField:
    sentence = "Write the day like 2026-11-03."
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        # At both ends of time there is no day before or after.
        validators=[
            MinValueValidator(date(1970, 1, 1), sentence),
            MaxValueValidator(date(9000, 1, 1), sentence),
        ],
        error_messages={"invalid": sentence},
    )


def _in_order(form: forms.Form) -> None:
    since, until = form.cleaned_data.get("since"), form.cleaned_data.get("until")
    if since and until and until < since:
        form.add_error("until", "This day is before the first one.")


def _member(**more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        error_messages={"invalid": "A sender is named by the number of their account."},
        **more,
    )


class ListForm(forms.Form):
    """What invites/desk/listing.py is asked for; it stands in the page's address, to be linked."""

    event = forms.ChoiceField(
        label="What happened",
        required=False,
        choices=lambda: [("", "Anything"), *((k, one.label) for k, one in listing.EVENTS.items())],
    )
    reason = forms.ChoiceField(
        label="Why",
        required=False,
        choices=lambda: [("", "Any reason"), *listing.known_reasons()],
    )
    waited = forms.ChoiceField(
        label="How soon it was taken back",
        required=False,
        choices=[("", "However soon"), *listing.WAITED.items()],
    )
    since = _day("From this day")
    until = _day("To this day")
    state = forms.ChoiceField(
        label="Stands now at",
        required=False,
        choices=[("", "Any state"), *((state.value, state.value) for state in State)],
    )
    # An export writes these on the ledger, which is never erased: no address fits in.
    source = forms.SlugField(
        label="Address book",
        required=False,
        max_length=40,
        widget=forms.Select(),
    )
    sender = _member(widget=forms.HiddenInput)
    wording = forms.SlugField(required=False, max_length=12, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        books = waiting.sources()
        asked = str(data.get("source", ""))
        gone = [(asked, asked)] if asked and asked not in dict(books) else []
        self.fields["source"].widget.choices = [("", "Any"), *books, *gone]

    def clean(self) -> dict[str, Any]:
        """A reason belongs to its event, and days to each other."""
        cleaned = self.cleaned_data
        kind, _ = listing.REASONS.get(cleaned.get("reason", ""), ("", None))
        if kind and cleaned.get("event") not in ("", kind):
            self.add_error("reason", f"This is a reason for “{listing.EVENTS[kind].label}” alone.")
        event = kind or cleaned.get("event", "")
        by_others = cleaned.get("reason") == "undone.erased"
        if cleaned.get("waited") and (by_others or event not in ("", "undone")):
            self.add_error("waited", "This is said of what a sender took back alone.")
        _in_order(self)
        return cleaned

    @property
    def asked(self) -> Asked:
        """What was asked for. Of a valid form alone."""
        return Asked(**self.cleaned_data)


class MembersForm(forms.Form):
    """What invites/desk/first_times.py is asked for; it stands in the page's address, to be linked."""

    step = forms.ChoiceField(
        choices=list(first_times.WORDS.items()),
        error_messages={
            "required": "Say which step: the numbers on the page of figures lead here.",
            "invalid_choice": "Members take no step of that name.",
        },
    )
    since = _day("From this day")
    until = _day("To this day")
    went_on = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """Days belong to each other, and after the last step nobody goes on."""
        cleaned = self.cleaned_data
        if cleaned.get("went_on") and cleaned.get("step") == STEPS[-1]:
            self.add_error("went_on", "This is the last step: there is none to go on to.")
        _in_order(self)
        return cleaned

    @property
    def asked(self) -> first_times.Asked:
        """What was asked for. Of a valid form alone."""
        return first_times.Asked(**self.cleaned_data)


class FiguresForm(forms.Form):
    """What invites/desk/figures.py is asked for; it stands in the page's address, to be linked."""

    days = forms.TypedChoiceField(
        required=False,
        choices=[(days, str(days)) for days in RANGES],
        coerce=int,
        error_messages={"invalid_choice": "Figures are kept of 30, 90 and 364 days."},
    )
    by = forms.ChoiceField(
        required=False,
        choices=list(figures.LABELS.items()),
        error_messages={"invalid_choice": "Nothing of that name is counted."},
    )
    source = forms.CharField(required=False, max_length=40)
    sender = _member()
    wording = forms.RegexField(
        r"\A[0-9a-f]{12}\Z",
        required=False,
        error_messages={"invalid": "A wording is named by twelve characters, 0–9 and a–f."},
    )

    def clean(self) -> dict[str, Any]:
        """Figures are added up of one thing at a time."""
        cleaned = self.cleaned_data
        if sum(bool(cleaned.get(name)) for name in ("source", "sender", "wording")) > 1:
            raise forms.ValidationError(
                "Ask for an address book, for a sender or for a wording: one at a time."
            )
        return cleaned

    @property
    def asked(self) -> figures.Asked:
        """What was asked for. Of a valid form alone."""
        known = {name: value for name, value in self.cleaned_data.items() if value}
        return figures.Asked(**known)

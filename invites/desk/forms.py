"""What is typed at the desk."""

from __future__ import annotations

from typing import Any

from django import forms

from importer.addresses import NotAnAddress
from invites.addresses import hashes_of


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


class AnswerForm(DeskForm):
    """What the reporters will read."""

    cases = forms.CharField(widget=forms.HiddenInput)
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

    def clean_cases(self) -> list[int]:
        """The reports that stood on the page, and no others."""
        numbers = str(self.cleaned_data["cases"]).split(",")
        if not all(one.isascii() and one.isdigit() and len(one) < 19 for one in numbers):
            raise forms.ValidationError("The list of reports is damaged. Open the page once more.")
        return [int(one) for one in numbers]

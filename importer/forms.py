"""The one form: a person, typed by hand."""

from __future__ import annotations

from django import forms

from importer.cleaning import LONGEST_TEXT


class TypedPerson(forms.Form):
    """A name and an address. What is an address is decided by the action, with a sentence."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_TEXT,
        required=False,
        help_text="As you would call them.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    # Not an EmailField: importer.addresses decides, for typed and for imported ones alike.
    address = forms.CharField(
        label="E-mail address",
        max_length=320,
        widget=forms.TextInput(
            attrs={"inputmode": "email", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"required": "Type an e-mail address."},
    )

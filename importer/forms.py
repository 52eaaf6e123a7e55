"""A person typed by hand, a file, what its columns are, a server, and an address set right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join

from importer.cleaning import LONGEST_TEXT
from importer.sources import files
from importer.sources.columns import Columns
from importer.sources.contract import OwnServer

LARGEST_MB = files.LARGEST // 1024 // 1024
TOO_LARGE = (
    f"This file has more than {LARGEST_MB} MB, so we did not read it. Export the address book "
    "without pictures, or in parts."
)


def _address() -> forms.CharField:
    """Not an EmailField: importer.addresses decides, for typed and for imported ones alike."""
    return forms.CharField(
        label="E-mail address",
        max_length=320,
        widget=forms.TextInput(
            attrs={"inputmode": "email", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"required": "Type an e-mail address."},
    )


class TypedPerson(forms.Form):
    """A name and an address. What is an address is decided by the action, with a sentence."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_TEXT,
        required=False,
        help_text="As you would call them.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    address = _address()


class AddressFile(forms.Form):
    """A file. What is in it decides the action, with a sentence."""

    file = forms.FileField(
        label="Your file",
        help_text=f"CSV, vCard (.vcf), or LinkedIn’s ZIP. At most {LARGEST_MB} MB.",
        allow_empty_file=True,
        max_length=None,
        error_messages={"required": "Choose a file.", "missing": "Choose a file."},
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.vcf,.vcard,.zip"}),
    )


class ColumnsForm(forms.Form):
    """Which column of a table is what. Each choice is a column's number, or "" for none."""

    first_person = forms.TypedChoiceField(label="The first person stands in", coerce=int)
    name = forms.ChoiceField(label="Full name", required=False)
    first = forms.ChoiceField(label="First name", required=False)
    last = forms.ChoiceField(label="Last name", required=False)
    email = forms.ChoiceField(label="E-mail address", required=False)
    second_email = forms.ChoiceField(label="Second e-mail address", required=False)
    company = forms.ChoiceField(label="Company", required=False)
    title = forms.ChoiceField(label="Job title", required=False)
    nameless = forms.BooleanField(label="Read it without anybody’s name", required=False)

    def __init__(self, *args: Any, rows: Sequence[Sequence[str]], header: int, **kwargs: Any):
        super().__init__(*args, **kwargs)
        width = max(map(len, rows))
        heading, below = rows[max(header, 0)], rows[header + 1 :] or rows
        choices = [("", "Not in this file")]
        for number in range(width):
            words = heading[number] if header >= 0 and number < len(heading) else ""
            example = next((row[number] for row in below if number < len(row) and row[number]), "")
            shown = " · ".join(part[:40] for part in (words, example) if part)
            choices.append((str(number), f"Column {number + 1}: {shown or 'empty'}"))
        if not self.is_bound:
            del self.fields["nameless"]  # asked for once somebody has chosen no name
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                field.choices = choices
        first_person = self.fields["first_person"]
        assert isinstance(first_person, forms.ChoiceField)
        first_person.choices = [
            (str(number), f"Row {number + 1}: {' · '.join(filter(None, row))[:60]}")
            for number, row in enumerate(rows)
        ]

    def clean(self) -> dict[str, Any]:
        """Refuses a choice by which nobody could be told, and one column as two things."""
        cleaned: dict[str, Any] = super().clean() or {}
        nameless = cleaned.pop("nameless", False)
        taken = [value for name, value in cleaned.items() if name != "first_person" and value]
        if not any(cleaned.get(name) for name in ("name", "first", "last", "email")):
            raise forms.ValidationError("Say which column has the names or the addresses.")
        if len(set(taken)) < len(taken):
            raise forms.ValidationError("One column is chosen twice. Each can be one thing only.")
        named = any(cleaned.get(name) for name in ("name", "first", "last"))
        if not named and not nameless and not self.errors:
            self.add_error(
                "nameless",
                "No column is chosen for the names, so you would see only addresses. Choose one, or tick "
                "“Read it without anybody’s name”.",
            )
        return cleaned

    def columns(self) -> Columns:
        """What was chosen. Only after is_valid()."""

        def number(name: str) -> int:
            return int(self.cleaned_data[name] or -1)

        emails = [number(name) for name in ("email", "second_email")]
        return Columns(
            name=number("name"),
            first=number("first"),
            last=number("last"),
            company=number("company"),
            title=number("title"),
            emails=tuple(one for one in emails if one >= 0),
        )


class MendedAddress(forms.Form):
    """An address in place of one that is none."""

    name = forms.CharField(label="Name", max_length=LONGEST_TEXT, required=False)
    address = _address()


class ServerForm(forms.Form):
    """A server with an address book, and what opens it. What can be called decides the action."""

    known = forms.ChoiceField(label="Where is your address book?", required=False)
    server = forms.CharField(
        label="Server address",
        max_length=500,
        required=False,
        help_text="Only for another server, as in dav.example.org.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    user = forms.CharField(
        label="User name",
        max_length=320,
        required=False,
        help_text="Often your e-mail address.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    # Never put back into the page, and no browser is asked to remember it.
    secret = forms.CharField(
        label="App password",
        max_length=1000,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Type the app password."},
    )

    def __init__(self, *args: Any, own_server: OwnServer, **kwargs: Any):
        super().__init__(*args, **kwargs)
        known = self.fields["known"]
        assert isinstance(known, forms.ChoiceField)
        names = [(key, one.name) for key, one in own_server.known.items()]
        known.choices = [("", "Another server"), *names]
        made_at = format_html_join(
            ", at ",
            '<a href="{}" rel="noreferrer">{}</a>',
            ((one.password_url, one.name) for one in own_server.known.values()),
        )
        secret = self.fields["secret"]
        what = "one password"
        if own_server.takes_token:
            secret.label, what = "API token or app password", "one"
            self.fields["user"].help_text = "Leave it empty with an API token."
        secret.help_text = format_html(
            "Not the password that you sign in with: make {} for this alone, in your provider’s "
            "settings, and remove it there afterwards. Here at {}.",
            what,
            made_at,
        )

"""Members as the staff's pages change them: a name is held to the rules of sign-up there, too."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User

from config.person_names import clean_person_name, refuse_the_sites_name


class MemberForm(UserChangeForm):  # type: ignore[type-arg]
    """Django's, with config.person_names."""

    def clean_first_name(self) -> str:
        """May be empty: not everybody on the staff invites."""
        return clean_person_name(self.cleaned_data["first_name"])

    def clean_last_name(self) -> str:
        """May be empty, too."""
        return clean_person_name(self.cleaned_data["last_name"])

    def clean(self) -> dict[str, Any]:
        """The full name."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        refuse_the_sites_name(cleaned.get("first_name", ""), cleaned.get("last_name", ""))
        return cleaned


class MemberAdmin(UserAdmin):  # type: ignore[type-arg]
    """Django's, with that form."""

    form = MemberForm


def register() -> None:
    """In place of Django's own. Called when the addresses are read: then all of admin is there."""
    admin.site.unregister(User)
    admin.site.register(User, MemberAdmin)

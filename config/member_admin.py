"""Members as the staff's pages change them: a name is held to the rules of sign-up there, too."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User
from django.http import HttpRequest

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


class ChangedBySuperusers:
    """Goes in front of an admin of accounts: whoever else may see it looks, and changes nothing.

    Who could change a member or a group could give themselves any permission.
    """

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Superusers alone."""
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers alone."""
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers alone."""
        return self.has_add_permission(request)


def register() -> None:
    """In place of Django's and allauth's own. Called when the addresses are read: then all are there."""
    for model, found in list(admin.site._registry.items()):
        if model._meta.app_label in ("auth", "account", "socialaccount"):
            kind = MemberAdmin if model is User else type(found)
            admin.site.unregister(model)
            admin.site.register(model, type(kind.__name__, (ChangedBySuperusers, kind), {}))

"""Members and their accounts in the admin: superusers change them, a name by the rules of sign-up.

Nobody deletes a member here: who leaves closes the account, or is erased by `manage.py personal_data`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User
from django.http import HttpRequest

from config.person_names import clean_person_name, refuse_the_sites_name
from invites import rights
from invites.rights import FreshAdmin
from ledger.change_list import BoundedAdmin


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


class ChangedBySuperusers(FreshAdmin, BoundedAdmin):
    """Goes in front of an admin of accounts: whoever else may see it looks, and changes nothing.

    Who could change a member or a group could give themselves any permission. So a browser that a
    superuser left open must not be enough either.
    """

    list_filter: ClassVar[Any] = ()

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Superusers alone."""
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers alone."""
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers alone."""
        return self.has_add_permission(request)

    def get_actions(self, request: HttpRequest) -> Any:
        """Django offers an action that names no permission to whoever may look."""
        return super().get_actions(request) if self.has_change_permission(request) else {}

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Django's, for who has just signed in."""
        return rights.sent_back(request) or super().delete_view(request, *args, **kwargs)

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The same."""
        return rights.sent_back(request) or super().response_action(request, *args, **kwargs)


class MemberAdmin(ChangedBySuperusers, UserAdmin):  # type: ignore[type-arg]
    """Django's, with that form."""

    form = MemberForm
    list_filter = ("is_staff", "is_superuser", "is_active")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a member sent stays on record."""
        return False

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Django's, which asks for no old password, for who has just signed in."""
        return rights.sent_back(request) or super().user_change_password(request, *args, **kwargs)


def register() -> None:
    """In place of Django's and allauth's own. Called when the addresses are read: then all are there."""
    for model, found in list(admin.site._registry.items()):
        if model._meta.app_label in ("auth", "account", "socialaccount"):
            kind = type(found)
            rows = {"list_select_related": _SHOWN_WITH.get(model._meta.label_lower, False)}
            ours = type(kind.__name__, (ChangedBySuperusers, kind), rows)
            admin.site.unregister(model)
            admin.site.register(model, MemberAdmin if model is User else ours)


# What each row of a list names beside itself.
_SHOWN_WITH = {
    "account.emailaddress": ("user",),
    "socialaccount.socialaccount": ("user",),
    "socialaccount.socialtoken": ("app", "account__user"),
}

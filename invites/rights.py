"""Who of the staff may do what at the desk, and how lately somebody must have shown who they are.

The one place for both. Three groups are made after every migration; a site may make others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate
from urllib.parse import urlencode

from allauth.account import app_settings as allauth_settings
from allauth.account.authentication import get_authentication_records
from django.contrib import admin, messages
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.db.models.signals import post_migrate
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


class Act(StrEnum):
    """What can be done, as the permission that it needs."""

    LOOK = "invites.view_invitation"
    TAKE_EVIDENCE = "invites.take_evidence"
    DECIDE = "invites.change_case"
    HOLD = "invites.add_hold"  # a sender, a batch
    HOLD_WIDELY = "invites.hold_widely"  # a source, the whole site
    LIFT = "invites.change_hold"  # where nobody complained about the sender; else …
    REOPEN = "invites.add_reopening"  # … one proposes it …
    AGREE = "invites.change_reopening"  # … and another agrees
    SUPPRESS = "invites.add_suppression"
    LIFT_SUPPRESSION = "invites.change_suppression"
    EXPORT = "invites.export_lists"
    TELL_EVERYBODY = "invites.add_incident"
    CORRECT_WHAT_WAS_TOLD = "invites.change_incident"


_AGENT = (Act.TAKE_EVIDENCE, Act.DECIDE, Act.HOLD, Act.REOPEN, Act.SUPPRESS)
# Beside looking, which everybody in a group may do.
GROUPS = {
    "viewer": (),
    "agent": _AGENT,
    "lead": (*_AGENT, Act.HOLD_WIDELY, Act.LIFT, Act.AGREE, Act.LIFT_SUPPRESSION, Act.EXPORT,
             Act.TELL_EVERYBODY, Act.CORRECT_WHAT_WAS_TOLD),
}  # fmt: skip

type_of_view = Callable[Concatenate[HttpRequest, ...], HttpResponseBase]


def may(request: HttpRequest, act: Act) -> bool:
    """Whether whoever asks is of the staff and has the permission."""
    user = request.user
    return isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(act)


def who_may(act: Act) -> QuerySet[User]:
    """The staff who have this permission, by their groups or by themselves; not every superuser.

    Asked of the few rows that give permissions, since there are as many accounts as members.
    """
    app, _, name = act.partition(".")
    given = Permission.objects.filter(content_type__app_label=app, codename=name)
    in_groups = User.groups.through.objects.filter(group__permissions__in=given)
    alone = User.user_permissions.through.objects.filter(permission__in=given)
    ids = {*in_groups.values_list("user_id", flat=True), *alone.values_list("user_id", flat=True)}
    return User.objects.filter(pk__in=ids, is_active=True, is_staff=True)


def staff_of(request: HttpRequest) -> User:
    """Who asks. Behind `needs` alone."""
    assert isinstance(request.user, User), "only members of the staff get here"
    return request.user


def needs(act: Act, *, fresh: bool = False) -> Callable[[type_of_view], type_of_view]:
    """A page of the desk. With `fresh`, opening it asks for the password unless that was just typed."""

    def decorate(view: type_of_view) -> type_of_view:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request, act):
                raise PermissionDenied
            if fresh and request.method in ("GET", "HEAD") and not is_fresh(request):
                return redirect(way_to_prove_it(request, request.get_full_path()))
            return view(request, *args, **kwargs)

        return admin.site.admin_view(checked)

    return decorate


def is_fresh(request: HttpRequest) -> bool:
    """Whether this person showed who they are within the last minutes, at signing in or since.

    Or signed up, which allauth does not record: no session is older than its account.
    """
    if not isinstance(request.user, User):
        return False
    shown = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        # A provider may say who somebody is without asking them anything.
        if record["method"] == "password" or not request.user.has_usable_password()
    ]
    last = max(shown, default=request.user.date_joined.timestamp())
    return bool(0 <= time.time() - last < allauth_settings.REAUTHENTICATION_TIMEOUT)


def way_to_prove_it(request: HttpRequest, afterwards: str) -> str:
    """The page that asks for the password; who has none signs in anew."""
    assert isinstance(request.user, User), "who is not signed in does not get here"
    by_password = request.user.has_usable_password()
    page = reverse("account_reauthenticate" if by_password else "account_logout")
    return f"{page}?{urlencode({'next': afterwards})}"


def stale(request: HttpRequest, afterwards: str = "") -> SafeString:
    """What stands above a form that came too late; "" when it did not. What was typed stays in it.

    `afterwards` opens in the new tab when the password was typed: the desk, if nothing else is named.
    """
    if is_fresh(request):
        return SafeString()
    assert isinstance(request.user, User), "who is not signed in does not get here"
    if not request.user.has_usable_password():
        return format_html(
            "Nothing was done yet: it is more than {} minutes since you signed in, and you have no "
            'password to type. Copy what you wrote. Then <a href="{}">sign out and in again</a>, and '
            'this page opens anew; or <a href="{}">have a link mailed that sets a password</a>.',
            allauth_settings.REAUTHENTICATION_TIMEOUT // 60,
            way_to_prove_it(request, request.get_full_path()),
            reverse("account_reset_password"),
        )
    return format_html(
        "Nothing was done yet: it is more than {} minutes since you typed your password. "
        '<a href="{}" target="_blank" rel="noopener">Type it once more</a> (in a new tab), '
        "then press the button here again.",
        allauth_settings.REAUTHENTICATION_TIMEOUT // 60,
        way_to_prove_it(request, afterwards or reverse("desk:desk")),
    )


def sent_back(request: HttpRequest) -> HttpResponseBase | None:
    """For what is pressed without a form to keep: the page again with that sentence, if it is too late."""
    if request.method != "POST" or not (why := stale(request)):
        return None
    messages.error(request, why)
    return redirect(request.get_full_path())


class _TooLate:
    """Goes in front of a form's class: nothing is valid."""

    why = SafeString()

    def clean(self) -> None:
        """Says what to do."""
        super().clean()  # type: ignore[misc]
        raise ValidationError(self.why)


class FreshAdmin:
    """Goes in front of an admin of a table that staff write: saving needs a fresh login, too."""

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The admin's form, which refuses what comes too late and keeps it."""
        form = super().get_form(request, *args, **kwargs)  # type: ignore[misc]
        why = stale(request) if request.method == "POST" else ""
        return type(form.__name__, (_TooLate, form), {"why": why}) if why else form


def make_groups(**_: Any) -> None:
    """Gives each group just the permissions that stand above."""
    ours = Permission.objects.filter(content_type__app_label__in=["invites", "importer", "ledger"])
    known = {f"{one.content_type.app_label}.{one.codename}": one.pk
             for one in ours.select_related("content_type")}  # fmt: skip
    look = {pk for name, pk in known.items() if ".view_" in name}
    for name, acts in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(look | {known[act] for act in acts if act in known})


def connect(sender: Any) -> None:
    """After the migrations of `sender`, the last of our apps: then all permissions are there."""
    post_migrate.connect(make_groups, sender=sender, dispatch_uid="groups of the staff")

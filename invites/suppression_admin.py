"""Who gets no invitation: staff read why an address is on the list, and lift it with a reason.

There is no list to leaf through, and no address in it: the desk enters an address, and looks it up.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from invites.actions import suppressing
from invites.actions.suppressing import WHY, WHY_LIFTED, LiftReason, Reason
from invites.models import SetAside, Suppression
from invites.rights import FreshAdmin
from ledger.admin import ReadOnlyAdmin
from ledger.models import Entry, Subject
from ledger.subjects import of_member


class LiftForm(forms.ModelForm):  # type: ignore[type-arg]
    """The reason, and a second look."""

    why_lift = forms.ChoiceField(
        label="Why lift it",
        choices=[("", "Choose a reason"), *((code.value, why) for code, why in WHY_LIFTED.items())],
    )
    sure = forms.BooleanField(
        label="I have looked twice",
        help_text="From then on every member can invite this address. It goes on the ledger with "
        "your name’s id and the reason.",
    )

    class Meta:
        model = Suppression
        fields: tuple[str, ...] = ()


@admin.register(Suppression)
class SuppressionAdmin(FreshAdmin, ReadOnlyAdmin):
    """One at a time: the desk's search leads here. Saving lifts it."""

    form = LiftForm

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """None: the desk's search is posted, so that no address stands in the page's own."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("desk:search")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may, as long as there is something to lift; a sender's own "never" is theirs."""
        liftable = obj is None or (obj.lifted_at is None and obj.reason != SetAside.NEVER)
        return liftable and request.user.has_perm("invites.change_suppression")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is known, and the form's own for whoever may use it."""
        known = ("why", "for_whom", "created_at", "key_id", "normaliser", "steps")
        return (*known, "why_lift", "sure") if self.has_change_permission(request, obj) else known

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is known."""
        return [name for name in self.get_fields(request, obj) if name not in _FORM_FIELDS]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Lifts what is shown."""
        assert isinstance(request.user, User), "only members of the staff get here"
        reason = LiftReason(form.cleaned_data["why_lift"])
        suppressing.lift(obj, reason=reason, actor=of_member(request.user.pk))

    @admin.display(description="why")
    def why(self, row: Suppression) -> str:
        """In words."""
        return WHY[Reason(row.reason)] if row.reason in list(Reason) else row.reason

    @admin.display(description="invitations from")
    def for_whom(self, row: Suppression) -> str:
        """Everybody, or one member."""
        return row.sender.get_full_name() if row.sender else "everybody"

    @admin.display(description="what happened")
    def steps(self, row: Suppression) -> SafeString:
        """From the ledger: who (by id) put it on the list or lifted it, when and why."""
        subjects = Subject.objects.filter(keyed_hash=row.address_hash).values("uid")
        entries = Entry.objects.filter(subject__in=subjects, action__startswith="address.")
        told = [
            (
                date_format(timezone.localtime(entry.at), "j M Y, H:i:s"),
                "on the list" if entry.action == "address.suppressed" else "lifted",
                entry.facts.get("reason", ""),
                entry.actor or "the recipient or the site",
            )
            for entry in entries.order_by("id")
        ]
        return format_html_join("", "<div>{}: {} ({}) by {}</div>", told)


_FORM_FIELDS = ("why_lift", "sure")

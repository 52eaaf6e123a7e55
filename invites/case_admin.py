"""What staff do about reports, and what they tell everybody: the pages of the admin that may write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from invites.actions import cases, publishing
from invites.recipients.models import Case, Incident, MonthlyFigures
from invites.rights import FreshAdmin, stale
from ledger.admin import ReadOnlyAdmin


class DecisionForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the reporter will read. `clean_decision` keeps a decision from having no words."""

    class Meta:
        model = Case
        fields = ("decision", "what_changed")
        widgets = {
            "decision": forms.Textarea(attrs={"rows": 3}),
            "what_changed": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "decision": "The reporter reads this. Name nobody whom they don’t know.",
            "what_changed": "The reporter reads this, too. Empty: nothing changed.",
        }

    def clean_decision(self) -> str:
        """Not empty."""
        decision = str(self.cleaned_data["decision"]).strip()
        if not decision:
            raise forms.ValidationError("Say what was decided: the reporter reads it.")
        return decision


@admin.register(Case)
class CaseAdmin(FreshAdmin, ReadOnlyAdmin):
    """Reports, newest first. Saving decides; looking does not count as reading, the action does."""

    form = DecisionForm
    actions: Any = ("mark_read",)
    list_display = ("id", "opened_at", "sent_by", "told_at", "read_at", "decided_at")
    list_select_related = ("invitation__sender",)
    list_filter = (
        ("read_at", admin.EmptyFieldListFilter),
        ("decided_at", admin.EmptyFieldListFilter),
    )
    fields = (
        "about", "sent_by", "words", "opened_at", "told_at", "read_at", "decided_at", "decision",
        "what_changed",
    )  # fmt: skip
    readonly_fields = ("about", "sent_by", "words", "opened_at", "told_at", "read_at", "decided_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may."""
        return request.user.has_perm("invites.change_case")

    @admin.display(description="invitation")
    def about(self, case: Case) -> SafeString:
        """Its page has the mail, the consent and every step."""
        link = reverse("admin:invites_invitation_change", args=[case.invitation_id])
        return format_html('<a href="{}">{}</a>', link, case.invitation.uid)

    @admin.display(description="sender")
    def sent_by(self, case: Case) -> str:
        """Who is on hold until the case is decided and the hold lifted."""
        return case.invitation.sender.get_full_name()

    @admin.action(description="I have read these reports", permissions=["change"])
    def mark_read(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Each reporter sees it."""
        if why := stale(request):
            self.message_user(request, why, messages.ERROR)
            return
        assert isinstance(request.user, User), "only members of the staff get here"
        for case in queryset.select_related("invitation"):
            cases.mark_read(case=case, staff=request.user)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Decides."""
        assert isinstance(request.user, User), "only members of the staff get here"
        cases.decide(
            case=obj,
            decision=form.cleaned_data["decision"],
            what_changed=form.cleaned_data["what_changed"].strip(),
            staff=request.user,
        )


@admin.register(Incident)
class IncidentAdmin(FreshAdmin, ReadOnlyAdmin):
    """The log that stands on the page about invitations. Entries are added and corrected, not removed."""

    list_display = ("day", "title")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may."""
        return request.user.has_perm("invites.add_incident")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may."""
        return request.user.has_perm("invites.change_incident")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """On the ledger, too."""
        assert isinstance(request.user, User), "only members of the staff get here"
        publishing.tell_everybody(incident=obj, staff=request.user)


@admin.register(MonthlyFigures)
class MonthlyFiguresAdmin(ReadOnlyAdmin):
    """What the page about invitations shows, in exact numbers."""

    list_display = ("month", "sent", "accepted", "stopped", "complained", "held")

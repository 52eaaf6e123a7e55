"""Reports, to look at, and what staff tell everybody: the log of incidents and the months' figures."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from invites.actions import about_page
from invites.recipients.models import Case, Incident, MonthlyFigures
from invites.rights import FreshAdmin
from ledger.admin import ReadOnlyAdmin


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """Reports, newest first. They are worked on at the desk."""

    list_display = ("id", "opened_at", "sent_by", "told_at", "read_at", "decided_at", "outcome")
    list_select_related = ("invitation__sender",)
    list_filter = (
        ("read_at", admin.EmptyFieldListFilter),
        ("decided_at", admin.EmptyFieldListFilter),
        "outcome",
    )
    fields = (
        "about", "sent_by", "words", "opened_at", "told_at", "read_at", "decided_at", "outcome",
        "decision", "what_changed",
    )  # fmt: skip

    @admin.display(description="at the desk")
    def about(self, case: Case) -> SafeString:
        """Its page there has the mail, the notes, and what can be done."""
        return format_html(
            '<a href="{}">Complaint {}</a>', reverse("desk:case", args=[case.pk]), case.pk
        )

    @admin.display(description="sender")
    def sent_by(self, case: Case) -> str:
        """Who is on hold until the case is decided and the hold lifted."""
        return case.invitation.sender.get_full_name()


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
        about_page.tell_everybody(incident=obj, staff=request.user)


@admin.register(MonthlyFigures)
class MonthlyFiguresAdmin(ReadOnlyAdmin):
    """What the page about invitations shows, in exact numbers."""

    list_display = ("month", "sent", "accepted", "stopped", "complained", "held")

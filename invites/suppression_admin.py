"""Who gets no invitation: staff enter an address, read why it is on the list, and lift it with a reason.

There is no list to leaf through, and no address in it: an address is looked up by the desk's search.
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

from importer.addresses import NotAnAddress
from invites.actions import suppressing
from invites.actions.suppressing import WHY, WHY_LIFTED, LiftReason, Reason
from invites.addresses import hashes_of
from invites.models import SetAside, Suppression
from invites.rights import FreshAdmin
from ledger.admin import ReadOnlyAdmin
from ledger.models import Entry, Subject
from ledger.subjects import of_member


class AddForm(forms.ModelForm):  # type: ignore[type-arg]
    """An address that nobody may invite any more."""

    address = forms.CharField(
        max_length=254, help_text="It is kept as a keyed hash, which nobody can read back."
    )

    class Meta:
        model = Suppression
        fields: tuple[str, ...] = ()

    def clean_address(self) -> str:
        """One that can be read."""
        address = str(self.cleaned_data["address"]).strip()
        try:
            hashes_of(address)
        except NotAnAddress as error:
            raise forms.ValidationError(f"This is not an e-mail address: {error}") from None
        return address


class LiftForm(forms.ModelForm):  # type: ignore[type-arg]
    """The reason, and a second look."""

    why_lift = forms.ChoiceField(
        label="Why lift it",
        choices=[("", "Choose a reason"), *((code.value, WHY_LIFTED[code]) for code in LiftReason)],
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
    """One at a time: the desk's search leads here. Adding suppresses, saving lifts."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """None: the desk's search is posted, so that no address stands in the page's own."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("desk:search")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may."""
        return request.user.has_perm("invites.add_suppression")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may, as long as there is something to lift; a sender's own "never" is theirs."""
        liftable = obj is None or (obj.lifted_at is None and obj.reason != SetAside.NEVER)
        return liftable and request.user.has_perm("invites.change_suppression")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Another one for each of the two things that can be done."""
        return super().get_form(request, obj, change, form=LiftForm if obj else AddForm, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is known, and the form's own for whoever may use it."""
        if obj is None:
            return ("address",)
        known = ("why", "for_whom", "created_at", "key_id", "normaliser", "steps")
        return (*known, "why_lift", "sure") if self.has_change_permission(request, obj) else known

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is known."""
        return [name for name in self.get_fields(request, obj) if name not in _FORM_FIELDS]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Suppresses what was entered, or lifts what is shown."""
        assert isinstance(request.user, User), "only members of the staff get here"
        actor = of_member(request.user.pk)
        if change:
            reason = LiftReason(form.cleaned_data["why_lift"])
            suppressing.lift(obj, reason=reason, actor=actor)
            return
        address = form.cleaned_data["address"]
        suppressing.suppress(address, reason=Reason.STAFF, actor=actor)
        # The admin goes on with the row that was made, or had been there.
        row = Suppression.objects.get(
            address_hash=hashes_of(address)[0].value, sender=None, lifted_at=None
        )
        obj.pk, obj.reason, obj.created_at = row.pk, row.reason, row.created_at

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


_FORM_FIELDS = ("address", "why_lift", "sure")

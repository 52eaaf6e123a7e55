"""The ledger in the admin, and the rule for all of ours there: staff look, and change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from ledger.models import Entry

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[models.Model]
else:
    _ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(_ModelAdmin):
    """Pages to look at. Nobody adds, changes or deletes here, whatever permission they have."""

    actions: Any = None
    list_per_page = list_max_show_all = 50
    # Counting or sorting a table of millions takes longer than any page may.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come from what people do on the site."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody rewrites what happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody makes it disappear either."""
        return False


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """Every step of everything. Ids mean nothing by themselves: no personal data is in here."""

    list_display = ("id", "at", "action", "subject", "actor", "facts")
    ordering = ("-id",)
    search_fields = ("subject__exact",)
    search_help_text = "The whole id of an invitation, a batch or an import."

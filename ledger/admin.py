"""The ledger in the admin, and the rule for all of ours there: staff look, and change nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from ledger.change_list import BoundedAdmin
from ledger.models import Entry


class ReadOnlyAdmin(BoundedAdmin):
    """Pages to look at. Nobody adds, changes or deletes here, whatever permission they have.

    `search_fields` hold ids here, and are found by nothing but a whole one.
    """

    actions: Any = None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By index. Anything but a whole id finds nothing."""
        term = search_term.strip()
        return (queryset.filter(self.named(term)) if term else queryset), False

    def named(self, term: str) -> Q:
        """The condition for what a term names in full; an impossible one for anything else."""
        try:
            uid = UUID(term)
        except ValueError:
            return Q(pk__in=[])
        return Q(*((name, uid) for name in self.search_fields), _connector=Q.OR)

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
    search_fields = ("subject",)
    search_help_text = "The whole id of an invitation, a batch or an import."
    linked = ("action",)
    days = ("at", "at", timedelta())

"""Staff see how imports went. Whom they brought is the member's own business and not shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from importer.models import Import
from importer.sources import typed
from ledger.admin import ReadOnlyAdmin

_LONGEST = timedelta(days=7)  # from an import's beginning to its end


class SourceFilter(admin.SimpleListFilter):
    """By address book, from the settings: asking the table for all its sources reads all of it."""

    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The configured address books, and typed addresses."""
        books = [(name, source.label) for name, source in settings.SOURCES.items()]
        return [*books, (typed.NAME, typed.BOOK)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Only that source's."""
        return queryset.filter(source=self.value()) if self.value() else queryset


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """Counts and states, to look at."""

    list_display = (
        "uid",
        "created_at",
        "finished_at",
        "source",
        "purpose",
        "state",
        "error",
        "read",
        "kept",
        "merged",
        "left_out",
        "revocation",
    )
    list_filter = (SourceFilter, "purpose", "state", "revocation")
    search_fields = ("uid",)
    search_help_text = "An import’s whole id."
    exclude = ("cursor", "seen", "lease")
    linked = ("member",)
    days = ("finished_at", "created_at", _LONGEST)

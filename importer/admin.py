"""Staff see how imports went. Whom they brought is the member's own business and not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from importer.models import Import

if TYPE_CHECKING:
    _ImportAdmin = admin.ModelAdmin[Import]
else:
    _ImportAdmin = admin.ModelAdmin


@admin.register(Import)
class ImportAdmin(_ImportAdmin):
    """Counts and states, to look at."""

    list_display = (
        "uid",
        "source",
        "state",
        "error",
        "read",
        "kept",
        "merged",
        "left_out",
        "revocation",
    )
    list_filter = ("source", "state", "error", "revocation")
    search_fields = ("uid",)
    exclude = ("cursor", "seen", "lease")
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Imports begin with a member's consent."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody rewrites what happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes it here either."""
        return False

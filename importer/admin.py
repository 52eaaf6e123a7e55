"""Staff see how imports went. Whom they brought is the member's own business and not shown."""

from __future__ import annotations

from django.contrib import admin

from importer.models import Import
from ledger.admin import ReadOnlyAdmin


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """Counts and states, to look at."""

    list_display = (
        "uid",
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
    list_filter = ("source", "purpose", "state", "error", "revocation")
    search_fields = ("uid",)
    exclude = ("cursor", "seen", "lease")
    date_hierarchy = "created_at"

"""`manage.py recount_figures`: the figures by day, made anew from the ledger."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from invites.actions import counting


class Command(BaseCommand):
    """See actions/counting.py."""

    help = (
        "Throws the figures by day away and counts the whole sealed ledger again. The same comes out: "
        "this is for a ledger that was brought from elsewhere, and for a doubt. Until it is done, "
        "staff see figures that grow."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how many entries were counted."""
        counting.forget_figures()
        counted = counting.count()
        self.stdout.write(f"{counted:,} entries of the ledger are counted.")

"""`manage.py is_well`: for a monitor, and for whoever wonders."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from invites.actions import health


class Command(BaseCommand):
    """See health.conditions."""

    help = (
        "Says whether beat is alive, and whether anything is kept longer than promised. "
        "Exit code 0 when all is well, else 1."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per condition."""
        found = health.conditions()
        for one in found:
            self.stdout.write(f"{'well ' if one.well else 'WRONG'}  {one.words}")
        if not all(one.well for one in found):
            raise SystemExit(1)

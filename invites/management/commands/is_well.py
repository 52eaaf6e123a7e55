"""`manage.py is_well`: for a monitor, and for whoever wonders."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from invites.actions import health


class Command(BaseCommand):
    """See health.findings."""

    help = (
        "Says whether beat is alive, and whether anything is kept longer than promised. "
        "Exit code 0 when all is well, else 1."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per finding."""
        found = health.findings()
        for finding in found:
            self.stdout.write(f"{'well ' if finding.well else 'WRONG'}  {finding.words}")
        if not all(finding.well for finding in found):
            raise SystemExit(1)

"""`manage.py ledger_head`: the newest signed head, to be kept elsewhere."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import heads
from ledger.models import Seal


class Command(BaseCommand):
    """See ledger.heads for the format."""

    help = (
        "Prints the newest signed head of the ledger. Keep it outside of this site: with it, "
        "`verify_ledger --since FILE` finds whatever is cut off or rewritten later."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument(
            "--key", action="store_true", help="print the public key that heads are checked with"
        )

    def handle(self, *args: Any, key: bool, **options: Any) -> None:
        """Prints the head exactly as it was signed."""
        if key:
            ours = heads.signing_key()
            if ours is None:
                raise CommandError(
                    "LEDGER_KEY is not set, so there is no key. See docs/settings.md."
                )
            self.stdout.write(heads.public(ours).text())
            return
        last = Seal.objects.order_by("-number").first()
        if last is None:
            raise CommandError(
                "Nothing is sealed yet. With LEDGER_KEY set, beat seals new entries every minute."
            )
        self.stdout.write(last.note, ending="")

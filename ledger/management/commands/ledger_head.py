"""`manage.py ledger_head`: the newest signed head, to be kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import heads, proofs
from ledger.models import Seal


class Command(BaseCommand):
    """See ledger.heads for the format."""

    help = (
        "Prints the newest signed head of the ledger. Keep it outside of this site: with it, "
        "`verify_ledger --since FILE` finds whatever is cut off or rewritten later."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch, and a head that was kept."""
        parser.add_argument(
            "--key", action="store_true", help="print the public key that heads are checked with"
        )
        parser.add_argument(
            "--since", metavar="HEAD", type=Path,
            help="a file with an earlier head: adds the proof that the newest holds all of it, which "
            "anybody can check with ledger/continues.py, which needs nothing else",
        )  # fmt: skip

    def handle(self, *args: Any, key: bool, since: Path | None, **options: Any) -> None:
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
        old = 0
        if since:
            try:
                old = heads.read(since.read_text(), heads.verifiers()).size
            except (OSError, ValueError) as problem:
                raise CommandError(f"{since} is no head that we can read: {problem}") from None
            if old > last.size:
                raise CommandError(
                    f"The ledger was cut off: that head is about {old} entries, the newest about "
                    f"{last.size}."
                )
        self.stdout.write(last.note + proofs.since(old, last), ending="")

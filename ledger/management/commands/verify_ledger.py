"""`manage.py verify_ledger`: recomputes the ledger, and says the first entry that does not fit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import heads, verifying
from ledger.recomputing import DoesNotFit


class Command(BaseCommand):
    """See ledger.verifying."""

    help = (
        "Recomputes the whole ledger from its entries and compares it with every signed head. "
        "Exit code 0 when everything fits, else 1, with the first entry that does not. "
        "Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Heads and keys that were kept elsewhere."""
        parser.add_argument(
            "--since", metavar="HEAD", action="append", default=[], type=Path,
            help="a file with a head that was kept elsewhere; may be given several times",
        )  # fmt: skip
        parser.add_argument(
            "--key", metavar="PUBLIC_KEY", action="append", default=[],
            help="trust only these public keys, as `ledger_head --key` printed them",
        )  # fmt: skip

    def handle(self, *args: Any, since: list[Path], key: list[str], **options: Any) -> None:
        """Says how far it is every two seconds, and at the end what it found."""
        try:
            trusted = [heads.verifier(line) for line in key] or heads.verifiers()
            kept = [heads.read(_text(path), trusted) for path in since]
        except heads.BadHead as problem:
            raise CommandError(str(problem)) from None
        if not trusted:
            raise CommandError("No key to check heads with: set LEDGER_KEY, or give --key.")
        said = time.monotonic()

        def progress(leaves: int) -> None:
            nonlocal said
            if time.monotonic() - said > 2:
                said = time.monotonic()
                self.stderr.write(f"{leaves:,} entries so far")

        try:
            found = verifying.verify(trusted=trusted, since=kept, progress=progress)
        except DoesNotFit as problem:
            raise CommandError(f"The ledger does not fit. {problem}") from None
        counted = f"{found.entries:,} entries under {found.seals:,} signed heads"
        elsewhere = f", {len(kept)} of them kept elsewhere" if kept else ""
        self.stdout.write(
            f"The ledger fits: {counted}{elsewhere}. "
            f"{found.waiting:,} newer entries wait for the next head."
        )


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandError(f"{path} can't be read: {problem}.") from None

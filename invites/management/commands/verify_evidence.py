"""`manage.py verify_evidence FILE`: checks evidence or a receipt as anybody can, and with our own keys."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from invites.evidence import verify
from ledger import heads


class Command(BaseCommand):
    """The check is invites/evidence/verify.py, which is also inside each file."""

    help = (
        "Checks the evidence of an invitation, or a sender's receipt: every byte, its signatures, and the "
        "proofs that the steps of evidence are in the ledger. Needs no database. Exit code 0 when it holds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and a key that was kept elsewhere."""
        parser.add_argument("file", help="evidence-….zip or receipt-….zip")
        parser.add_argument(
            "--key", default="",
            help="the public key, as `ledger_head --key` printed it (else the keys of this site)",
        )  # fmt: skip

    def handle(self, *args: Any, file: str, key: str, **options: Any) -> None:
        """Prints what the file shows."""
        keys = [key] if key else [known.text() for known in heads.verifiers()]
        if not keys:
            raise CommandError("No key to check with: set LEDGER_KEY, or give --key.")
        problems = []
        for one in keys:
            try:
                self.stdout.write("\n".join(verify.check(file, one)))
            except (verify.Wrong, ValueError, KeyError, IndexError, TypeError) as problem:
                problems.append(str(problem))
            else:
                return
        raise CommandError(f"This evidence does not hold: {problems[0]}.")

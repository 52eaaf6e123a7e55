"""`manage.py personal_data`: what is held about one person, and its end."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from invites.personal import register
from invites.personal.register import Rows


class Command(BaseCommand):
    """See register.rows_of and register.erase."""

    help = (
        "Shows all that is held about a person: as a contact in anybody's address book, as a "
        "recipient, as a member. With --erase it is erased, and what stays is said with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, and what to do."""
        parser.add_argument(
            "person", metavar="EMAIL_OR_MEMBER", help="an e-mail address, or a member's number"
        )
        parser.add_argument("--erase", action="store_true", help="erase it; asks first")
        parser.add_argument("--yes", action="store_true", help="with --erase: don't ask")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object on standard output"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Shows; asks; erases; says what stays."""
        try:
            person = register.find(options["person"])
            found = register.rows_of(person)
        except (register.NobodyKnown, register.TablesUndeclared) as refusal:
            raise CommandError(str(refusal)) from refusal
        if not options["erase"]:
            self._show(found, as_json=options["json"])
            return
        if not options["yes"]:
            self._ask(found)
        erased = register.erase(person)
        stays = register.why_it_stays(set(erased))
        if options["json"]:
            self.stdout.write(json.dumps({"erased": erased, "stays": stays}))
            return
        for label, count in erased.items():
            self.stdout.write(f"{label}: {count:,} {'emptied' if label in stays else 'erased'}")
        if not erased:
            self.stdout.write("Nothing is held about this person, so nothing was erased.")
        for label, why in stays.items():
            self.stdout.write(f"Stays in {label}: {why}")
        if "ledger.Subject" in erased:
            self.stdout.write(
                "Stays in the ledger: what was done, under random ids. Whose they were is erased."
            )
        self.stdout.write(
            "Not searched: what others wrote in their own words, and people known by a name alone."
        )

    def _show(self, found: Rows, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(found, default=_plain, ensure_ascii=False))
            return
        for label, rows in found.items():
            self.stdout.write(f"{label}: {len(rows):,}")
            for row in rows:
                for name, value in row.items():
                    if value not in (None, "", [], {}):
                        self.stdout.write(f"    {name}: {_plain(value)}")
                self.stdout.write("")
        if not found:
            self.stdout.write("Nothing is held about this person.")

    def _ask(self, found: Rows) -> None:
        for label, rows in found.items():
            self.stderr.write(f"{label}: {len(rows):,}")
        try:
            answer = input("Erase all this for good? Type yes: ")
        except EOFError:
            answer = ""
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was erased.")


def _plain(value: Any) -> str:
    """Bytes (a mail) as their text; moments and ids as they are written."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    return str(value)

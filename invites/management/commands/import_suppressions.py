"""`manage.py import_suppressions FILE`: brings a list of addresses that must get no invitation."""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from importer.addresses import LONGEST, NotAnAddress
from invites.actions.suppressing import Reason, suppress
from invites.addresses import hashes_of


class Command(BaseCommand):
    """What can't be read is told by its line, and keeps nothing else from being taken over."""

    help = (
        "Nobody can invite the addresses in FILE any more: one a line, or a CSV whose first field "
        "with an @ is the address. They are kept as keyed hashes alone; delete the file afterwards. "
        "Running it twice does nothing twice. Exit code 1 when a line could not be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file."""
        parser.add_argument("file", type=Path, help="UTF-8 text or CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        """Each line in a transaction of its own, so that a long list holds nobody up."""
        added = known = unread = 0
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as file:
                rows = csv.reader(file)
                for row in rows:
                    fields = [field.strip() for field in row if field.strip()]
                    if not fields or (rows.line_num == 1 and "@" not in "".join(fields)):
                        continue  # empty, or the names of the columns
                    try:
                        if suppress(_address(fields), reason=Reason.LIST):
                            added += 1
                        else:
                            known += 1
                    except NotAnAddress as error:
                        unread += 1
                        self.stderr.write(f"Line {rows.line_num}: {error}")
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(f"The file can't be read: {error}. Save it as UTF-8 text.") from None
        self.stdout.write(f"{added} added, {known} on the list already, {unread} not read.")
        if unread:
            sys.exit(1)


def _address(fields: list[str]) -> str:
    """The address of one line. The sentences name no address: they may end up in a log."""
    found = next((field for field in fields if "@" in field), "")
    if not found:
        raise NotAnAddress("there is no address in it. Write one address a line.")
    if len(found) > LONGEST:
        raise NotAnAddress(f"an address has at most {LONGEST} characters.")
    try:
        hashes_of(found)
    except NotAnAddress:
        raise NotAnAddress("what is there is not an e-mail address. Mend or delete it.") from None
    return found

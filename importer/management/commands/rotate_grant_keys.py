"""`manage.py rotate_grant_keys`: what is encrypted here gets the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from importer import ciphering


class Command(BaseCommand):
    """See ciphering.rotate."""

    help = (
        "Encrypts all that is kept for a while (OAuth tokens, what a file says of people, account "
        "mail) with the first of GRANT_KEYS, so that the others can be dropped. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how many. Exit code 1 when something opens with none of the keys."""
        done = ciphering.rotate()
        self.stdout.write(
            f"Encrypted anew with the first key: {done.changed}. Had it already: {done.current}."
        )
        if done.unreadable:
            self.stderr.write(
                f"{done.unreadable} can't be opened with any of GRANT_KEYS. They end by themselves "
                "within the hour; nothing can use them. If a key was dropped too early, put it back "
                "last in GRANT_KEYS and repeat this."
            )
            raise SystemExit(1)
        self.stdout.write("Keys behind the first one can go once no process uses them any more.")

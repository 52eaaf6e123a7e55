"""`manage.py receive_report < message`: the door for returned mail at the end of a mail server's pipe."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error

from invites.actions import returned_mail
from invites.reports.parts import MAX_BYTES


class Command(BaseCommand):
    """Exit codes as mail servers read them (sysexits.h): 0 done, 75 keep the mail and try again."""

    help = (
        "Takes one returned mail from standard input: a bounce, a complaint, an automatic answer, "
        "anything. Exit code 0 whatever it is, 75 (EX_TEMPFAIL) when the database can't be reached "
        "and the mail server should try again. Says nothing, so that nothing is sent back."
    )
    requires_system_checks: list[str] = []  # a process per mail: it has one thing to do

    def handle(self, *args: Any, **options: Any) -> None:
        """Reads all of it, for a server that can't write its mail thinks that it was refused."""
        stdin = sys.stdin.buffer
        raw = stdin.read(MAX_BYTES)
        while stdin.read(MAX_BYTES):
            pass
        try:
            returned_mail.take_mail(raw)
        except Error as error:
            self.stderr.write(f"The database can't take it now ({type(error).__name__}).")
            sys.exit(os.EX_TEMPFAIL)

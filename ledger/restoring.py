"""Notices that this database is a restored one, or a copy of another, before anything leaves from it.

A snapshot can hold mails as waiting that have left since, and nothing inside it says so. Two things
outside of it do: the newest ledger head, kept in a file beside the worker that sealed it; and the place
where the database lives, which a restored PostgreSQL, a promoted replica or a copied file changes.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.db import connection

from ledger.models import Home, Seal


def noticed() -> str:
    """Why this looks like a restored database, for staff; "" when it doesn't. Reads only."""
    known = Home.objects.values_list("place", flat=True).first()
    if known is not None and known != place():
        return "The database lives at another place than before: restored, copied or failed over."
    kept = _kept()
    if kept and not Seal.objects.filter(note=kept).exists():
        return "A head of the ledger that was sealed here is not in the database any more."
    return ""


def remember() -> None:
    """Writes down where the database lives now, and keeps its newest head."""
    Home.objects.update_or_create(pk=1, defaults={"place": place()})
    keep_head()


def keep_head() -> None:
    """Puts the newest head into this machine's file; a reader sees the old one or the new one."""
    seal = Seal.objects.order_by("-number").first()
    file = Path(settings.LEDGER_HEAD_FILE)
    if seal is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(f".{os.getpid()}")
    new.write_text(seal.note)
    new.replace(file)


def place() -> str:
    """Where this database lives: changed by restoring, copying and failing over, not by a restart."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
            cursor.execute(
                "SELECT s.system_identifier, c.timeline_id, d.oid "
                "FROM pg_control_system() AS s, pg_control_checkpoint() AS c, pg_database AS d "
                "WHERE d.datname = current_database()"
            )
            return ":".join(str(value) for value in cursor.fetchone())
    name = str(connection.settings_dict["NAME"])
    if not Path(name).exists():
        return "memory"  # tests
    found = os.stat(name)
    return f"{found.st_dev}:{found.st_ino}"


def _kept() -> str:
    file = Path(settings.LEDGER_HEAD_FILE)
    return file.read_text() if file.exists() else ""

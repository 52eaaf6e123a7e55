"""One measured task of `bin/bench import`. Run as `python -m bench.import_lane TASK ARGUMENT ...`.

Each prints one line of JSON: how long it took by the clock and by this process's own work, the most
memory the process ever had, and how many rows there are. bench/choosing.py is a task of its own.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

AT_ONCE = 500  # rows in one statement of the floor; more are no faster

Task = Callable[[], int]


def vobject_parse(cards: str) -> Task:
    """What vobject needs to parse a file. Without `allowQP` it can't read 2.1."""
    import vobject

    def task() -> int:
        text = io.StringIO(Path(cards).read_bytes().decode())
        return sum(1 for _ in vobject.readComponents(text, allowQP=True))

    return task


def import_cards(cards: str, member: Any = None) -> Task:
    """A file, from the upload to the table: read, sealed, opened, cleaned, merged, stored."""
    from importer import reading, uploading
    from importer.models import Contact, Import
    from tests import people

    member = member or people.member()
    reading.nudge = lambda import_id: None  # the worker is this process

    def task() -> int:
        with Path(cards).open("rb") as file:
            run = uploading.receive(member=member, file=file)
        if not isinstance(run, Import):
            raise TypeError("The file was not taken for vCards.")
        _read_all(run)
        return Contact.objects.filter(member=member).count()

    return task


def import_people(api_url: str, access_token: str) -> Task:
    """An address book over HTTP, page by page, from the grant to the table."""
    from django.conf import settings

    from importer import grants, reading
    from importer.models import Contact, Import
    from ledger import clock
    from tests import people
    from tests.importer.conftest import source_at

    member = people.member()
    source = source_at(api_url)
    settings.SOURCES = {source.name: source}
    reading.nudge = lambda import_id: None  # the worker is this process

    def task() -> int:
        at = clock.now()
        run = Import.objects.create(
            member=member, source=source.name, source_label=source.book, created_at=at
        )
        grants.keep(run, {"access_token": access_token, "token_type": "Bearer"}, at)
        _read_all(run)
        return Contact.objects.filter(member=member).count()

    return task


def _read_all(run: Any) -> None:
    """A worker's turn, as long as it takes."""
    from importer import reading
    from importer.models import ImportState

    while run.going_on:
        reading.read_pages(import_id=run.pk)
        run.refresh_from_db()
    if run.state != ImportState.DONE:
        raise RuntimeError(f"The import is {run.state}: {run.error}")


def write_rows(path: str) -> Task:
    """Writes what an import has stored into a file, for the floor."""
    from importer.models import Contact, ContactAddress, LeftOut

    own = {"id", "member", "import_run", "contact", "created_at"}

    def values(model: Any) -> list[dict[str, Any]]:
        names = [field.name for field in model._meta.concrete_fields if field.name not in own]
        return list(model.objects.order_by("id").values(*names))

    def task() -> int:
        places = {
            pk: place
            for place, pk in enumerate(Contact.objects.order_by("id").values_list("pk", flat=True))
        }
        owners = ContactAddress.objects.order_by("id").values_list("contact_id", flat=True)
        rows = {
            "contacts": values(Contact),
            "addresses": values(ContactAddress),
            "owners": [places[pk] for pk in owners],
            "left_out": values(LeftOut),
        }
        Path(path).write_text(json.dumps(rows))
        return len(places)

    return task


def floor(pages: str, rows: str) -> Task:
    """The least that Django could do: `json.loads` of the pages, `bulk_create` of the same rows."""
    from django.db import transaction

    from importer.models import Contact, ContactAddress, Import, LeftOut
    from ledger import clock
    from tests import people

    member, at = people.member(), clock.now()
    run = Import.objects.create(member=member, source="google", created_at=at)
    made = json.loads(Path(rows).read_bytes())
    bodies = Path(pages).read_bytes().splitlines()
    belongs = {"member_id": member.pk, "import_run_id": run.pk}

    def task() -> int:
        for body in bodies:
            json.loads(body)
        with transaction.atomic():
            contacts = [Contact(**row, **belongs, created_at=at) for row in made["contacts"]]
            Contact.objects.bulk_create(contacts, AT_ONCE)
            addresses = [
                ContactAddress(**row, contact=contacts[owner], member_id=member.pk)
                for row, owner in zip(made["addresses"], made["owners"], strict=True)
            ]
            ContactAddress.objects.bulk_create(addresses, AT_ONCE)
            left_out = [LeftOut(**row, **belongs) for row in made["left_out"]]
            LeftOut.objects.bulk_create(left_out, AT_ONCE)
        return len(contacts)

    return task


TASKS: dict[str, Callable[..., Task]] = {
    "vobject": vobject_parse,
    "cards": import_cards,
    "people": import_people,
    "rows": write_rows,
    "floor": floor,
}


def main(name: str, *arguments: str) -> None:
    """Runs one task and prints its figures."""
    task = TASKS[name](*arguments)
    seconds, work = time.perf_counter(), time.process_time()
    rows = task()
    figures = {
        "seconds": time.perf_counter() - seconds,
        "work": time.process_time() - work,
        # getrusage(2): kilobytes on Linux.
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": rows,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    import django

    django.setup()
    main(*sys.argv[1:])

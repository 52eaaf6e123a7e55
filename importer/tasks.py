"""What Celery may ask of the importer. One call each; arguments are row ids."""

from celery import shared_task

from importer import reading, uploads


# A worker that hangs is killed; its lease runs out, and another goes on at the stored cursor.
@shared_task(time_limit=int(reading.RUN_SECONDS) + 120)
def read_import(*, import_id: int) -> None:
    """Reads one address book on, or ends our access to it."""
    reading.read_pages(import_id=import_id)


@shared_task
def continue_imports() -> None:
    """The sweep: wakes somebody up for every import that could go on or should be ended.

    What was kept of a file for as long as it may be goes first.
    """
    uploads.delete_overdue()
    for import_id in reading.due():
        reading.nudge(import_id)

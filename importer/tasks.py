"""What Celery may ask of the importer. One call each; arguments are row ids."""

import logging

from celery import shared_task

from importer import reading, uploads
from ledger import heartbeat

logger = logging.getLogger(__name__)


# A worker that hangs is killed; its lease runs out, and another goes on at the stored cursor.
@shared_task(time_limit=int(reading.RUN_SECONDS) + 120)
def read_import(*, import_id: int) -> None:
    """Reads one address book on, or ends our access to it.

    A page may have woken us up; that beat does, nobody else would notice.
    """
    reading.read_pages(import_id=import_id)
    if wrong := heartbeat.what_is_wrong():
        logger.error("%s", wrong)


@shared_task
def continue_imports() -> None:
    """The sweep: wakes somebody up for every import that could go on or should be ended.

    What was kept of a file for as long as it may be goes first.
    """
    uploads.delete_overdue()
    for import_id in reading.due():
        reading.nudge(import_id)

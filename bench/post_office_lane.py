"""django-post_office's side of `bin/bench send`. Run as `python -m bench.post_office_lane fill|send`."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path

from bench import site


def fill(mails: Path) -> None:
    """The mails of a file, queued in a new database."""
    from django.core.management import call_command
    from post_office import mail

    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    mail.send_many([json.loads(line) for line in mails.read_text().splitlines()])


def send() -> None:
    """Everything that is queued, by the library's own command with two processes."""
    from django.core.management import call_command
    from post_office.models import STATUS, Email

    logging.disable(logging.INFO)
    site.wait_for_go()
    with tempfile.TemporaryDirectory() as folder:
        call_command("send_queued_mail", processes=2, lockfile=f"{folder}/lock")
    print(Email.objects.filter(status=STATUS.sent).count(), flush=True)


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "fill":
        fill(Path(sys.argv[2]))
    else:
        send()

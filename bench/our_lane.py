"""Handpicked's side of `bin/bench send`. Run as `python -m bench.our_lane fill|send`."""

from __future__ import annotations

import json
import sys
from email import message_from_bytes, policy
from pathlib import Path

from bench import site


def fill(count: int, mails: Path) -> None:
    """`count` confirmed invitations in a new database; their mails as lines of JSON in a file."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    from bench import confirmed
    from invites.models import PreparedMail

    confirmed.make(count)
    with mails.open("w") as lines:
        for mail in PreparedMail.objects.select_related("invitation").order_by("id").iterator():
            lines.write(json.dumps(_parts(mail.invitation.recipient_address, mail.raw)) + "\n")


def _parts(recipient: str, raw: bytes) -> dict[str, object]:
    """One mail as other libraries want it: addresses, subject, both texts, the other headers."""
    message = message_from_bytes(bytes(raw), policy=policy.default)
    plain, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert page is not None
    others = ("Reply-To", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")
    return {
        "sender": message["From"],
        "recipients": [recipient],
        "subject": message["Subject"],
        "message": plain.get_content(),
        "html_message": page.get_content(),
        "headers": {name: message[name] for name in others},
    }


def send() -> None:
    """One worker's work: everything that is due."""
    from invites import outbox
    from invites.consent import State

    site.wait_for_go()
    tally = outbox.send_due(seconds=600)
    print(tally.counts.get(State.SENT, 0), flush=True)


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        send()

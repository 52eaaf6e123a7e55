"""Invitations that have arrived: confirmed, sent over real SMTP, and opened by their recipients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User

from invites import outbox
from invites.models import Invitation
from tests import people
from tests.smtp_sink import Sink, smtp_sink


@contextmanager
def mail_server(settings: Any) -> Iterator[Sink]:
    """The site's mail server for the length of a block. What is confirmed may leave at once."""
    settings.UNDO_SECONDS = 0
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_TIMEOUT = 5
    with smtp_sink() as sink:
        settings.EMAIL_PORT = sink.port
        yield sink


def arrived(
    sender: User, name: str = "Bea Sousa", address: str = "bea@norte.example"
) -> Invitation:
    """Reviewed, confirmed and sent. Needs `mail_server`."""
    invitation = people.reviewed(sender, name, address)
    people.confirm(sender)
    outbox.send_due()
    invitation.refresh_from_db()
    assert invitation.state == "sent"
    return invitation


def link_in(sink: Sink, recipient: str) -> str:
    """The path of the secret link in the last mail to `recipient`, as a person would open it."""
    (*_, raw) = [mail for to, mail in sink.taken if to == recipient]
    text = raw.replace(b"=\r\n", b"").decode()
    found = re.search(r"http://localhost:8000(/i/[A-Za-z0-9_-]{43}/)\r\n", text)
    assert found, text
    return found.group(1)

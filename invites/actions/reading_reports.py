"""Reads the mailbox for returned mail: each message once, in order, also after a crash.

A message is dealt with, then counted as read, then moved out of people's way if it was a report. A crash
in between repeats one message at most, and its report is known by its digest. Ordinary mail stays.
"""

from __future__ import annotations

import logging

from django.conf import settings

from invites import mailbox
from invites.actions import returned_mail
from invites.actions.returned_mail import Effect
from invites.mail_models import ReportsMailbox
from invites.reports.parts import MAX_BYTES
from ledger.subjects import keyed_hash

log = logging.getLogger(__name__)


def read_new() -> int:
    """Deals with what is new in the mailbox; returns how many messages. None is set up: none."""
    account = settings.REPORTS_MAILBOX
    if account is None:
        return 0
    name = keyed_hash("mailbox", f"{account.user}\0{account.host}\0{account.folder}")
    count = 0
    try:
        with mailbox.opened(account) as box:
            place, _ = ReportsMailbox.objects.get_or_create(
                name_hash=name, defaults={"validity": box.validity}
            )
            if place.validity != box.validity:  # the server counts anew
                place.validity, place.last_uid = box.validity, 0
            for uid, raw in box.after(place.last_uid, MAX_BYTES):
                effect = returned_mail.take_mail(raw)
                place.last_uid = uid
                place.save()
                count += 1
                if effect is not Effect.ORDINARY_MAIL and not box.put_away(uid):
                    log.warning("returned mail: message %s can't be moved to %s", uid, account.done)
    except mailbox.MailboxUnavailable as error:
        log.warning("returned mail: the mailbox can't be read now (%s)", error)
    return count

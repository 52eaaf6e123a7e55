"""Mail to members about their accounts: a page writes it down, a worker hands it over.

If a page waited for the mail server, whoever asks for a new password could tell by the answer, or by
its time, whether an address has an account here. So both write one row and wake a worker, and for an
address without an account the row is for nobody: it is thrown away where a mail would be handed over.
The rows are encrypted, because codes and reset links open accounts, and Celery is told nothing but
that there is something to do. Without Redis the sweep comes seconds later. A server that does not
take a mail is asked again after 1, 2, 4 … minutes; a code is of no use after a quarter of an hour, so
no row gets older than that: who still waits asks again. A worker that dies between handing over and
deleting leaves a row that is sent twice, which harms nobody; invitations have the outbox for that.
"""

from __future__ import annotations

import json
import logging
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db.models import F

from importer import ciphering
from invites.delivery import (
    ACCOUNT_TEMPLATES,
    MailForbidden,
    NotAccepted,
    ServerUnavailable,
    send_account_mail,
)
from invites.mail_models import AccountMail
from ledger import clock

log = logging.getLogger(__name__)

NOBODY = ""  # to whom the mail goes that is written only because writing takes time


def write(*, template: str, to: str, subject: str, text: str) -> None:
    """Keeps a mail, encrypted, until `send_pending` hands it over. Raises MailForbidden."""
    if template not in ACCOUNT_TEMPLATES:
        raise MailForbidden(f"{template} is not on the list of account mail.")
    words = {"template": template, "to": to, "subject": subject, "text": text}
    now = clock.now()
    AccountMail.objects.create(
        ciphertext=ciphering.cipher().encrypt(json.dumps(words).encode()),
        written_at=now,
        next_try=now,
    )


def send_pending() -> int:
    """Sends every mail whose time has come and deletes it; returns how many were taken."""
    now = clock.now()
    oldest = now - timedelta(minutes=settings.ACCOUNT_MAIL_MINUTES)
    if late := AccountMail.objects.filter(written_at__lte=oldest).delete()[0]:
        log.warning("account mail: %s got too old to be of use", late)
    sent = 0
    for mail in AccountMail.objects.filter(next_try__lte=now).order_by("id"):
        if not _taken(mail):
            continue  # another worker has it
        try:
            sent += _send(mail)
        except ServerUnavailable as error:
            log.warning("account mail: the mail server is out of reach (%s)", error)
            break
        except NotAccepted as refusal:
            if not refusal.permanent:
                log.warning("account mail %s waits: the server refused it for now", mail.pk)
                continue
            log.warning("account mail %s is deleted: the server refused it for good", mail.pk)
        mail.delete()
    return sent


def _taken(mail: AccountMail) -> bool:
    """Whether this worker may try now; nobody else tries before the pause is over."""
    pause = timedelta(minutes=2**mail.attempts)
    mine = AccountMail.objects.filter(pk=mail.pk, attempts=mail.attempts)
    return bool(mine.update(attempts=F("attempts") + 1, next_try=clock.now() + pause))


def _send(mail: AccountMail) -> bool:
    try:
        words = json.loads(ciphering.cipher().decrypt(bytes(mail.ciphertext)))
    except InvalidToken:
        log.warning("account mail %s is deleted: its key is no longer in GRANT_KEYS", mail.pk)
        return False
    if words["to"] == NOBODY:
        return False
    send_account_mail(**words)
    return True

"""After a database was restored, nothing leaves until a person has said so."""

from __future__ import annotations

import logging

from django.db import transaction

from invites import scopes
from invites.actions import holding
from ledger import restoring

log = logging.getLogger(__name__)


def pause_if_restored() -> bool:
    """Puts the whole site on hold when the database looks restored; workers ask before they start.

    A mail may have left after the snapshot that this database was made from, and no row here knows. The
    hold is lifted by a person; docs/settings.md says what to look at before.
    """
    reason = restoring.noticed()
    with transaction.atomic():
        if reason:
            holding.brake(scopes.SITE, reason=reason)
            log.error("%s Sending is paused until a person lifts the hold.", reason)
        restoring.remember()
    return bool(reason)

"""Looks whether the site itself is well, and tells staff elsewhere when that changes.

Without beat nobody looks; then the next worker that a page wakes up does.
"""

from __future__ import annotations

from django.db import transaction

from invites.actions import health, staff_events
from invites.staff_models import Trouble
from ledger import clock, heartbeat

# Its own receiver can't be told that it takes nothing: that stands on the desk alone.
_NOT_TOLD = {"webhook"}


def look() -> int:
    """Tells what is not well since the last look, and what is well again; returns how many changed."""
    changed = 0
    for one in health.vital():
        if one.name not in _NOT_TOLD:
            changed += _has_changed(one)
    return changed


def look_unless_beat_does() -> None:
    """For workers that a page woke up: nothing while beat is alive."""
    if heartbeat.what_is_wrong():
        look()
        staff_events.send_pending()


@transaction.atomic
def _has_changed(one: health.Condition) -> bool:
    known = Trouble.objects.filter(name=one.name)
    if one.well:
        changed = bool(known.delete()[0])
    else:
        _, changed = Trouble.objects.get_or_create(name=one.name, defaults={"since": clock.now()})
    if changed:
        kind = "site.well_again" if one.well else "site.not_well"
        staff_events.tell(kind, staff_events.desk(), kind=one.name)
    return changed

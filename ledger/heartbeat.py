"""When beat last came round. Without it nothing is forgotten by itself, so others look at it."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger import clock
from ledger.models import Heartbeat

BEAT = "beat"
SILENT_MINUTES = 5  # beat comes every minute; so long without it is no coincidence


def beat() -> None:
    """Writes down that beat, the queue and a worker were there just now."""
    Heartbeat.objects.update_or_create(name=BEAT, defaults={"at": clock.now()})


def last_beat() -> datetime | None:
    """When that was; None before the first time."""
    return Heartbeat.objects.filter(name=BEAT).values_list("at", flat=True).first()


def what_is_wrong() -> str:
    """The sentence for whoever runs the site; "" while beat is alive."""
    last = last_beat()
    if last is not None and last > clock.now() - timedelta(minutes=SILENT_MINUTES):
        return ""
    since = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "at all"
    return (
        f"Beat has not run {since}: nothing is swept up, sent or forgotten by itself. "
        "Start the `beat` and `worker` lines of the Procfile, and look at Redis."
    )

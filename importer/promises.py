"""What is here longer than we said, for whoever looks whether the site is well. Reads only."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from importer.models import Contact, Grant, LastClick, Upload
from ledger import clock

# The sweep that forgets comes every five minutes, and may have much to do.
GRACE = timedelta(minutes=15)


def kept_too_long() -> dict[str, int]:
    """How many rows outlived their time by more than GRACE, by what they are; 0 is as promised."""
    late = clock.now() - GRACE
    theirs = Contact.objects.filter(member_id=OuterRef("member_id"))
    idle = LastClick.objects.filter(at__lt=late - timedelta(hours=settings.CONTACT_IDLE_HOURS))
    return {
        f"accesses to address books older than {settings.GRANT_MINUTES} minutes": (
            Grant.objects.filter(
                created_at__lt=late - timedelta(minutes=settings.GRANT_MINUTES)
            ).count()
        ),
        f"files older than {settings.UPLOAD_MINUTES} minutes": (
            Upload.objects.filter(ends_at__lt=late).count()
        ),
        f"people read more than {settings.CONTACT_HOURS} hours ago": (
            Contact.objects.filter(
                created_at__lt=late - timedelta(hours=settings.CONTACT_HOURS)
            ).count()
        ),
        f"members with people, {settings.CONTACT_IDLE_HOURS} hours after their last click": (
            idle.filter(Exists(theirs)).count()
        ),
    }

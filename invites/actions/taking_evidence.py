"""Staff take the evidence of one invitation with them: that goes on the ledger, with who and what."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from invites.evidence import building
from invites.models import Invitation
from ledger.entries import Event, append
from ledger.subjects import of_member


@transaction.atomic
def take(*, invitation: Invitation, staff: User) -> bytes:
    """The evidence file, a ZIP. Raises building.NoEvidence."""
    packed = building.build(invitation)
    append([Event(building.TAKEN, invitation.uid, of_member(staff.pk))])
    return packed

"""Compares what arrived with what was confirmed. Needs a site (`bench.site.enter`)."""

from __future__ import annotations

import re
import uuid
from collections import Counter

from invites import consent, tokens
from invites.consent import State
from invites.models import ConsentRecord, Invitation

ON_THEIR_WAY = [State.CONFIRMED, State.CLAIMED, State.SENDING]
# What the sender is told: it did not arrive, or nobody knows whether it did.
HONEST_WITHOUT_ARRIVAL = {State.FAILED, State.UNKNOWN}
HONEST_WITH_ARRIVAL = {State.SENT, State.UNKNOWN}
_MESSAGE_ID = re.compile(rb"^Message-ID: <([0-9a-f]{32})@", re.MULTILINE)


def on_their_way() -> int:
    """How many invitations have not come to rest."""
    return Invitation.objects.filter(state__in=ON_THEIR_WAY).count()


def compare(taken: list[tuple[str, bytes]]) -> dict[str, int]:
    """Counts over all mails that the SMTP servers took, as (recipient, bytes).

    `lost` is confirmed, never arrived, and said to be anything but failed or unknown; `unconfirmed`
    arrived without a consent record for these very bytes; `misreported` arrived and is said not to.
    """
    invitations = list(Invitation.objects.exclude(batch=None))
    agreed = set(ConsentRecord.objects.values_list("invitation_uid", "digest"))
    arrived = Counter(recipient for recipient, _ in taken)
    return {
        "confirmed": len(invitations),
        "delivered": len(arrived),
        "duplicates": sum(number - 1 for number in arrived.values()),
        "lost": sum(
            not arrived[invitation.recipient_address]
            and invitation.state not in HONEST_WITHOUT_ARRIVAL
            for invitation in invitations
        ),
        "unconfirmed": sum(_agreement(recipient, raw) not in agreed for recipient, raw in taken),
        "unknown": sum(invitation.state == State.UNKNOWN for invitation in invitations),
        "misreported": sum(
            bool(arrived[invitation.recipient_address])
            and invitation.state not in HONEST_WITH_ARRIVAL
            for invitation in invitations
        ),
    }


def _agreement(recipient: str, raw: bytes) -> tuple[uuid.UUID, str] | None:
    """The invitation and the digest that a consent record must hold for this mail to be all right."""
    found = _MESSAGE_ID.search(raw)
    if found is None:
        return None
    uid = uuid.UUID(found.group(1).decode())
    secret = tokens.token(uid)
    seen = raw.partition(b"\r\n")[2].replace(secret.encode(), tokens.hash_of(secret).encode())
    return uid, consent.digest(recipient, seen)

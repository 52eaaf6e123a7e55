"""How far a member's draft is. Reads only; for the front page and the pages of the journey."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User

from invites.actions.drafting import draft_of, in_draft
from invites.consent import State
from invites.models import Invitation


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of one draft; `chosen` leaves out who was set aside. `kept_until` None: no draft."""

    people: int
    chosen: int
    decided: int
    invited: int
    has_note: bool
    kept_until: datetime | None

    def next_step(self, *, held: int) -> int:
        """Where to go on, 1 (connect) to 5 (check); `held`: people here from address books."""
        if not self.people:
            return 2 if held else 1
        if not self.has_note:
            return 3
        if self.decided < self.people:
            return 4
        return 5 if self.invited else 2


def progress(*, member: User) -> Progress:
    """Where the member's draft stands."""
    everybody = in_draft(member)
    draft = draft_of(member)
    return Progress(
        people=len(everybody),
        chosen=sum(not invitation.set_aside for invitation in everybody),
        decided=sum(is_decided(invitation) for invitation in everybody),
        invited=sum(invitation.state == State.REVIEWED for invitation in everybody),
        has_note=bool(draft and draft.note),
        kept_until=draft.kept_until if draft else None,
    )


def is_decided(invitation: Invitation) -> bool:
    """Whether the member has said something about this person, one way or the other."""
    return invitation.state == State.REVIEWED or bool(invitation.set_aside)


def next_card(*, member: User, after: UUID | None = None) -> UUID | None:
    """The next card that waits for a decision: behind `after` first, then from the front."""
    everybody = in_draft(member)
    places = [place for place, invitation in enumerate(everybody) if invitation.uid == after]
    start = places[0] + 1 if places else 0
    for invitation in everybody[start:] + everybody[:start]:
        if not is_decided(invitation):
            return invitation.uid
    return None


def neighbours(*, member: User, uid: UUID) -> tuple[UUID | None, UUID | None]:
    """The cards before and behind this one in the order of choosing, decided or not."""
    uids = [invitation.uid for invitation in in_draft(member)]
    if uid not in uids:
        return None, None
    place = uids.index(uid)
    return (
        uids[place - 1] if place else None,
        uids[place + 1] if place + 1 < len(uids) else None,
    )

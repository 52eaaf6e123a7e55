"""What became of an invitation, step by step, in words. For staff; read from the ledger alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, TextChoices

from invites.models import Batch, Invitation, Relationship, SetAside
from invites.recipients.models import AnswerKind, Outcome
from ledger.models import Entry
from ledger.subjects import known_member

WORDS = {
    "invitation.chosen": "The sender chose this person.",
    "invitation.unchosen": "The sender took this person out again.",
    "invitation.reviewed": "The sender looked at this mail and invited: “{relationship}”.",
    "invitation.set_aside": "The sender decided: “{decision}”.",
    "invitation.reconsidered": "The sender took the decision back.",
    "invitation.confirmed": "The sender confirmed this mail.",
    "invitation.cancelled": "It was taken back before it left ({why}).",
    "invitation.withdrawn": "The sender withdrew it after it had left.",
    "invitation.blocked": "The last look found that this person can’t be invited. Nothing left.",
    "invitation.requested": "The recipient is a member already: asked inside the site, no mail left.",
    "invitation.refused": "The worker refused it, since the rule did not hold: {reasons}.",
    "invitation.postponed": "The mail server did not take it ({reply}); it is tried again later.",
    "invitation.sent": "The mail server took it ({reply}).",
    "invitation.failed": "The mail server refused it for good ({reply}).",
    "invitation.unknown": "The mail server went silent. It may have arrived; it is not sent again.",
    "invitation.arrived": "A report says that the mail arrived.",
    "invitation.bounced": "A report says that the mail came back ({status}).",
    "invitation.complained": "The recipient marked the mail as unwanted ({feedback}).",
    "invitation.expired": "It came too late to be sent.",
    "invitation.stopped": "The recipient stopped all invitations.",
    "invitation.accepted": "The recipient signed up with this address.",
    "invitation.answered": "The recipient answered: “{answer}”.",
    "invitation.answer_taken_back": "The recipient took the answer back.",
    "invitation.sender_stopped": "The recipient stopped invitations from this sender.",
    "invitation.sender_allowed": "The recipient allowed this sender again.",
    "invitation.reported": "The recipient reported it. The sender is on hold until somebody looked.",
    "invitation.report_read": "Staff read the report.",
    "invitation.report_taken": "One of the staff took the report.",
    "invitation.report_noted": "Staff wrote a note about the report.",
    "invitation.report_decided": "Staff decided on the report{outcome}.",
    "invitation.erased_at_word": "Name, address and mail were erased at the recipient’s word.",
    "invitation.erased": "Name, address and mail were erased, as promised after a year.",
    "batch.confirmed": "Mails confirmed at once: {count}, fingerprint {fingerprint:.8}.",
    "batch.disowned": "The sender said: this wasn’t me.",
    "hold.placed": "Put on hold: {reason}",
    "hold.lifted": "The hold was lifted: {reason}",
    "reopening.proposed": "Proposed to lift the hold, which waits for a second person: {reason}",
    "reopening.agreed": "A second person agreed to lift the hold.",
    "reopening.refused": "Lifting the hold was refused.",
    "reopening.void": "The proposal to lift the hold became void.",
    "evidence.taken": "Staff took the evidence of it.",
}

NEWEST = 1_000  # entries about a member that are looked through
_ABOUT_HOLDS = [name for name in WORDS if name.startswith(("hold.", "reopening."))]


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the ledger, as a sentence. `at` is the database's time."""

    at: datetime
    words: str


def steps_of(invitation: Invitation) -> list[Step]:
    """Every step of an invitation and of its batch, oldest first."""
    about = Q(subject=invitation.uid)
    if isinstance(invitation.batch, Batch):
        about |= Q(subject=invitation.batch.uid)
    return _steps(about)


def steps_of_each(invitations: Iterable[Invitation]) -> dict[UUID, list[Step]]:
    """The steps of each of these alone, oldest first, by the invitation's id. One query."""
    told: dict[UUID, list[Step]] = {one.uid: [] for one in invitations}
    for entry in Entry.objects.filter(subject__in=list(told)).order_by("id"):
        told[entry.subject].append(Step(entry.at, in_words(entry.action, entry.facts)))
    return told


def steps_of_batch(batch: Batch) -> list[Step]:
    """Every step of a batch itself, oldest first."""
    return _steps(Q(subject=batch.uid))


def holds_of_member(member: User) -> tuple[list[Step], datetime | None]:
    """When everything from a member was put on hold, and when that was lifted; the oldest first.

    And how far back it looked, if that was not the beginning: who invites for years has ten thousand
    entries, of notes and imports.
    """
    uid = known_member(member.pk)
    if uid is None:
        return [], None
    about = Entry.objects.filter(subject=uid).order_by("-id").values_list("id", "action", "at")
    newest = list(about[:NEWEST])
    holds = [pk for pk, action, _ in newest if action in _ABOUT_HOLDS]
    return _steps(Q(pk__in=holds)), newest[-1][2] if len(newest) == NEWEST else None


def _steps(about: Q) -> list[Step]:
    return [
        Step(entry.at, in_words(entry.action, entry.facts))
        for entry in Entry.objects.filter(about).order_by("id")
    ]


def in_words(action: str, facts: Mapping[str, Any]) -> str:
    """The sentence for one entry; an action that has none is shown by its name."""
    known = {
        **facts,
        "relationship": _label(Relationship, facts.get("relationship")),
        "decision": _label(SetAside, facts.get("decision")),
        "answer": _label(AnswerKind, facts.get("answer")),
        "outcome": f": {_label(Outcome, ended)}" if (ended := facts.get("outcome")) else "",
        "reply": facts.get("reply") or "no answer",
        "status": facts.get("status") or "without a code",
    }
    try:
        return WORDS[action].format_map(known)
    except KeyError:
        return action


def _label(choices: type[TextChoices], value: Any) -> str:
    return str(dict(choices.choices).get(value, value))

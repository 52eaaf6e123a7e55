"""Invitations to people who are members already: asked inside the site, answered as any recipient does.

No mail was sent, so the secret link exists nowhere; the member's own verified address takes its place.
"""

from __future__ import annotations

from contextlib import suppress as ignore
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from importer.addresses import NotAnAddress
from invites import tokens
from invites.actions import answering, cases, responding
from invites.actions.cases import CasePage
from invites.actions.responding import InvitationPage
from invites.addresses import hashes_of
from invites.consent import State
from invites.models import Invitation
from invites.recipients.models import AnswerKind
from ledger.entries import Event, append
from ledger.subjects import of_member


class Choice(StrEnum):
    """What a member can say to a request."""

    ACCEPT = "accept"
    DECLINE = "decline"
    NOT_HOW = "not_how"
    DONT_KNOW = "dont_know"
    TAKE_BACK = "take_back"
    STOP = "stop"
    REPORT = "report"


_KINDS = {
    Choice.DECLINE: AnswerKind.DECLINED,
    Choice.NOT_HOW: AnswerKind.NOT_HOW,
    Choice.DONT_KNOW: AnswerKind.DONT_KNOW,
}


def requests_of(member: User) -> list[InvitationPage]:
    """All that the member has not answered yet, oldest first. Reads only."""
    pages = [responding.invitation_page(tokens.token(one.uid)) for one in _open(member)]
    return [page for page in pages if page is not None]


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that the member answered, and the answer as they can read it again."""

    uid: UUID
    sender_name: str
    answer: str


def answers_of(member: User) -> list[Answered]:
    """The answers that the member can take back, newest first. Reads only."""
    answered = _answered(member).select_related("sender", "answer").order_by("-answer__given_at")
    return [
        Answered(one.uid, one.sender.get_full_name(), one.answer.get_kind_display())
        for one in answered
    ]


@dataclass(frozen=True, slots=True)
class Reported:
    """A request that the member reported, and what became of that."""

    sender_name: str
    case: CasePage


def reports_of(member: User) -> list[Reported]:
    """The member's reports, newest first, whatever the sender did afterwards. Reads only."""
    reported = _to(member).exclude(case=None).select_related("sender").order_by("-id")
    pages = [(one, cases.page(tokens.token(one.uid))) for one in reported]
    return [Reported(one.sender.get_full_name(), page) for one, page in pages if page is not None]


def has_requests(member: User) -> bool:
    """Whether there is anything to answer."""
    return _open(member).exists()


def answer(*, member: User, uid: UUID, choice: Choice, words: str = "") -> bool:
    """Answers one request; its sender sees "Accepted" or "No answer". False: it is not there any more.

    `words` go with a report, to the staff.
    """
    if choice is Choice.ACCEPT:
        return _accept(member, uid)
    asked = _answered(member) if choice is Choice.TAKE_BACK else _open(member)
    if not asked.filter(uid=uid).exists():
        return False
    token = tokens.token(uid)
    if choice is Choice.TAKE_BACK:
        return answering.take_back(token=token)
    if choice is Choice.STOP:
        return responding.stop_everyone(token=token)
    if choice is Choice.REPORT:
        return cases.report(token=token, words=words)
    return answering.give(token=token, kind=_KINDS[choice])


@transaction.atomic
def _accept(member: User, uid: UUID) -> bool:
    Invitation.objects.select_for_update(of=("self",)).filter(uid=uid).first()  # as any answer does
    accepted = _open(member).filter(uid=uid).update(accepted_at=Now())
    if accepted:
        append([Event("invitation.accepted", uid, of_member(member.pk))])
    return bool(accepted)


def _open(member: User) -> QuerySet[Invitation]:
    """Neither answered nor stopped."""
    return (
        _to(member)
        .filter(responding.alive(), answer=None, case=None, accepted_at=None, stopped_at=None)
        .order_by("id")
    )


def _answered(member: User) -> QuerySet[Invitation]:
    """Answered, and still there: what was withdrawn or stopped has nothing to take back."""
    return _to(member).exclude(answer=None).filter(responding.alive(), stopped_at=None)


def _to(member: User) -> QuerySet[Invitation]:
    """All requests to one of the member's verified addresses."""
    hashes: list[str] = []
    for known in EmailAddress.objects.filter(user=member, verified=True):
        with ignore(NotAnAddress):
            hashes += [hashed.value for hashed in hashes_of(known.email)]
    return Invitation.objects.filter(recipient_hash__in=hashes, state=State.REQUESTED)

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
    DONT_KNOW = "dont_know"
    STOP = "stop"
    REPORT = "report"


def requests_of(member: User) -> list[InvitationPage]:
    """All that the member has not answered yet, oldest first. Reads only."""
    pages = [responding.invitation_page(tokens.token(one.uid)) for one in _open(member)]
    return [page for page in pages if page is not None]


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
    if not _open(member).filter(uid=uid).exists():
        return False
    token = tokens.token(uid)
    if choice is Choice.STOP:
        return responding.stop_everyone(token=token)
    if choice is Choice.REPORT:
        return cases.report(token=token, words=words)
    kind = AnswerKind.DECLINED if choice is Choice.DECLINE else AnswerKind.DONT_KNOW
    return answering.give(token=token, kind=kind)


@transaction.atomic
def _accept(member: User, uid: UUID) -> bool:
    accepted = _open(member).filter(uid=uid).update(accepted_at=Now())
    if accepted:
        append([Event("invitation.accepted", uid, of_member(member.pk))])
    return bool(accepted)


def _open(member: User) -> QuerySet[Invitation]:
    """Neither answered nor stopped."""
    return (
        _to(member)
        .filter(answer=None, case=None, accepted_at=None, stopped_at=None, withdrawn_at=None)
        .order_by("id")
    )


def _to(member: User) -> QuerySet[Invitation]:
    """All requests to one of the member's verified addresses."""
    hashes: list[str] = []
    for known in EmailAddress.objects.filter(user=member, verified=True):
        with ignore(NotAnAddress):
            hashes += [hashed.value for hashed in hashes_of(known.email)]
    return Invitation.objects.filter(recipient_hash__in=hashes, state=State.REQUESTED)

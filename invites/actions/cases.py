"""A recipient's report: it holds the sender at once, goes to staff, and its page says what follows."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from invites import scopes, tokens
from invites.actions import holding, reopening, staff_events
from invites.consent import MAY_HAVE_LEFT
from invites.delivery import NotAccepted, ServerUnavailable, send_account_mail
from invites.models import Hold, Invitation
from invites.recipients.models import Case, Outcome
from invites.rights import Act
from ledger import clock
from ledger.entries import Event, Fact, append
from ledger.subjects import of_member

log = logging.getLogger(__name__)

LONGEST = 500  # characters of what a reporter may add
TELL_AGAIN_MINUTES = 5


@dataclass(frozen=True, slots=True)
class CasePage:
    """What a reporter may read. A moment that is None has not come yet."""

    opened_at: datetime
    read_at: datetime | None
    decided_at: datetime | None
    decision: str
    what_changed: str


def page(token: str) -> CasePage | None:
    """The report behind a link; None: there is none. Also after withdrawal and erasing. Reads only."""
    case = Case.objects.filter(invitation__token_hash=tokens.hash_of(token)).first()
    if case is None:
        return None
    return CasePage(
        opened_at=case.opened_at,
        read_at=case.read_at,
        decided_at=case.decided_at,
        decision=case.decision,
        what_changed=case.what_changed,
    )


@transaction.atomic
def report(*, token: str, words: str) -> bool:
    """Opens a case, once, and holds everything that its sender has not sent yet.

    `words` beyond LONGEST are cut off. A sender can't escape it by withdrawing. False: the link leads
    to no invitation that left.
    """
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .filter(
            token_hash=tokens.hash_of(token), state__in=MAY_HAVE_LEFT, recipient_hash__isnull=False
        )
        .first()
    )
    if invitation is None:
        return False
    if open_case(invitation, words=words, why="A recipient reported an invitation."):
        append([Event("invitation.reported", invitation.uid)])
    return True


def open_case(invitation: Invitation, *, words: str = "", why: str) -> bool:
    """For staff to look at, with its sender on hold until they have. False: there is one already.

    Inside a transaction, with the invitation locked. `why` names nobody.
    """
    if Case.objects.filter(invitation=invitation).exists():
        return False
    scope = scopes.of_sender(invitation.sender_id)
    holding.hold(scope, reason=why)
    hold = Hold.objects.get(scope=scope, lifted_at=None)
    reopening.void(hold)
    case = Case.objects.create(
        invitation=invitation,
        hold=hold,
        words=words.strip()[:LONGEST],
        opened_at=clock.now(),
    )
    staff_events.tell(
        "complaint.opened",
        reverse("desk:case", args=[case.pk]),
        case=case.pk,
        open=Case.objects.filter(decided_at=None).count(),
    )
    return True


@transaction.atomic
def mark_read(*, case: Case, staff: User) -> None:
    """A person has read it. Twice is once."""
    if Case.objects.filter(pk=case.pk, read_at=None).update(read_at=clock.now()):
        _record("invitation.report_read", case, staff)


class NotStopped(Exception):
    """The complaint can't end with its sender "kept stopped": they are not on hold. str() names them."""


@transaction.atomic
def decide(
    *, case: Case, decision: str, what_changed: str, outcome: Outcome | None, staff: User
) -> None:
    """Says to the reporter what was decided and what changed. A later decision takes its place.

    `outcome` is for staff; None, and REOPENED, are for what two of them have reopened. Raises
    NotStopped.
    """
    sender = case.invitation.sender
    on_hold = Hold.objects.filter(scope=scopes.of_sender(sender.pk), lifted_at=None)
    if outcome is Outcome.KEPT_STOPPED and not on_hold.exists():
        raise NotStopped(sender.get_full_name() or "A closed account")
    mark_read(case=case, staff=staff)
    changed = {"outcome": outcome} if outcome and case.outcome != Outcome.REOPENED else {}
    Case.objects.filter(pk=case.pk).update(
        decision=decision, what_changed=what_changed, decided_at=clock.now(), **changed
    )
    now_is = Case.objects.values_list("outcome", flat=True).get(pk=case.pk)
    _record("invitation.report_decided", case, staff, outcome=now_is)


@transaction.atomic
def answer_all(
    *, ids: list[int], decision: str, what_changed: str, outcome: Outcome | None, staff: User
) -> int:
    """Decides on several reports alike; returns on how many. Whatever was decided meanwhile stays so.

    Raises NotStopped: then nothing is decided.
    """
    waiting = Case.objects.select_for_update(of=("self",)).filter(pk__in=ids, decided_at=None)
    found = list(waiting.select_related("invitation__sender").order_by("id"))
    for case in found:
        decide(
            case=case, decision=decision, what_changed=what_changed, outcome=outcome, staff=staff
        )
    return len(found)


def _record(action: str, case: Case, staff: User, **facts: Fact) -> None:
    append([Event(action, case.invitation.uid, of_member(staff.pk), facts)])


def tell_staff() -> int:
    """Mails everybody on the staff about each new case; returns about how many cases.

    The mail says no more than that there is one. What the server does not take is tried again.
    """
    now = clock.now()
    told = 0
    waiting = Case.objects.filter(told_at=None).exclude(tell_after__gt=now).order_by("id")
    for case in waiting:
        # Another worker may have it.
        mine = Case.objects.filter(pk=case.pk, told_at=None, tell_after=case.tell_after)
        if not mine.update(tell_after=now + timedelta(minutes=TELL_AGAIN_MINUTES)):
            continue
        try:
            people = _mail_about(case)
        except ServerUnavailable as error:
            log.warning("case %s: the mail server is out of reach (%s)", case.pk, error)
            break
        if people:
            Case.objects.filter(pk=case.pk).update(told_at=clock.now())
            told += 1
        else:
            log.error("case %s: nobody on the staff could be told", case.pk)
    return told


def _mail_about(case: Case) -> int:
    """How many people have it now. Raises ServerUnavailable."""
    link = settings.SITE_URL + reverse("desk:case", args=[case.pk])
    text = render_to_string(
        "recipients/email/case.txt", {"link": link, "site_name": settings.SITE_NAME}
    )
    people = 0
    staff = User.objects.filter(is_staff=True, is_active=True).exclude(email="").order_by("id")
    for user in staff:
        if not user.has_perm(Act.LOOK):
            continue
        try:
            send_account_mail(
                template="recipients/email/case",
                to=user.email,
                subject=f"An invitation was reported on {settings.SITE_NAME}",
                text=text,
            )
        except NotAccepted:
            log.warning("case %s: the server did not take the mail to one of the staff", case.pk)
        else:
            people += 1
    return people

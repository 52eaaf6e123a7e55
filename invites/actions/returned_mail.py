"""What came back: every bounce, complaint and receipt passes here, whatever door it came in by.

A door says which invitation it is about, and has made sure of it: by a proof in the mail
(proven_reports.py) or by a provider's signature. The report itself is a stranger's word: it decides
nothing but the fate of this one invitation, and its addresses are compared, never acted on.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from importer.addresses import NotAnAddress
from invites import proven_reports, reports
from invites.actions import cases
from invites.actions.suppressing import Reason, suppress
from invites.addresses import hashes_of
from invites.consent import CAN_COME_BACK, State
from invites.mail_models import ReturnedReport
from invites.models import Invitation, Reservation
from invites.reports import Kind, Recipient, Report
from ledger import clock
from ledger.entries import Event, append

log = logging.getLogger(__name__)

# RFC 5965, 7.3, and what came after it. A type that stands here may stand in the ledger.
_FEEDBACK = frozenset({"abuse", "fraud", "virus", "other", "opt-out", "dmarc"})


class Effect(Enum):
    """What a report did."""

    ORDINARY_MAIL = "none: it is no report"
    NOTHING = "none"
    BOUNCED = "the invitation did not arrive"
    COMPLAINED = "its recipient called it spam"
    ARRIVED = "it did arrive, which was not known"


def take_mail(raw: bytes) -> Effect:
    """A mail that came in by the pipe or the mailbox.

    An ordinary mail, an automatic answer, and a report that proves nothing have no effect.
    """
    report = reports.read(raw)
    if report.kind is Kind.NONE:
        return Effect.ORDINARY_MAIL
    if report.kind is Kind.AUTO_REPLY:
        return Effect.NOTHING
    uid = proven_reports.invitation_of(raw)
    if uid is None:
        log.warning("returned mail: a %s that proves no invitation has no effect", report.kind)
        return Effect.NOTHING
    return take(report, invitation=uid, digest=hashlib.sha256(raw).hexdigest())


@transaction.atomic
def take(report: Report, *, invitation: UUID, digest: str) -> Effect:
    """One report about one invitation, of which the caller has made sure. A digest counts once."""
    about = _locked(invitation)
    if about is None:
        return Effect.NOTHING
    bounce = _bounce(report, about)
    if bounce is None and not (
        report.unwanted or (report.kind is Kind.DELIVERED and about.state == State.UNKNOWN)
    ):
        return Effect.NOTHING
    _, new = ReturnedReport.objects.get_or_create(digest=digest, defaults={"taken_at": clock.now()})
    if not new:
        return Effect.NOTHING
    if bounce is not None:
        return _bounced(about, bounce)
    if report.unwanted:
        return _complained(about, report.feedback)
    _found_out(about, State.SENT)
    append([Event("invitation.arrived", about.uid)])
    return Effect.ARRIVED


def _locked(uid: UUID) -> Invitation | None:
    """The invitation, if it may have left, and within RECIPIENT_DAYS. Others to the person are locked too.

    In one order: two reports must not wait for each other.
    """
    same = Invitation.objects.filter(uid=uid).values("recipient_hash")
    rows = Invitation.objects.select_for_update(of=("self",)).filter(
        Q(uid=uid) | Q(recipient_hash__in=same)
    )
    found = {row.uid: row for row in rows.order_by("id")}.get(uid)
    if found is None or found.state not in CAN_COME_BACK:
        return None
    since = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    return found if found.send_after and found.send_after > since else None


def forget_digests() -> int:
    """Of reports so old that their invitation takes no more of them; returns how many."""
    since = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    return ReturnedReport.objects.filter(taken_at__lte=since).delete()[0]


def _bounce(report: Report, about: Invitation) -> Recipient | None:
    """What a bounce says of this invitation's recipient; None when it is none, or not the last word.

    A mail that was forwarded bounces under another name. Then nothing proves that nobody reads what is
    written to ours: it has not arrived, and is not hard. The same if several are named and none is ours.
    """
    if report.kind is not Kind.BOUNCE or not report.recipients:
        return None
    ours = [told for told in report.recipients if _is_named(about, told)]
    if ours:
        told = ours[0]
    elif len(report.recipients) == 1 and report.recipients[0].address is None:
        told = report.recipients[0]
    else:
        told = replace(report.recipients[0], hard=False)
    return None if told.delayed else told


def _is_named(about: Invitation, told: Recipient) -> bool:
    for address in (told.address or "", *told.aliases):
        try:
            if about.recipient_hash in {hashed.value for hashed in hashes_of(address)}:
                return True
        except NotAnAddress:
            continue
    return False


def _bounced(about: Invitation, told: Recipient) -> Effect:
    """Not delivered, for good. Hard: nobody is there, so nobody need write to this address again."""
    _found_out(about, State.FAILED)
    Invitation.objects.filter(pk=about.pk, bounced_at=None).update(bounced_at=Now())
    append(
        [
            Event(
                "invitation.bounced",
                about.uid,
                facts={"hard": told.hard, "status": (told.status or "")[:9]},
            )
        ]
    )
    if told.hard:
        suppress(about, reason=Reason.BOUNCE)
    return Effect.BOUNCED


def _complained(about: Invitation, feedback: str) -> Effect:
    """Never again from anybody; what its sender has waiting is held, and a person hears of it."""
    _found_out(about, State.SENT)
    kind = feedback if feedback in _FEEDBACK else "other"
    append([Event("invitation.complained", about.uid, facts={"feedback": kind})])
    suppress(about, reason=Reason.COMPLAINT)
    cases.open_case(about, why="A recipient's mail program reported an invitation as spam.")
    return Effect.COMPLAINED


def _found_out(about: Invitation, state: State) -> None:
    """unknown → sent | failed. What was known stays as it is: the server did take the mail."""
    known = Invitation.objects.filter(pk=about.pk, state=State.UNKNOWN).update(
        state=state, finished_at=Now()
    )
    if known and state is State.FAILED:
        Reservation.objects.filter(invitation_uid=about.uid).delete()

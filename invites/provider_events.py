"""What the mail provider tells by webhook: anymail checks the signature, returned_mail does the rest.

https://anymail.dev/en/stable/sending/tracking/ has the events, one for all providers.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from importer.addresses import NotAnAddress
from invites.actions import returned_mail
from invites.addresses import hashes_of
from invites.consent import CAN_COME_BACK
from invites.delivery import ACCOUNT_ID
from invites.models import Invitation, MemberAddress
from invites.reports import Kind, Recipient, Report, reasons
from ledger import clock

log = logging.getLogger(__name__)

# MAIL_PROVIDER → how anymail spells it.
PROVIDERS = {
    "brevo": "Brevo",
    "mailersend": "MailerSend",
    "mailgun": "Mailgun",
    "postmark": "Postmark",
    "resend": "Resend",
    "sendgrid": "SendGrid",
}
_KINDS = {
    EventType.BOUNCED: Kind.BOUNCE,
    EventType.REJECTED: Kind.BOUNCE,  # the provider would not even try
    EventType.FAILED: Kind.BOUNCE,
    EventType.COMPLAINED: Kind.COMPLAINT,
    EventType.DELIVERED: Kind.DELIVERED,
    EventType.AUTORESPONDED: Kind.AUTO_REPLY,
}
_ACCOUNT_MAIL = re.compile(re.escape(ACCOUNT_ID) + r"[0-9a-f]{32}@")
# These know mails by numbers of their own: their events never have our Message-ID.
_BY_ADDRESS_ALONE = {"mailersend", "postmark", "resend"}
# A bounce comes within five days (RFC 5321, 4.5.4.1), a complaint within some more. What comes later is
# about another mail to the same person.
_LATEST = timedelta(days=14)


def connect() -> None:
    """Listens for what anymail has read and checked. Called in apps.py."""
    tracking.connect(_take, dispatch_uid="invites.provider_events")


@csrf_exempt
@login_not_required
def webhook(request: HttpRequest) -> HttpResponse:
    """The one address that the provider posts to. 400 without its signature; 500: it tries again."""
    spelled = PROVIDERS[settings.MAIL_PROVIDER]
    module = import_module(f"anymail.webhooks.{settings.MAIL_PROVIDER}")
    view = getattr(module, f"{spelled}TrackingWebhookView").as_view()
    try:
        answer: HttpResponse = view(request)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # anymail takes a body apart before it knows who sent it: anybody can make it stumble.
        log.warning("provider's event: it can't be read (%s)", type(error).__name__)
        return HttpResponse(status=400)
    return answer


def _take(event: AnymailTrackingEvent, **kwargs: Any) -> None:
    kind = _KINDS.get(event.event_type, Kind.NONE)
    if kind in (Kind.NONE, Kind.AUTO_REPLY) or not event.recipient:
        return
    told = json.dumps(event.esp_event, sort_keys=True, default=str)
    uid = _invitation(event.recipient, told)
    if uid is not None:
        identity = f"{settings.MAIL_PROVIDER}\0{event.event_id or told}"
        digest = hashlib.sha256(identity.encode()).hexdigest()
        returned_mail.take(_report(event, kind), invitation=uid, digest=digest)


def _report(event: AnymailTrackingEvent, kind: Kind) -> Report:
    """Hard only by the receiving server's own words: each provider has another idea of it."""
    said = str(event.mta_response or event.description or "")
    verdict = reasons.judge(said, failed=event.event_type == EventType.BOUNCED)
    return Report(
        kind,
        (Recipient(event.recipient, verdict.hard, verdict.status, verdict.reason.word),),
        feedback="abuse" if kind is Kind.COMPLAINT else "",
    )


def _invitation(recipient: str, told: str) -> UUID | None:
    """The recipient's invitation whose Message-ID the event has. Others' count for nothing: the words of
    a receiving server can hold anything.

    Of a provider whose events have none: their latest (docs/adr/0010). But then not for a member, who
    gets mail about the account, and never about what is known to be account mail: anybody can have the
    stop page mail somebody, and who calls that spam says nothing about who once invited them.
    """
    try:
        hashes = [hashed.value for hashed in hashes_of(recipient)]
    except NotAnAddress:
        return None
    left = Invitation.objects.filter(
        recipient_hash__in=hashes,
        state__in=CAN_COME_BACK,
        send_after__gt=clock.now() - timedelta(days=settings.RECIPIENT_DAYS),
    ).order_by("-send_after", "-id")
    found = list(left.values_list("uid", "send_after"))
    for uid, _ in found:
        if uid.hex in told:
            return uid
    if settings.MAIL_PROVIDER not in _BY_ADDRESS_ALONE or _ACCOUNT_MAIL.search(told):
        return None
    if MemberAddress.objects.filter(address_hash__in=hashes).exists():
        return None
    since = clock.now() - _LATEST
    return next((uid for uid, left_at in found if left_at and left_at > since), None)

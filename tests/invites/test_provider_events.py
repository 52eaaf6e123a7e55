"""A provider's webhook: posts as Mailgun, SendGrid and Postmark make them, and posts that they don't."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from django.test import Client

from invites.actions import account_mails, stopping
from invites.models import Hold, Invitation, Reservation, Suppression
from ledger import clock, guards
from tests import people
from tests.arrivals import arrived, mail_server
from tests.page_rules import every_row
from tests.smtp_sink import Sink
from tests.staff.desk import lifted_by_two

pytestmark = pytest.mark.django_db

URL = "/mail/events/"
KEY = "tests-only-" + "m" * 40
BEA = "bea@norte.example"
NO_USER = "550 5.1.1 <bea@norte.example>: Recipient address rejected: User unknown"
PRIVATE = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    with mail_server(settings) as server:
        yield server


@pytest.fixture
def bea(sink: Sink) -> Invitation:
    return arrived(people.member())


def mailgun(event: str, token: str = "t" * 50, key: str = KEY, **facts: Any) -> dict[str, Any]:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads"""
    timestamp = str(int(time.time()))
    signed = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256)
    return {
        "signature": {"timestamp": timestamp, "token": token, "signature": signed.hexdigest()},
        "event-data": {"event": event, "timestamp": time.time(), "recipient": BEA, **facts},
    }


def about(invitation: Invitation) -> dict[str, Any]:
    """How Mailgun says which mail it was."""
    return {"message": {"headers": {"message-id": f"{invitation.uid.hex}@handpicked.example"}}}


def failed(said: str = NO_USER) -> dict[str, Any]:
    return {
        "severity": "permanent", "reason": "bounce",
        "delivery-status": {"code": 550, "message": said, "description": ""},
    }  # fmt: skip


def post(body: object, **headers: str) -> int:
    """By a browserless client that checks for CSRF, as the provider's is."""
    answer = Client(enforce_csrf_checks=True).post(
        URL, json.dumps(body), content_type="application/json", headers=headers
    )
    return answer.status_code


def test_mailguns_hard_bounce_shuts_the_address(bea: Invitation) -> None:
    assert post(mailgun("failed", **about(bea), **failed())) == 200
    bea.refresh_from_db()
    assert bea.bounced_at
    assert Suppression.objects.get().reason == "bounce"


def test_who_calls_a_stop_mail_spam_says_nothing_about_who_invited_them(
    bea: Invitation, sink: Sink
) -> None:
    stopping.ask(address=BEA, visitor="192.0.2.1")
    account_mails.send_pending()
    mail = email.message_from_bytes(sink.taken[-1][1])
    before = every_row()
    headers = {"headers": {"message-id": mail["Message-ID"].strip("<>")}}
    assert post(mailgun("complained", message=headers)) == 200
    assert post(mailgun("failed", message=headers, **failed())) == 200
    assert every_row() == before


def test_a_temporary_failure_and_an_opened_mail_change_nothing(bea: Invitation) -> None:
    before = every_row()
    temporary = {**failed(), **about(bea), "severity": "temporary"}
    assert post(mailgun("failed", **temporary)) == 200
    assert post(mailgun("opened", **about(bea))) == 200
    assert every_row() == before


def test_a_complaint_holds_the_sender_and_is_not_downgraded_by_later_events(
    bea: Invitation,
) -> None:
    for number, event in enumerate(["complained", "delivered", "failed"]):
        told = mailgun(event, token=f"{number}" * 50, **about(bea), **failed())
        assert post(told) == 200
    assert Suppression.objects.get().reason == "complaint"
    assert Hold.objects.get().scope == f"sender:{bea.sender_id}"


def test_an_event_posted_twice_counts_once(bea: Invitation) -> None:
    event = mailgun("complained", **about(bea))
    assert post(event) == 200
    lifted_by_two(Hold.objects.get().scope)
    before = every_row()
    assert post(event) == 200
    assert every_row() == before


@pytest.mark.parametrize(
    "body",
    [
        mailgun("complained", key="somebody else's"),
        {**mailgun("complained"), "signature": {}},
        {"event-data": {"event": "complained", "recipient": BEA}},
        [],
    ],
    ids=["wrong key", "empty signature", "none", "no object"],
)
def test_without_the_providers_signature_nothing_counts(bea: Invitation, body: object) -> None:
    if isinstance(body, dict):
        body["event-data"] |= about(bea)
    before = every_row()
    assert post(body) == 400
    assert every_row() == before


def test_of_two_invitations_the_one_whose_message_id_is_in_the_event_is_meant(
    bea: Invitation,
) -> None:
    Reservation.objects.all().delete()  # as if a year had passed
    later = arrived(people.member("Tom Berg"))
    post(mailgun("failed", **failed("552 5.2.2 Mailbox full"), **about(bea)))
    bea.refresh_from_db()
    later.refresh_from_db()
    assert bea.bounced_at
    assert later.bounced_at is None


def test_a_receiving_server_can_not_speak_of_somebody_elses_invitation(
    bea: Invitation,
) -> None:
    """Mallory's server refuses her own mail with Bea's Message-ID in its words."""
    arrived(people.member("Tom Berg"), "Mallory", "mallory@evil.example")
    said = f"550 5.1.1 User unknown <{bea.uid.hex}@handpicked.example> bea@norte.example"
    post(mailgun("failed", **failed(said), recipient="mallory@evil.example"))
    bea.refresh_from_db()
    assert bea.bounced_at is None


def test_who_says_which_mail_it_was_and_names_none_of_ours_speaks_of_another(
    bea: Invitation,
) -> None:
    """A newsletter of the same operator, which went to the same person."""
    before = every_row()
    letter = {"message": {"headers": {"message-id": "news-17@handpicked.example"}}}
    for facts in (letter, {}):
        assert post(mailgun("complained", **facts)) == 200
        assert post(mailgun("failed", **failed(), **facts)) == 200
    assert every_row() == before


@pytest.mark.parametrize(
    ("days", "member", "counts"), [(13, False, True), (15, False, False), (1, True, False)]
)
def test_where_events_never_say_which_mail_it_was_the_latest_of_two_weeks_is_meant(
    bea: Invitation, settings: Any, days: int, member: bool, counts: bool
) -> None:
    settings.MAIL_PROVIDER = "postmark"
    settings.ANYMAIL = {"WEBHOOK_SECRET": "hook:a-long-password"}
    if member:
        people.member("Bea Sousa", BEA)
    guards.remove(connection)
    Invitation.objects.update(send_after=clock.now() - timedelta(days=days))
    guards.install(connection)
    event = {
        "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512, "ID": 42,
        "Email": BEA, "MessageID": "00000000-0000-0000-0000-000000000000", "Details": "",
    }  # fmt: skip
    proof = base64.b64encode(b"hook:a-long-password").decode()
    assert post(event, authorization=f"Basic {proof}") == 200
    assert Suppression.objects.filter(reason="complaint").exists() is counts


def test_an_event_about_somebody_who_was_never_invited_changes_nothing(bea: Invitation) -> None:
    before = every_row()
    for recipient in ("stranger@norte.example", "not an address", ""):
        assert post(mailgun("complained", recipient=recipient)) == 200
    assert every_row() == before


# --- other providers ------------------------------------------------------------------------------


def sendgrid(events: list[dict[str, Any]], private: ec.EllipticCurvePrivateKey) -> int:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features"""
    body, timestamp = json.dumps(events), str(int(time.time()))
    signature = private.sign(f"{timestamp}{body}".encode(), ec.ECDSA(hashes.SHA256()))
    return (
        Client()
        .post(
            URL,
            body,
            content_type="application/json",
            headers={
                "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
                "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
            },
        )
        .status_code
    )


@pytest.mark.filterwarnings("ignore:django-anymail has dropped official support")
def test_sendgrids_signed_events_are_believed_and_others_are_not(
    bea: Invitation, settings: Any
) -> None:
    public = PRIVATE.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    settings.MAIL_PROVIDER = "sendgrid"
    settings.ANYMAIL = {
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": base64.b64encode(public).decode()
    }
    bounce = {
        "event": "bounce", "type": "bounce", "email": BEA, "sg_event_id": "1", "reason": NO_USER,
        "status": "5.1.1", "smtp-id": f"<{bea.uid.hex}@handpicked.example>",
    }  # fmt: skip
    assert sendgrid([bounce], ec.generate_private_key(ec.SECP256R1())) == 400
    assert not Suppression.objects.exists()
    assert sendgrid([{"event": "processed", "email": BEA}, bounce], PRIVATE) == 200
    assert Suppression.objects.get().reason == "bounce"


@pytest.mark.django_db(transaction=True)
def test_postmarks_posts_arrive_over_real_http_with_user_and_password_alone(
    bea: Invitation, settings: Any, live_server: Any
) -> None:
    """https://postmarkapp.com/developer/webhooks/spam-complaint-webhook"""
    settings.MAIL_PROVIDER = "postmark"
    settings.ANYMAIL = {"WEBHOOK_SECRET": "hook:a-long-password"}
    event = {
        "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512, "ID": 42,
        "Email": BEA, "MessageID": "00000000-0000-0000-0000-000000000000", "Details": "",
    }  # fmt: skip
    url = live_server.url + URL
    for given in (None, ("hook", "a-wrong-password")):
        assert requests.post(url, json=event, auth=given, timeout=10).status_code == 400
    assert not Suppression.objects.exists()
    assert requests.post(url, json=event, auth=("hook", "a-long-password"), timeout=10).ok
    assert Suppression.objects.get().reason == "complaint"


@pytest.mark.parametrize("provider", ["brevo", "mailersend", "resend"])
def test_every_provider_that_can_be_set_up_wants_proof(provider: str, settings: Any) -> None:
    settings.MAIL_PROVIDER = provider
    settings.ANYMAIL = {"WEBHOOK_SECRET": "hook:a-long-password", "MAILERSEND_SIGNING_SECRET": "s"}
    assert post({"type": "email.complained", "event": "spam", "email": BEA}) == 400

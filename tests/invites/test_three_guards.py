"""Action, worker and database each know the consent rule. With any two disabled, the third holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, connection, transaction

from invites import claiming, consent, outbox, tokens
from invites.actions import confirming, responding
from invites.models import ConsentRecord, Hold, Invitation, PreparedMail
from ledger import clock, guards
from ledger.models import Entry
from tests import people
from tests.smtp_sink import Sink, smtp_sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    settings.UNDO_SECONDS = 0
    settings.EMAIL_HOST = "127.0.0.1"
    with smtp_sink() as server:
        settings.EMAIL_PORT = server.port
        yield server


def disable_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that sends whatever is queued, and never looks."""
    monkeypatch.setattr(claiming.consent, "missing_before_sending", lambda facts: [])
    monkeypatch.setattr(claiming, "HELD", "1 = 0")
    monkeypatch.setattr(outbox, "STOPPED", "1 = 0")
    monkeypatch.setattr(outbox, "HELD", "1 = 0")


# --- hand-made changes to a confirmed mail, each breaking one condition of the rule -----------------


def without_record() -> None:
    ConsentRecord.objects.all().delete()


def record_of_another_mail() -> None:
    ConsentRecord.objects.update(digest="b" * 64)


def other_bytes() -> None:
    mail = PreparedMail.objects.get()
    raw = bytes(mail.raw).replace(b"lawyer", b"banker")
    mail.delete()
    PreparedMail.objects.create(invitation=mail.invitation, raw=raw)


def other_address() -> None:
    Invitation.objects.update(recipient_address="eve@evil.example")


def undo_window_open() -> None:
    ConsentRecord.objects.update(not_before=clock.now() + timedelta(minutes=30))


def taken_back_by_recipient() -> None:
    responding.stop_everyone(token=tokens.token(Invitation.objects.get().uid))


def on_hold() -> None:
    Hold.objects.create(scope="site", reason="x", placed_at=clock.now())


BROKEN = [
    without_record,
    record_of_another_mail,
    other_bytes,
    other_address,
    undo_window_open,
    taken_back_by_recipient,
    on_hold,
]


@pytest.mark.parametrize("break_rule", BROKEN)
def test_with_action_and_database_disabled_the_worker_refuses(
    sink: Sink, break_rule: Callable[[], None]
) -> None:
    invitation = people.confirmed(people.member()).invitations.get()
    guards.remove(connection)
    break_rule()
    outbox.send_due()
    assert sink.taken == []
    invitation.refresh_from_db()
    assert invitation.state in {"cancelled", "blocked", "confirmed"}
    if invitation.state == "cancelled":
        assert Entry.objects.filter(action="invitation.refused", subject=invitation.uid).exists()


@pytest.mark.parametrize("break_rule", BROKEN)
def test_with_action_and_worker_disabled_the_database_refuses(
    sink: Sink, break_rule: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    people.confirmed(people.member())
    disable_worker(monkeypatch)
    if break_rule in (other_bytes, other_address):
        refused = break_rule  # these the database refuses at once
    else:
        # As if a bug had written it: what these change is frozen too, but not what is tested here.
        guards.remove(connection)
        break_rule()
        guards.install(connection)
        refused = outbox.send_due
    with pytest.raises(DatabaseError), transaction.atomic():
        refused()
    assert sink.taken == []


@pytest.mark.parametrize("change", ["name", "stored bytes", "digest"])
def test_with_worker_and_database_disabled_the_action_refuses(
    sink: Sink, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = people.member()
    people.reviewed(owner)
    page = confirming.check(member=owner)
    guards.remove(connection)
    disable_worker(monkeypatch)
    if change == "name":
        owner.first_name = "Anna"  # the mail names her otherwise than the card did
        owner.save()
        assert EmailAddress.objects.filter(user=owner, verified=True).exists()
    elif change == "stored bytes":
        other_bytes()
    else:
        Invitation.objects.update(reviewed_digest="b" * 64)
    with pytest.raises(consent.StaleConfirmation):
        confirming.confirm(member=owner, fingerprint=page.fingerprint, nudge=lambda batch: None)
    outbox.send_due()
    assert sink.taken == []


def test_with_none_disabled_it_leaves(sink: Sink) -> None:
    people.confirmed(people.member())
    outbox.send_due()
    assert len(sink.taken) == 1

"""Once on the list, always on the list: for every spelling, under every key, until staff lift it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from invites import addresses, scopes
from invites.actions.holding import hold, lift
from invites.actions.suppressing import Reason, suppress
from invites.models import Hold, Invitation, Suppression
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return people.member()


def test_an_address_is_suppressed_once_and_the_ledger_says_why_without_saying_who(
    ana: User,
) -> None:
    waiting = people.confirmed(ana).invitations.get()

    assert suppress("Bea0+list@Norte.example", reason=Reason.STAFF, actor=of_member(ana.pk))
    assert not suppress("bea0@norte.example", reason=Reason.BOUNCE)

    waiting.refresh_from_db()
    assert waiting.stopped_at
    row = Suppression.objects.get()
    assert (row.reason, row.key_id, row.normaliser) == ("staff", addresses.key_id(), 1)
    entry = Entry.objects.get(action="address.suppressed")
    assert entry.facts == {"reason": "staff", "from": "everyone"}
    assert entry.actor == of_member(ana.pk)


def test_an_invitation_can_stand_for_its_address_even_when_that_is_erased(ana: User) -> None:
    invitation = people.confirmed(ana).invitations.get()
    Invitation.objects.update(recipient_address="", recipient_name="")
    invitation.refresh_from_db()

    assert suppress(invitation, reason=Reason.RECIPIENT)

    assert not suppress("bea0@norte.example", reason=Reason.STAFF)


def test_one_senders_stop_leaves_the_others_alone(ana: User) -> None:
    tom = people.member("Tom Berg")
    of_ana, of_tom = (people.confirmed(who).invitations.get() for who in (ana, tom))

    suppress(of_ana, reason=Reason.RECIPIENT, sender=ana)

    of_ana.refresh_from_db()
    of_tom.refresh_from_db()
    assert of_ana.stopped_at
    assert of_tom.stopped_at is None


@pytest.mark.parametrize(
    "spelling",
    ["b.e.a@gmail.com", "BEA+x@gmail.com", "be.a+y.z@googlemail.com", "bea@GoogleMail.com"],
)
def test_gmail_knows_one_mailbox_by_many_spellings(spelling: str) -> None:
    suppress("bea@gmail.com", reason=Reason.STAFF)

    assert not suppress(spelling, reason=Reason.STAFF)


def test_a_new_key_forgets_nobody(ana: User, settings: Any) -> None:
    suppress("bea@norte.example", reason=Reason.RECIPIENT)
    settings.OLD_ADDRESS_KEYS, settings.ADDRESS_KEY = [settings.ADDRESS_KEY], b"n" * 40

    hashes = {hashed.value for hashed in addresses.hashes_of("bea@norte.example")}
    assert Suppression.objects.filter(address_hash__in=hashes).count() == 1
    # From now on both hashes are on the list, each with the name of its key.
    assert suppress("bea@norte.example", reason=Reason.STAFF)
    assert set(Suppression.objects.values_list("key_id", flat=True)) == {
        addresses.key_id(),
        addresses.key_id(settings.OLD_ADDRESS_KEYS[0]),
    }


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM invites_suppression",
        "UPDATE invites_suppression SET address_hash = 'x'",
        "UPDATE invites_suppression SET sender_id = 1",
        "UPDATE invites_suppression SET reason = 'never'",
        "UPDATE invites_suppression SET lifted_at = created_at",  # without a reason
    ],
)
def test_the_database_lets_nobody_take_an_address_off_the_list(ana: User, change: str) -> None:
    suppress("bea@norte.example", reason=Reason.RECIPIENT)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_hold_is_placed_once_and_lifted_once_and_both_are_on_the_ledger(ana: User) -> None:
    staff = of_member(ana.pk)

    assert hold(scopes.of_sender(ana.pk), reason="complaints")
    assert not hold(scopes.of_sender(ana.pk), reason="complaints")
    assert hold(scopes.SITE, reason="a restored database", actor=staff)
    assert lift(scopes.SITE, reason="looked at", actor=staff)
    assert not lift(scopes.SITE, reason="looked at", actor=staff)
    assert hold(scopes.SITE, reason="again")

    assert Hold.objects.filter(lifted_at=None).count() == 2
    said = list(Entry.objects.filter(action__startswith="hold.").order_by("id"))
    assert [(entry.action, entry.facts["scope"]) for entry in said] == [
        ("hold.placed", "sender"),
        ("hold.placed", "site"),
        ("hold.lifted", "site"),
        ("hold.placed", "site"),
    ]
    assert said[0].subject == of_member(ana.pk)
    assert said[1].subject == said[2].subject
    with pytest.raises(ValueError, match="names nobody"), transaction.atomic():
        hold("source:google", reason="bea@norte.example complained")

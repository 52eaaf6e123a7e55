"""Hand-made SQL against the database's own checks. Whatever the code does, these hold."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from invites.actions import drafting
from invites.consent import NEEDS_CONSENT, TRANSITIONS, State
from invites.models import ConsentRecord, Invitation
from ledger import clock, guards
from ledger.models import Entry
from tests import people

pytestmark = pytest.mark.django_db


def sql(statement: str, *params: Any) -> int:
    """Runs one hand-made statement in a savepoint; returns the rows it touched."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def refused(statement: str, *params: Any) -> str:
    """Runs a statement that the database must refuse; returns its words."""
    with pytest.raises(DatabaseError) as caught:
        sql(statement, *params)
    return str(caught.value)


@pytest.fixture
def confirmed(settings: Any) -> Invitation:
    settings.UNDO_SECONDS = 0
    return people.confirmed(people.member()).invitations.get()


def bring_to(invitation: Invitation, state: State) -> None:
    """Puts an invitation into any state by hand, with the guards taken away."""
    guards.remove(connection)
    draft = state in (State.CHOSEN, State.REVIEWED)
    Invitation.objects.filter(pk=invitation.pk).update(
        state=state,
        reviewed_digest=None if state == State.CHOSEN else invitation.reviewed_digest,
        confirmed_digest=None if draft else invitation.confirmed_digest,
        batch=None if draft else invitation.batch,
        claim=invitation.uid if state in (State.CLAIMED, State.SENDING) else None,
    )
    guards.install(connection)


def changed_sets(invitation: Invitation, state: State) -> str:
    """SET of an UPDATE that satisfies every CHECK of `state`, so that only the trigger can object."""
    draft = state in (State.CHOSEN, State.REVIEWED)
    values = {
        "state": f"'{state}'",
        "reviewed_digest": "NULL" if state == State.CHOSEN else f"'{invitation.reviewed_digest}'",
        "confirmed_digest": "NULL" if draft else f"'{invitation.confirmed_digest}'",
        "batch_id": "NULL" if draft else str(invitation.batch_id),
        "claim": f"'{invitation.uid.hex}'",
    }
    return ", ".join(f"{column} = {value}" for column, value in values.items())


@pytest.mark.parametrize("before", State)
def test_no_row_changes_its_state_in_a_way_the_list_does_not_name(
    confirmed: Invitation, before: State
) -> None:
    bring_to(confirmed, before)
    for after in set(State) - {before}:
        statement = (
            f"UPDATE invites_invitation SET {changed_sets(confirmed, after)} "
            f"WHERE id = {confirmed.pk}"
        )
        if (before, after) in TRANSITIONS:
            with transaction.atomic():
                assert sql(statement) == 1, after
                transaction.set_rollback(True)
        else:
            words = refused(statement)
            assert "change its state" in words or "is not changed" in words, after


@pytest.mark.parametrize("after", sorted(NEEDS_CONSENT))
def test_no_row_gets_near_the_server_without_its_consent_record(
    confirmed: Invitation, after: State
) -> None:
    before = next(first for first, second in sorted(TRANSITIONS) if second == after)
    bring_to(confirmed, before)
    guards.remove(connection)
    ConsentRecord.objects.all().delete()
    guards.install(connection)
    words = refused(
        f"UPDATE invites_invitation SET {changed_sets(confirmed, after)} WHERE id = {confirmed.pk}"
    )
    assert "no consent record" in words


def test_a_consent_record_for_another_mail_is_no_consent(confirmed: Invitation) -> None:
    bring_to(confirmed, State.REVIEWED)
    other = "b" * 64
    words = refused(
        "UPDATE invites_invitation SET state = 'confirmed', reviewed_digest = %s, "
        "confirmed_digest = %s, batch_id = %s WHERE id = %s",
        other, other, confirmed.batch_id, confirmed.pk,
    )  # fmt: skip
    assert "no consent record" in words


@pytest.mark.parametrize("state", sorted(set(State) - {State.CHOSEN}))
def test_no_invitation_begins_its_life_confirmed(confirmed: Invitation, state: State) -> None:
    columns = [field.column for field in Invitation._meta.concrete_fields if field.column != "id"]
    copied = ", ".join(
        {"state": f"'{state}'", "uid": f"'{'0' * 32}'", "token_hash": "'x'"}.get(name, name)
        for name in columns
    )
    words = refused(
        f"INSERT INTO invites_invitation ({', '.join(columns)}) SELECT {copied} FROM invites_invitation"
    )
    assert "begins as chosen" in words or "already" in words


def test_the_undo_window_is_the_records_and_can_not_be_shortened(settings: Any) -> None:
    settings.UNDO_SECONDS = 1800
    invitation = people.confirmed(people.member()).invitations.get()
    sql(
        f"UPDATE invites_invitation SET send_after = {clock.sql_in(-60)} WHERE id = %s",
        invitation.pk,
    )
    words = refused(
        "UPDATE invites_invitation SET state = 'claimed', claim = uid WHERE id = %s", invitation.pk
    )
    assert "undo window" in words


@pytest.mark.parametrize(
    "stop",
    [
        "UPDATE invites_invitation SET stopped_at = {now}",
        "UPDATE invites_invitation SET withdrawn_at = {now}",
        "UPDATE invites_invitation SET recipient_hash = NULL",
        "INSERT INTO invites_suppression (address_hash, sender_id, reason, key_id, normaliser, created_at)"
        " SELECT recipient_hash, NULL, 'recipient', 'k', 1, {now} FROM invites_invitation",
        "INSERT INTO invites_suppression (address_hash, sender_id, reason, key_id, normaliser, created_at)"
        " SELECT recipient_hash, sender_id, 'recipient', 'k', 1, {now} FROM invites_invitation",
        "INSERT INTO invites_hold (scope, reason, placed_at) VALUES ('site', 'x', {now})",
        "INSERT INTO invites_hold (scope, reason, placed_at) "
        "SELECT 'sender:' || sender_id, 'x', {now} FROM invites_invitation",
        "INSERT INTO invites_hold (scope, reason, placed_at) "
        "SELECT 'batch:' || batch_id, 'x', {now} FROM invites_invitation",
        "INSERT INTO invites_hold (scope, reason, placed_at) VALUES ('source:google', 'x', {now})",
    ],
)
def test_nothing_stopped_or_held_is_sent(confirmed: Invitation, stop: str) -> None:
    bring_to(confirmed, State.CLAIMED)
    sql(stop.format(now=clock.sql_now()))
    words = refused("UPDATE invites_invitation SET state = 'sending'")
    assert "stopped or on hold" in words


@pytest.mark.parametrize(
    "change",
    [
        "uid = '00000000000000000000000000000001'",
        "id = id + 1",
        "recipient_address = 'eve@evil.example'",
        "recipient_name = 'Eve'",
        "recipient_hash = 'e'",
        "confirmed_digest = 'e', reviewed_digest = 'e'",
        "token_hash = 'e'",
        "relationship = 'friend'",
        "own_line = 'Buy now'",
        "own_line = 'Buy now', recipient_address = ''",
    ],
)
def test_a_confirmed_invitation_is_not_changed(confirmed: Invitation, change: str) -> None:
    words = refused(f"UPDATE invites_invitation SET {change}")
    assert "not changed" in words


def test_the_senders_own_words_are_erased_together_with_the_recipient() -> None:
    owner = people.member()
    invitation = people.chosen(owner)
    drafting.write(member=owner, note=people.NOTE)
    drafting.save_words(member=owner, uid=invitation.uid, own_line="Bea, remember Porto?")
    invitation.refresh_from_db()
    people.decided(owner, invitation)
    people.confirm(owner)
    words = refused("UPDATE invites_invitation SET own_line = ''")
    assert "not changed" in words
    sql("UPDATE invites_invitation SET own_line = '', relationship_words = '', "
        "recipient_name = '', recipient_address = ''")  # fmt: skip
    invitation.refresh_from_db()
    assert invitation.own_line == ""


@pytest.mark.parametrize("column", ["id", "uid", "token_hash", "recipient_hash"])
def test_a_draft_can_not_take_the_place_of_an_invitation_that_was_sent(
    confirmed: Invitation, column: str
) -> None:
    draft = people.chosen(confirmed.sender, "Carlos Rui", "carlos@sul.example")
    bring_to(confirmed, State.SENT)
    verb = "UPDATE OR REPLACE" if connection.vendor == "sqlite" else "UPDATE"
    words = refused(
        f"{verb} invites_invitation SET {column} = "
        f"(SELECT s.{column} FROM invites_invitation s WHERE s.state = 'sent') WHERE id = %s",
        draft.pk,
    )
    assert "not changed into another" in words


def test_a_consent_record_can_not_be_forged_for_a_mail_that_is_only_reviewed(
    confirmed: Invitation,
) -> None:
    reviewed = people.reviewed(confirmed.sender, "Carlos Rui", "carlos@sul.example")
    copied = "batch_uid, sender_subject, recipient_subject"
    rest = "relationship, fingerprint, count, notice_version, confirmed_at, not_before"
    for digest, fingerprint in (("b" * 64, "fingerprint"), (reviewed.reviewed_digest, "'f'")):
        words = refused(
            f"INSERT INTO invites_consentrecord (invitation_uid, digest, {copied}, {rest}) "
            f"SELECT i.uid, %s, {copied}, c.relationship, c.{fingerprint}, "
            "c.count, c.notice_version, c.confirmed_at, c.not_before "
            "FROM invites_consentrecord c, invites_invitation i WHERE i.id = %s".replace(
                "c.'f'", "'f'"
            ),
            digest,
            reviewed.pk,
        )
        assert "needs a reviewed card" in words


@pytest.mark.parametrize("column", ["fingerprint", "count", "confirmed_at", "not_before"])
def test_a_batch_is_never_changed_or_deleted(confirmed: Invitation, column: str) -> None:
    value = {"fingerprint": "'f'", "count": "9"}.get(column, clock.sql_in(-3600))
    assert "never changed" in refused(f"UPDATE invites_batch SET {column} = {value}")
    assert "never deleted" in refused("DELETE FROM invites_batch")


def test_a_recipient_can_be_erased_from_a_confirmed_invitation(confirmed: Invitation) -> None:
    touched = sql(
        "UPDATE invites_invitation SET recipient_address = '', recipient_name = '', recipient_hash = NULL"
    )
    assert touched == 1


def test_a_confirmed_invitation_is_not_deleted_to_make_room_for_a_second(
    confirmed: Invitation,
) -> None:
    assert "not deleted" in refused("DELETE FROM invites_invitation")


def test_a_confirmed_mail_is_never_changed_deleted_or_replaced(confirmed: Invitation) -> None:
    assert "never changed" in refused("UPDATE invites_preparedmail SET raw = raw")
    assert "only with its recipient" in refused("DELETE FROM invites_preparedmail")
    copy = "INSERT INTO invites_preparedmail (invitation_id, raw) SELECT invitation_id, raw"
    assert "never replaced" in refused(f"{copy} FROM invites_preparedmail")
    bring_to(confirmed, State.SENT)
    assert "only with its recipient" in refused("DELETE FROM invites_preparedmail")
    sql("UPDATE invites_invitation SET recipient_address = ''")
    assert sql("DELETE FROM invites_preparedmail") == 1, "after a year both are erased"
    assert "never replaced" in refused(
        "INSERT INTO invites_preparedmail (invitation_id, raw) "
        "SELECT id, uid FROM invites_invitation"
        if connection.vendor == "sqlite"
        else "INSERT INTO invites_preparedmail (invitation_id, raw) "
        "SELECT id, 'x'::bytea FROM invites_invitation"
    )


@pytest.mark.parametrize("model", [ConsentRecord, Entry])
def test_what_was_recorded_is_never_changed_or_deleted(
    confirmed: Invitation, model: type[models.Model]
) -> None:
    table = model._meta.db_table
    count = model._default_manager.count()
    assert count > 0
    for field in model._meta.concrete_fields:
        assert "append-only" in refused(f"UPDATE {table} SET {field.column} = {field.column}")
    assert "append-only" in refused(f"DELETE FROM {table}")
    if connection.vendor == "postgresql":
        assert "append-only" in refused(f"TRUNCATE {table}")
    assert model._default_manager.count() == count


@pytest.mark.parametrize("model", [ConsentRecord, Entry, Invitation])
def test_nothing_recorded_is_replaced(confirmed: Invitation, model: type[models.Model]) -> None:
    table = model._meta.db_table
    before = list(model._default_manager.values())
    verb = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"
    refused(f"{verb} INTO {table} SELECT * FROM {table}")
    columns = [field.column for field in model._meta.concrete_fields]
    for unique in ("id", "uid", "token_hash", "invitation_uid"):
        if unique in columns:
            others = ", ".join(
                column if column in (unique, "sender_id", "batch_id") else f"{column}"
                for column in columns
                if column != "id" or unique == "id"
            )
            refused(f"{verb} INTO {table} ({others}) SELECT {others} FROM {table}")
    assert list(model._default_manager.values()) == before


def test_every_declared_guard_is_installed() -> None:
    assert guards.missing(connection) == []
    assert len(guards.declared()) >= 15


def test_a_start_without_a_guard_is_refused() -> None:
    guard = guards.declared()[0]
    sql(guard.drop(connection.vendor))
    assert guards.missing(connection) == [guard.name]
    with pytest.raises(Exception, match=f"guard {guard.name} is missing"):
        call_command("check", databases=["default"])


def test_a_guard_that_was_replaced_by_an_empty_one_counts_as_missing() -> None:
    guard = next(g for g in guards.declared() if g.name == "invites_invitation_consent")
    if connection.vendor == "sqlite":
        sql(guard.drop("sqlite"))
        sql(f"CREATE TRIGGER {guard.name} BEFORE UPDATE ON {guard.table} BEGIN SELECT 1; END")
    else:
        sql(
            f"CREATE OR REPLACE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RETURN NEW; END $$"
        )
    assert guards.missing(connection) == [guard.name]


def test_a_guard_that_was_switched_off_counts_as_missing() -> None:
    guard = next(g for g in guards.declared() if g.name == "invites_invitation_consent")
    if connection.vendor == "sqlite":
        sql(guard.drop("sqlite"))  # SQLite knows no other way
    else:
        sql(f"ALTER TABLE {guard.table} ENABLE REPLICA TRIGGER {guard.name}")
    assert guards.missing(connection) == [guard.name]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["Invitation", "ConsentRecord", "PreparedMail", "Entry"])
def test_guards_survive_a_rebuild_of_their_table(name: str) -> None:
    model = next(model for model in apps.get_models() if model.__name__ == name)
    field = models.TextField(default="", db_default="")
    field.set_attributes_from_name("added_by_a_migration")
    field.model = model
    guards._before_migration(using="default")
    with connection.schema_editor() as editor:
        editor.add_field(model, field)
    with connection.schema_editor() as editor:
        editor.remove_field(model, field)
    # Without the hooks SQLite would have lost them silently.
    if connection.vendor == "sqlite":
        assert set(guards.missing(connection)) >= {
            guard.name
            for guard in guards.declared()
            if guard.table == model._meta.db_table and guard.sqlite
        }
    guards._after_migration(sender=list(apps.get_app_configs())[-1], using="default")
    assert guards.missing(connection) == []

"""The consent rule a third time, in the database: it holds against a bug and against hand-made SQL.

The lists are those of consent.py; ledger/guards.py puts the triggers in place after every migration.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model

from invites import scopes
from invites.consent import DEPARTURES, DRAFT_STATES, LEAVES_ROOM, NEEDS_CONSENT, TRANSITIONS, State
from ledger.clock import SQL_NOW
from ledger.guards import Guard, append_only, refusal

TABLE = "invites_invitation"

# On which holds an invitation can be kept; `row` is a table's alias, or NEW in a trigger.
HOLD_SCOPES = (
    f"'{scopes.SITE}', '{scopes.SENDER}:' || CAST({{row}}.sender_id AS text), "
    f"'{scopes.BATCH}:' || CAST({{row}}.batch_id AS text), '{scopes.SOURCE}:' || {{row}}.source"
)
HELD = (
    "EXISTS (SELECT 1 FROM invites_hold h WHERE h.lifted_at IS NULL AND h.scope IN ("
    + HOLD_SCOPES
    + "))"
)
SUPPRESSED = (
    "EXISTS (SELECT 1 FROM invites_suppression s WHERE s.address_hash IN "
    "({row}.recipient_hash, {row}.domain_hash) AND s.lifted_at IS NULL "
    "AND (s.sender_id IS NULL OR s.sender_id = {row}.sender_id))"
)
# Who can't sign in any more (a closed account) sends nothing either.
ACTIVE = (
    f"EXISTS (SELECT 1 FROM {get_user_model()._meta.db_table} u "
    "WHERE u.id = {row}.sender_id AND u.is_active)"
)
# Who has answered has the mail, even if the server said that it had not taken it: never a second one.
ANSWERED = (
    "({row}.accepted_at IS NOT NULL "
    "OR EXISTS (SELECT 1 FROM invites_answer a WHERE a.invitation_id = {row}.id) "
    "OR EXISTS (SELECT 1 FROM invites_case r WHERE r.invitation_id = {row}.id))"
)
STOPPED = (
    "({row}.stopped_at IS NOT NULL OR {row}.withdrawn_at IS NOT NULL OR " + ANSWERED + " "
    "OR {row}.recipient_hash IS NULL OR NOT " + ACTIVE + " OR " + SUPPRESSED + ")"
)
CONSENT = (
    "EXISTS (SELECT 1 FROM invites_consentrecord c WHERE c.invitation_uid = {row}.uid "
    "AND c.digest = {row}.confirmed_digest AND c.digest = {row}.reviewed_digest)"
)


def _states(states: frozenset[State]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


def _undo_window_open(now: str) -> str:
    return (
        f"NEW.state IN ('claimed', {_states(DEPARTURES)}) AND NEW.state <> OLD.state "
        f"AND (NEW.send_after > {now} OR EXISTS (SELECT 1 FROM invites_consentrecord c "
        f"WHERE c.invitation_uid = NEW.uid AND c.not_before > {now}))"
    )


def _per_vendor(name: str, event: str, sqlite: str, postgresql: str, sentence: str) -> Guard:
    first = refusal(name, TABLE, event, sqlite, sentence)
    second = refusal(name, TABLE, event, postgresql, sentence)
    return Guard(name, TABLE, sqlite=first.sqlite, postgresql=second.postgresql)


def _changed(*columns: str) -> str:
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


# Whose invitation it is and to whom, from its first moment on: UPDATE OR REPLACE could otherwise
# turn a draft into one that has been sent, and delete that on the way.
_identity = _changed("id", "uid", "sender_id", "token_hash")
_frozen = _changed(
    "batch_id", "reviewed_digest", "confirmed_digest", "relationship", "source", "source_label",
)  # fmt: skip
# The sender's own words go with the recipient, for they may name them, and in no other way.
_own_words = (
    f"(({_changed('own_line', 'relationship_words')}) AND NOT (NEW.recipient_address = '' "
    "AND NEW.own_line = '' AND NEW.relationship_words = ''))"
)
# Erasing empties a recipient's fields; nothing else may change them.
_erased_only = (
    "(NEW.recipient_address <> OLD.recipient_address AND NEW.recipient_address <> '') OR "
    "(NEW.recipient_name <> OLD.recipient_name AND NEW.recipient_name <> '') OR "
    "(NEW.recipient_hash IS DISTINCT FROM OLD.recipient_hash AND NEW.recipient_hash IS NOT NULL) OR "
    "(NEW.domain_hash IS DISTINCT FROM OLD.domain_hash AND NEW.domain_hash IS NOT NULL)"
)

# What a consent record must match: the card that was decided on, and the batch it says.
_agreed = (
    f"EXISTS (SELECT 1 FROM {TABLE} i JOIN invites_batch b ON b.sender_id = i.sender_id "
    "WHERE i.uid = NEW.invitation_uid AND i.state = 'reviewed' AND i.reviewed_digest = NEW.digest "
    "AND b.uid = NEW.batch_uid AND b.fingerprint = NEW.fingerprint AND b.count = NEW.count "
    "AND b.confirmed_at = NEW.confirmed_at AND b.not_before = NEW.not_before)"
)
_batch = _changed("id", "uid", "sender_id", "fingerprint", "count", "confirmed_at", "not_before")

_suppression = _changed(
    "id", "address_hash", "sender_id", "reason", "key_id", "normaliser", "created_at",
)  # fmt: skip

# A link that was made says what was confirmed; its words can only be emptied, all together.
_link = _changed(
    "id", "uid", "sender_id", "person_hash", "token_hash", "source_label", "relationship", "digest",
    "confirmed_at",
)  # fmt: skip
_link_words = _changed(
    "recipient_name", "sender_name", "sender_first_name", "sender_address", "relationship_words",
    "words",
)  # fmt: skip

# A hold under which somebody complained about its sender is lifted by two of the staff.
_complained_about = "EXISTS (SELECT 1 FROM invites_case k WHERE k.hold_id = {hold}.id)"
_agreed_to = (
    "EXISTS (SELECT 1 FROM invites_reopening r WHERE r.hold_id = OLD.id AND r.state = 'agreed')"
)
_proposal = _changed("id", "hold_id", "reason", "proposed_by_id", "proposed_at")
_of_the_staff = (
    f"EXISTS (SELECT 1 FROM {get_user_model()._meta.db_table} u "
    "WHERE u.id = {person} AND u.is_active AND u.is_staff)"
)

GUARDS: list[Guard] = [
    refusal(
        "invites_hold_lifted_by_two", "invites_hold", "UPDATE",
        f"{_changed('id', 'scope')} OR (NEW.lifted_at IS NOT NULL AND OLD.lifted_at IS NULL "
        f"AND {_complained_about.format(hold='OLD')} AND NOT {_agreed_to})",
        "two people lift a hold on a sender somebody complained about",
    ),
    refusal(
        "invites_hold_no_replace", "invites_hold", "INSERT",
        f"{_complained_about.format(hold='NEW')} OR EXISTS (SELECT 1 FROM invites_hold h "
        "WHERE h.scope = NEW.scope AND h.lifted_at IS NULL AND NEW.lifted_at IS NULL)",
        "this is on hold already",
    ),
    # Without its complaint one person could lift the hold.
    refusal(
        "invites_case_no_delete", "invites_case", "DELETE", "OLD.hold_id IS NOT NULL",
        "a complaint is never deleted",
    ),
    refusal(
        "invites_case_no_replace", "invites_case", "INSERT",
        "EXISTS (SELECT 1 FROM invites_case k WHERE k.id = NEW.id "
        "OR k.invitation_id = NEW.invitation_id)",
        "this invitation was reported already",
    ),
    refusal(
        "invites_case_keeps_its_hold", "invites_case", "UPDATE",
        f"OLD.hold_id IS NOT NULL AND ({_changed('id', 'invitation_id', 'hold_id')})",
        "a complaint keeps its hold",
    ),
    refusal(
        "invites_reopening_begins_proposed", "invites_reopening", "INSERT",
        "NEW.state <> 'proposed' OR EXISTS (SELECT 1 FROM invites_reopening r WHERE r.id = NEW.id "
        "OR (r.hold_id = NEW.hold_id AND r.state = 'proposed'))",
        "a reopening begins as one proposal",
    ),
    refusal(
        "invites_reopening_decided_once", "invites_reopening", "UPDATE",
        f"OLD.state <> 'proposed' OR {_proposal} OR (NEW.state = 'agreed' AND NOT ("
        + _of_the_staff.format(person="NEW.proposed_by_id") + " AND "
        + _of_the_staff.format(person="NEW.decided_by_id") + "))",
        "a proposal to reopen is decided once, by two of the staff",
    ),
    refusal(
        "invites_reopening_no_delete", "invites_reopening", "DELETE", "",
        "a proposal to reopen is never deleted",
    ),
    refusal(
        "invites_personallink_frozen", "invites_personallink", "UPDATE",
        f"{_link} OR (({_link_words}) AND NEW.erased_at IS NULL) "
        "OR (OLD.erased_at IS NOT NULL AND NEW.erased_at IS NULL)",
        "a personal link is never changed, only erased",
    ),
    refusal(
        "invites_personallink_no_delete", "invites_personallink", "DELETE", "",
        "a personal link is never deleted",
    ),
    refusal(
        "invites_personallink_no_replace", "invites_personallink", "INSERT",
        "EXISTS (SELECT 1 FROM invites_personallink l WHERE l.id = NEW.id OR l.uid = NEW.uid "
        "OR l.token_hash = NEW.token_hash "
        "OR (l.sender_id = NEW.sender_id AND l.person_hash = NEW.person_hash))",
        "this person has a link from this sender already",
    ),
    *append_only("invites_consentrecord", unique=("id", "invitation_uid")),
    refusal(
        "invites_consentrecord_agreed", "invites_consentrecord", "INSERT", f"NOT {_agreed}",
        "a consent record needs a reviewed card and its batch",
    ),
    refusal(
        "invites_batch_frozen", "invites_batch", "UPDATE", _batch, "a batch is never changed",
    ),
    refusal("invites_batch_no_delete", "invites_batch", "DELETE", "", "a batch is never deleted"),
    refusal(
        "invites_suppression_no_delete", "invites_suppression", "DELETE", "OLD.reason <> 'never'",
        "a suppression stays for good",
    ),
    # All that may ever change is that it is lifted, once, with a reason.
    refusal(
        "invites_suppression_frozen", "invites_suppression", "UPDATE",
        f"{_suppression} OR OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL "
        "OR OLD.reason = 'never'",
        "a suppression is never changed, only lifted",
    ),
    refusal(
        "invites_suppression_no_replace", "invites_suppression", "INSERT",
        "EXISTS (SELECT 1 FROM invites_suppression s WHERE s.id = NEW.id OR (s.lifted_at IS NULL "
        "AND s.address_hash = NEW.address_hash AND s.sender_id IS NOT DISTINCT FROM NEW.sender_id "
        "AND (s.reason = 'never') = (NEW.reason = 'never')))",
        "this address is suppressed already",
    ),
    refusal(
        "invites_preparedmail_no_update", "invites_preparedmail", "UPDATE", "",
        "a prepared mail is never changed",
    ),
    # The bytes that were looked at are the bytes that leave: none put in their place afterwards.
    refusal(
        "invites_preparedmail_no_insert", "invites_preparedmail", "INSERT",
        f"EXISTS (SELECT 1 FROM {TABLE} i WHERE i.id = NEW.invitation_id "
        f"AND i.state NOT IN ({_states(DRAFT_STATES)}))",
        "a confirmed mail is never replaced",
    ),
    refusal(
        "invites_preparedmail_no_delete", "invites_preparedmail", "DELETE",
        f"EXISTS (SELECT 1 FROM {TABLE} i WHERE i.id = OLD.invitation_id "
        f"AND i.state NOT IN ({_states(DRAFT_STATES)}) AND i.recipient_address <> '')",
        "a confirmed mail is deleted only with its recipient",
    ),
    refusal(
        "invites_invitation_begins_chosen", TABLE, "INSERT", "NEW.state <> 'chosen'",
        "an invitation begins as chosen",
    ),
    # INSERT OR REPLACE would delete the rows in its way without asking any other guard.
    refusal(
        "invites_invitation_no_replace", TABLE, "INSERT",
        f"EXISTS (SELECT 1 FROM {TABLE} i WHERE i.id = NEW.id OR i.uid = NEW.uid "
        "OR i.token_hash = NEW.token_hash OR (i.sender_id = NEW.sender_id "
        f"AND i.recipient_hash = NEW.recipient_hash AND i.state NOT IN ({_states(LEAVES_ROOM)})))",
        "this person has an invitation from this sender already",
    ),
    refusal(
        "invites_invitation_transitions", TABLE, "UPDATE OF state",
        "NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ("
        + ", ".join(sorted(f"'{before}>{after}'" for before, after in TRANSITIONS))
        + ")",
        "an invitation can not change its state this way",
    ),
    refusal(
        "invites_invitation_consent", TABLE, "UPDATE OF state",
        f"NEW.state <> OLD.state AND NEW.state IN ({_states(NEEDS_CONSENT)}) "
        f"AND NOT {CONSENT.format(row='NEW')}",
        "there is no consent record for this mail",
    ),
    _per_vendor(
        "invites_invitation_undo_window", "UPDATE OF state",
        _undo_window_open(SQL_NOW["sqlite"]),
        _undo_window_open(SQL_NOW["postgresql"]),
        "the undo window is still open",
    ),
    refusal(
        "invites_invitation_stopped", TABLE, "UPDATE OF state",
        f"NEW.state IN ({_states(DEPARTURES)}) AND NEW.state <> OLD.state "
        f"AND ({STOPPED.format(row='NEW')} OR {HELD.format(row='NEW')})",
        "this invitation is stopped or on hold",
    ),
    refusal(
        "invites_invitation_identity", TABLE, "UPDATE", f"{_identity} OR {_erased_only}",
        "an invitation is not changed into another",
    ),
    refusal(
        "invites_invitation_frozen", TABLE, "UPDATE",
        f"OLD.state NOT IN ({_states(DRAFT_STATES)}) AND ({_frozen} OR {_own_words})",
        "a confirmed invitation is not changed",
    ),
    refusal(
        "invites_invitation_no_delete", TABLE, "DELETE",
        f"OLD.state NOT IN ({_states(DRAFT_STATES)})",
        "a confirmed invitation is not deleted",
    ),
]  # fmt: skip

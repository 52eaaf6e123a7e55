"""The rows of all tables but the ledger's, from the plan. In the order in which they need each other."""

from __future__ import annotations

from bench import filling_plan
from bench import filling_sql as sql
from bench.filling_sql import DAY, hex_digits, insert, moment
from importer.models import Import
from invites import notice
from invites.addresses import key_id
from invites.consent import DRAFT_STATES
from invites.mail_models import ReturnedReport
from invites.models import (
    Batch,
    ConsentRecord,
    Draft,
    Hold,
    Invitation,
    PersonalLink,
    Reservation,
    Suppression,
)
from invites.recipients.models import Answer, Case, Incident, MonthlyFigures, Standing
from ledger.models import Subject

UNDO = 30 * 60_000
SENT_AFTER = UNDO + 4_000
_DRAFTS = "(" + ", ".join(f"'{state}'" for state in sorted(DRAFT_STATES)) + ")"
_MAY_HAVE_LEFT = "('sent', 'unknown', 'requested')"
OPEN_HOLDS = 12


def make(now: int) -> None:
    """Everything; the temporary tables of `filling_plan` must be there."""
    _batches_and_invitations(now)
    filling_plan.keep_mails()
    _consents()
    _what_recipients_did(now)
    _stops(now)
    _imports()
    _beside(now)


def _batches_and_invitations(now: int) -> None:
    insert(
        Batch,
        {
            "id": "b.b", "uid": "b.uid", "sender_id": "b.sender", "fingerprint": "b.fingerprint",
            "count": "c.mails", "confirmed_at": moment("b.at"), "not_before": moment(f"b.at + {UNDO}"),
            "receipt_sent_at": moment("b.at + 3000"), "receipt_attempts": "1",
            "disowned_at": f"CASE WHEN b.b % 5000 = 3 THEN {moment('b.at + 60000')} END",
        },
        "FROM batches b JOIN (SELECT b, count(*) AS mails FROM plan WHERE b IS NOT NULL GROUP BY b) c "
        "ON c.b = b.b ORDER BY b.b",
    )  # fmt: skip
    gone = "p.erased = 1 OR p.fate = 'erased_at_word'"
    in_draft = f"p.state IN {_DRAFTS}"
    over = f"{in_draft} OR p.state = 'confirmed'"
    insert(
        Invitation,
        {
            "id": "p.n", "uid": "p.uid", "sender_id": "p.sender",
            "recipient_name": f"CASE WHEN {gone} THEN '' ELSE 'Bea Sousa ' || p.person END",
            "recipient_address": f"CASE WHEN {gone} THEN '' ELSE 'person' || p.person || '@firm' || "
                                 "(p.person % 997) || '.example' END",
            "recipient_hash": "CASE WHEN p.fate <> 'erased_at_word' THEN r.recipient_hash END",
            "domain_hash": "r.domain_hash", "source": "p.source",
            "source_label": "CASE p.source WHEN 'google' THEN 'Google contacts' "
                            "WHEN 'linkedin' THEN 'LinkedIn connections' ELSE 'typed by hand' END",
            "token_hash": "p.token_hash",
            "relationship": "CASE WHEN p.state = 'chosen' THEN '' ELSE p.relationship END",
            "state": "p.state", "chosen_at": moment("p.at - 1200000"),
            "reviewed_digest": "CASE WHEN p.state <> 'chosen' THEN p.digest END",
            "confirmed_digest": f"CASE WHEN NOT ({in_draft}) THEN p.digest END",
            "wording": f"CASE WHEN {in_draft} THEN '' ELSE m.wording END", "batch_id": "p.b",
            "send_after": f"CASE WHEN p.state = 'confirmed' THEN {moment(f'{now} + {UNDO}')} "
                          f"WHEN NOT ({in_draft}) THEN {moment(f'p.at + {UNDO}')} END",
            "attempts": f"CASE WHEN {over} THEN 0 ELSE 1 + p.lot / 980 END",
            "finished_at": f"CASE WHEN NOT ({over}) THEN {moment(f'p.at + {SENT_AFTER}')} END",
            "server_reply": "CASE p.state WHEN 'sent' THEN '250 2.0.0 Ok: queued' "
                            "WHEN 'failed' THEN '550 5.1.1 No such user' "
                            "WHEN 'unknown' THEN 'The sending was interrupted.' ELSE '' END",
            "stopped_at": f"CASE WHEN p.fate IN ('stopped', 'bounced', 'open') THEN {_after('p', 1)} END",
            "withdrawn_at": f"CASE WHEN {_SENT_LONG_AGO} AND p.lot % 100 = 37 THEN {_after('p', 1)} END",
            "accepted_at": f"CASE WHEN p.fate = 'accepted' THEN {_after('p', 1)} END",
            "bounced_at": f"CASE WHEN p.fate = 'bounced' THEN {_after('p', 0)} END",
        },
        "FROM plan p JOIN people r ON r.id = p.person JOIN members m ON m.id = p.sender ORDER BY p.n",
    )  # fmt: skip
    insert(
        Draft,
        {"sender_id": "sender", "note": "'A note of somebody.'", "kept_until": moment(f"{now + 9 * DAY}")},
        f"FROM plan WHERE state IN {_DRAFTS} GROUP BY sender ORDER BY sender",
    )  # fmt: skip


_SENT_LONG_AGO = "p.state = 'sent' AND p.fate = ''"


def _after(table: str, days: int) -> str:
    """Some time after it was sent."""
    return moment(f"{table}.at + {SENT_AFTER + days * DAY * 9 // 10}")


def _consents() -> None:
    insert(
        ConsentRecord,
        {
            "invitation_uid": "p.uid", "batch_uid": "b.uid", "sender_subject": "m.subject",
            "recipient_subject": "p.recipient_subject", "digest": "p.digest",
            "relationship": "p.relationship", "fingerprint": "b.fingerprint", "count": "b.count",
            "notice_version": f"'{notice.VERSION}'", "confirmed_at": "b.confirmed_at",
            "not_before": "b.not_before",
        },
        "FROM plan p JOIN invites_batch b ON b.id = p.b JOIN members m ON m.id = p.sender ORDER BY p.n",
    )  # fmt: skip
    insert(
        Subject,
        {"keyed_hash": "r.recipient_hash", "uid": "p.recipient_subject"},
        "FROM plan p JOIN people r ON r.id = p.person WHERE p.erased = 0 "
        f"AND p.fate <> 'erased_at_word' AND p.person <> {filling_plan.EVERYBODYS_FRIEND} ORDER BY p.n",
    )


def _what_recipients_did(now: int) -> None:
    insert(
        Answer,
        {"invitation_id": "p.n", "kind": "p.fate", "given_at": _after("p", 1)},
        "FROM plan p WHERE p.fate IN ('declined', 'not_how', 'dont_know') ORDER BY p.n",
    )
    told = _after("p", 0)
    later = f"CASE WHEN p.fate = 'reported' THEN {_after('p', 1)} END"
    insert(
        Case,
        {
            "invitation_id": "p.n", "opened_at": _after("p", 0), "told_at": told, "read_at": later,
            "decided_at": later,
            "words": "CASE WHEN p.erased = 0 AND p.lot % 2 = 0 THEN 'I asked for nothing.' ELSE '' END",
            "decision": "CASE WHEN p.fate = 'reported' THEN 'The sender was told.' ELSE '' END",
        },
        "FROM plan p WHERE p.fate IN ('reported', 'open') ORDER BY p.n",
    )  # fmt: skip
    insert(
        Reservation,
        {"recipient_hash": "r.recipient_hash", "invitation_uid": "p.uid", "at": moment(f"p.at + {UNDO}")},
        "FROM plan p JOIN people r ON r.id = p.person WHERE p.erased = 0 "
        f"AND p.state IN {_MAY_HAVE_LEFT} AND p.fate <> 'erased_at_word' ORDER BY p.n",
    )  # fmt: skip
    insert(
        ReturnedReport,
        {"digest": hex_digits(), "taken_at": _after("p", 0)},
        f"FROM plan p WHERE p.fate = 'bounced' AND p.at > {now - 365 * DAY} ORDER BY p.n",
    )


def _stops(now: int) -> None:
    shared = {
        "address_hash": "r.recipient_hash", "key_id": f"'{key_id()}'", "normaliser": "1",
        "created_at": _after("p", 1),
    }  # fmt: skip
    people = "FROM plan p JOIN people r ON r.id = p.person WHERE "
    insert(
        Suppression,
        shared
        | {
            "reason": "CASE p.fate WHEN 'stopped' THEN 'recipient' WHEN 'bounced' THEN 'bounce' "
            "ELSE 'complaint' END"
        },
        f"{people} p.fate IN ('stopped', 'bounced', 'open') ORDER BY p.n",
    )
    insert(
        Suppression,
        shared | {"sender_id": "p.sender", "reason": "'never'"},
        f"{people} p.state = 'cancelled' AND p.lot % 4 = 1 ORDER BY p.n",
    )
    placed = {
        "scope": "'sender:' || id",
        "reason": "'A recipient reported an invitation.'",
        "placed_at": moment(f"{now - 600 * DAY} + id % 500 * {DAY}"),
    }
    over = {"lifted_at": moment(f"{now - 599 * DAY} + id % 500 * {DAY}")}
    insert(Hold, placed | over, "FROM members WHERE id % 40 = 0 ORDER BY id")
    insert(Hold, placed, f"FROM members WHERE id BETWEEN 2 AND {OPEN_HOLDS} ORDER BY id")
    insert(
        Hold,
        placed | {"placed_at": moment(f"{now - DAY}")},
        f"FROM members WHERE id > {OPEN_HOLDS} "
        "AND id IN (SELECT sender FROM plan WHERE fate = 'open') ORDER BY id",
    )
    insert(
        Standing,
        {"sender_id": "id", "allowance": "2", "since": moment(f"{now - 30 * DAY}")},
        "FROM members WHERE id % 100 = 50",
    )


def _imports() -> None:
    """One for every second batch: read, and forgotten since."""
    sql.temporary_as(
        "imports",
        f"SELECT b, sender, at - 1800000 AS at, {sql.uuid()} AS uid FROM batches WHERE b % 2 = 0",
    )
    insert(
        Import,
        {
            "uid": "uid", "member_id": "sender", "source": "'google'",
            "source_label": "'Google contacts'", "state": "'done'", "created_at": moment("at"),
            "finished_at": moment("at + 9000"), "forgotten_at": moment("at + 1800000"),
            "pages": "2", "read": "400", "kept": "300", "merged": "60", "left_out": "40",
            "revocation": "'revoked'",
        },
        "FROM imports ORDER BY b",
    )  # fmt: skip


def _beside(now: int) -> None:
    """Links that were handed over, and what everybody may read."""
    insert(
        PersonalLink,
        {
            "uid": sql.uuid(), "sender_id": "sender", "person_hash": hex_digits(),
            "token_hash": f"substr({hex_digits()}, 1, 43)", "source_label": "'LinkedIn connections'",
            "relationship": "'worked'", "digest": hex_digits(), "confirmed_at": moment("at"),
            "recipient_name": "'Bea Sousa'", "words": "'A note of somebody.'",
        },
        f"FROM batches WHERE b % 10 = 4 AND at > {now - 365 * DAY} ORDER BY b",
    )  # fmt: skip
    day = "date(" + moment(f"{now} - n * {31 * DAY}") + ")"
    insert(
        MonthlyFigures,
        {
            "month": day, "sent": "n * 900", "accepted": "n * 130", "stopped": "n * 30",
            "complained": "n", "held": "n",
        },
        f"FROM {sql.series(24)}",
    )  # fmt: skip
    insert(
        Incident,
        {"uid": sql.uuid(), "day": day, "title": "'A late mail'", "words": "'It came later.'"},
        f"FROM {sql.series(12)}",
    )

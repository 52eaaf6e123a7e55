"""Ten ledger entries per invitation, as `ledger.entries.append` would have written them over two years."""

from __future__ import annotations

import uuid

from django.db import connection

from bench import filling_sql as sql
from bench.filling_rows import OPEN_HOLDS, SENT_AFTER, UNDO
from bench.filling_sql import DAY, execute, moment, uuid_text
from invites import notice

MINUTE = 60_000
STAFF = uuid.UUID(int=2024)  # the ledger's id of somebody on the staff
_COLUMNS = "at, action, subject, actor, facts"
_IN_DRAFT = "p.state IN ('chosen', 'reviewed')"


def make(total: int, now: int) -> None:
    """`total` entries in the order of their moments: what the plan says, and people who were set aside."""
    branches = [*_of_invitations(now), *_of_recipients(), *_of_batches(), *_of_members(now)]
    known = sum(_count(branch) for branch in branches)
    if known > total:
        raise RuntimeError(f"The plan makes {known} entries, which is more than {total}.")
    _set_aside(total - known, now)
    rest = (
        f"SELECT {_COLUMNS} FROM (SELECT x.at, 'invitation.chosen' AS action, x.uid AS subject, "
        'x.subject AS actor, \'{"source": "google"}\' AS facts FROM others x '
        "UNION ALL SELECT x.at + 90000, 'invitation.set_aside', x.uid, x.subject, "
        '\'{"decision": "not_now"}\' FROM others x '
        "UNION ALL SELECT x.at + 600000, 'invitation.unchosen', x.uid, x.subject, '{}' FROM others x"
        f") o LIMIT {total - known}"
    )
    everything = " UNION ALL ".join([*branches, f"SELECT {_COLUMNS} FROM ({rest}) r"])
    execute(
        f"INSERT INTO ledger_entry ({_COLUMNS}) "
        f"SELECT {moment('e.at')}, e.action, e.subject, e.actor, {sql.json('e.facts')} "
        f"FROM ({everything}) e ORDER BY e.at"
    )


def _count(branch: str) -> int:
    """How many rows a query has."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({branch}) c")
        return int(cursor.fetchone()[0])


def _set_aside(entries: int, now: int) -> None:
    """People who were chosen and not invited: three entries each, and no row is left of them."""
    people = entries // 3 + 1
    sql.temporary_as(
        "others",
        f"SELECT x.at, x.uid, m.subject FROM (SELECT {now - DAY} - n * {729 * DAY} / {people} AS at, "
        f"{sql.uuid()} AS uid, 1 + n % (SELECT count(*) FROM members) AS sender "
        f"FROM {sql.series(people)}) x JOIN members m ON m.id = x.sender",
    )


def _branch(
    source: str, at: str, action: str, *, subject: str = "p.uid", actor: str = "m.subject",
    facts: str = "'{}'",
) -> str:  # fmt: skip
    return (
        f"SELECT {at} AS at, {action} AS action, {subject} AS subject, {actor or _nobody()} AS actor, "
        f"{facts} AS facts FROM {source}"
    )


def _nobody() -> str:
    return "NULL" if sql.is_sqlite() else "NULL::uuid"


def _staff() -> str:
    return f"'{STAFF.hex}'" if sql.is_sqlite() else f"'{STAFF}'::uuid"


def _fact(name: str, value: str) -> str:
    """`{"name": "value"}`, where the value is SQL."""
    return f"'{{\"{name}\": \"' || {value} || '\"}}'"


def _of_invitations(now: int) -> list[str]:
    """What senders and workers did."""
    mine = "plan p JOIN members m ON m.id = p.sender"
    reviewed = (
        '\'{"digest": "\' || p.digest || \'", "relationship": "\' || p.relationship || \'"}\''
    )
    confirmed = (
        '\'{"digest": "\' || p.digest || \'", "source": "\' || p.source || \'", "wording": "\' || '
        "m.wording || '\"}'"
    )
    replies = (
        "CASE p.state WHEN 'sent' THEN '{\"reply\": \"250\"}' WHEN 'failed' THEN '{\"reply\": \"550\"}' "
        "WHEN 'unknown' THEN '{\"reply\": \"\"}' WHEN 'expired' THEN '{}' "
        'ELSE \'{"reply": "", "mail": false}\' END'
    )
    return [
        _branch(mine, "p.at - 1200000", "'invitation.chosen'", facts=_fact("source", "p.source")),
        # The note was changed, and the card looked at again.
        _branch(f"{mine} WHERE p.lot % 5 < 2 AND p.state <> 'chosen'", "p.at - 900000",
                "'invitation.reviewed'", facts=reviewed),
        _branch(f"{mine} WHERE p.state <> 'chosen'", "p.at - 600000", "'invitation.reviewed'",
                facts=reviewed),
        _branch(f"{mine} WHERE NOT {_IN_DRAFT}", "p.at", "'invitation.confirmed'",
                facts=confirmed),
        _branch(f"{mine} WHERE p.state = 'cancelled'", f"p.at + {5 * MINUTE}",
                "'invitation.cancelled'", facts="'{\"why\": \"taken back\"}'"),
        _branch("plan p WHERE p.state = 'sent' AND p.lot >= 980", f"p.at + {UNDO}",
                "'invitation.postponed'", actor="", facts="'{\"reply\": \"451\"}'"),
        _branch(f"plan p WHERE NOT {_IN_DRAFT} AND p.state NOT IN ('cancelled', 'confirmed')",
                f"p.at + {SENT_AFTER}", "'invitation.' || p.state", actor="", facts=replies),
        _branch(f"{mine} WHERE p.state = 'sent' AND p.fate = '' AND p.lot % 100 = 37",
                f"p.at + {SENT_AFTER + DAY * 9 // 10}", "'invitation.withdrawn'"),
        _branch("plan p WHERE p.erased = 1", f"p.at + {365 * DAY}", "'invitation.erased'", actor=""),
    ]  # fmt: skip


def _of_recipients() -> list[str]:
    """What recipients and mail servers said."""
    after, later = f"p.at + {SENT_AFTER}", f"p.at + {SENT_AFTER + DAY * 9 // 10}"
    reason = "CASE p.fate WHEN 'stopped' THEN 'recipient' WHEN 'bounced' THEN 'bounce' ELSE 'complaint' END"
    suppressed = f'\'{{"reason": "\' || {reason} || \'", "from": "everyone"}}\''
    on_the_list = "plan p WHERE p.fate IN ('stopped', 'bounced', 'open')"
    return [
        _branch("plan p WHERE p.fate IN ('declined', 'not_how', 'dont_know')", later,
                "'invitation.answered'", actor="", facts=_fact("answer", "p.fate")),
        _branch("plan p WHERE p.fate IN ('accepted', 'stopped')", later,
                "'invitation.' || p.fate", actor=""),
        _branch("plan p WHERE p.fate = 'bounced'", after, "'invitation.bounced'", actor="",
                facts="'{\"hard\": true, \"status\": \"5.1.1\"}'"),
        _branch("plan p WHERE p.fate = 'open'", after, "'invitation.complained'", actor="",
                facts="'{\"feedback\": \"abuse\"}'"),
        _branch(on_the_list, later, "'address.suppressed'", subject="p.recipient_subject", actor="",
                facts=suppressed),
        _branch("plan p WHERE p.fate = 'reported'", after, "'invitation.reported'", actor=""),
        _branch("plan p WHERE p.fate = 'reported'", later, "'invitation.report_read'",
                actor=_staff()),
        _branch("plan p WHERE p.fate = 'reported'", later, "'invitation.report_decided'",
                actor=_staff()),
        _branch("plan p WHERE p.fate = 'erased_at_word'", later, "'invitation.erased_at_word'",
                actor=""),
    ]  # fmt: skip


def _of_batches() -> list[str]:
    """Notes, confirmations, and the imports before them."""
    mine = "invites_batch f JOIN batches b ON b.b = f.id JOIN members m ON m.id = b.sender"
    read = "imports i JOIN members m ON m.id = i.sender"
    run = '\'{"import": "\' || ' + uuid_text("i.uid")
    counts = (
        f'{run} || \'", "source": "google", "pages": 2, "read": 400, "kept": 300, '
        '"merged": 60, "left_out": 40, "addresses_left_out": 3}\''
    )
    confirmed = (
        '\'{"fingerprint": "\' || f.fingerprint || \'", "count": \' || f.count || '
        f'\', "notice": "{notice.VERSION}"}}\''
    )
    of_member = {"subject": "m.subject"}
    return [
        _branch(mine, "b.at - 1100000", "'note.written'", facts="'{\"length\": 212}'", **of_member),
        _branch(mine, "b.at", "'batch.confirmed'", subject="f.uid", facts=confirmed),
        _branch(mine + " WHERE b.b % 5000 = 3", "b.at + 60000", "'batch.disowned'", subject="f.uid"),
        _branch(read, "i.at", "'import.connected'", **of_member,
                facts=f"{run} || '\", \"source\": \"google\"}}'"),
        _branch(read, "i.at + 9000", "'import.done'", facts=counts, **of_member),
        _branch(read, "i.at + 9500", "'access.ended'", **of_member,
                facts=f"{run} || '\", \"outcome\": \"revoked\"}}'"),
        _branch(read, "i.at + 1800000", "'contacts.forgotten'", **of_member,
                facts="'{\"people\": 290, \"addresses\": 310, \"files\": 0, \"accesses\": 0, "
                      "\"kept\": 10, \"why\": \"confirmed\"}'"),
    ]  # fmt: skip


def _of_members(now: int) -> list[str]:
    """Holds."""
    placed = '\'{"scope": "sender", "reason": "A recipient reported an invitation."}\''
    lifted = '\'{"scope": "sender", "reason": "Looked at; a mistake."}\''
    when = f"{now - 600 * DAY} + m.id % 500 * {DAY}"
    held = f"members m WHERE m.id % 40 = 0 OR m.id BETWEEN 2 AND {OPEN_HOLDS}"
    return [
        _branch(held, when, "'hold.placed'", subject="m.subject", actor="", facts=placed),
        _branch("members m WHERE m.id % 40 = 0", f"{when} + {DAY}", "'hold.lifted'",
                subject="m.subject", actor=_staff(), facts=lifted),
    ]  # fmt: skip

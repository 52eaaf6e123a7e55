"""Who invites whom, when, and what becomes of it: one row per invitation, in a temporary table.

A hundred invitations are ten batches: nine of many small senders and one of the big one, who has a
tenth of everything. Somebody whom everybody knows is invited by one sender in each hundred. What needs
a person (open complaints, unknown outcomes, mails that wait) is as much in any size: it depends on how
fast staff are, not on how large the tables grew.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import connection

from bench import filling_sql as sql
from bench.filling_sql import DAY, execute, lot
from invites import tokens
from invites.actions.confirming import wording
from invites.addresses import address_hash
from invites.models import MemberAddress, PreparedMail
from invites.rendering import Letter, render
from ledger.models import Subject
from ledger.subjects import keyed_hash

BIG_SENDER = 1
EVERYBODYS_FRIEND = 0  # among the people
YEARS = 2
_UP_TO = (1, 3, 6, 10, 15, 24, 34, 46, 60, 100)  # the ten batches of a hundred invitations
_SENT = "state = 'sent'"
# Of a hundred who got a mail, by lot: how many did what.
_FATES = (
    ("accepted", 150), ("declined", 80), ("not_how", 10), ("dont_know", 15), ("stopped", 30),
    ("bounced", 20), ("reported", 3), ("erased_at_word", 5),
)  # fmt: skip
_NOTES = (
    "You fixed our contract in a weekend. People ask me for such a lawyer; may I send them?",
    "Two clients asked me this month for an architect who answers the phone. You do. Join me here?",
    "I am asked for translators every week and always think of you first. Shall I send them?",
)


def address(person: int) -> str:
    """The address of one of the people, of whom there are as many as invitations, and one more."""
    return f"person{person}@firm{person % 997}.example"


def note_of(member: int) -> str:
    """What a member writes to everybody. A quarter of them write what others write, too."""
    shared = _NOTES[member % len(_NOTES)]
    return shared if member % 4 == 0 else f"{shared} I am member number {member}."


def members_of(rows: int) -> int:
    """How many members so many invitations have."""
    return max(rows // 25, 50)


def make(rows: int, now: int) -> None:
    """The temporary tables `members`, `people`, `batches` and `plan`."""
    _members(members_of(rows))
    _people(rows)
    confirmed = rows * 99 // 100 // 100 * 100  # the others are in drafts
    _batches(confirmed, now)
    _plan(rows, confirmed, now)
    _mails()


def _members(count: int) -> None:
    """Real ones: the desk finds them by their addresses, and the ledger's ids by their keyed hashes."""
    names = {pk: f"member{pk}@members.example" for pk in range(1, count + 1)}
    User.objects.bulk_create(
        User(pk=pk, username=email, email=email, first_name="Ana", last_name=f"Diaz {pk}")
        for pk, email in names.items()
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(pk=pk, user_id=pk, email=email, verified=True, primary=True)
        for pk, email in names.items()
    )
    MemberAddress.objects.bulk_create(
        MemberAddress(email_id=pk, member_id=pk, address_hash=keyed_hash("address", email))
        for pk, email in names.items()
    )
    subjects = {pk: uuid.uuid4() for pk in names}
    Subject.objects.bulk_create(
        Subject(keyed_hash=keyed_hash("member", str(pk)), uid=uid, member=pk)
        for pk, uid in subjects.items()
    )
    kind = "char(32)" if sql.is_sqlite() else "uuid"
    rows = (
        (pk, uid.hex if sql.is_sqlite() else uid, wording(note_of(pk)))
        for pk, uid in subjects.items()
    )
    sql.temporary("members", f"id bigint PRIMARY KEY, subject {kind}, wording char(12)", rows)


def _people(count: int) -> None:
    """Everybody's real keyed hashes, so that any address can be searched for."""
    if address_hash(address(1)) != keyed_hash("address", address(1)):
        raise RuntimeError("Addresses are compared in another way than this bench knows.")
    domains = [keyed_hash("domain", f"firm{number}.example") for number in range(997)]
    rows = (
        (person, keyed_hash("address", address(person)), domains[person % 997])
        for person in range(count + 1)
    )
    sql.temporary(
        "people", "id bigint PRIMARY KEY, recipient_hash char(64), domain_hash char(64)", rows
    )


def _batches(confirmed: int, now: int) -> None:
    """When each was confirmed, and by whom. The last ones are of the last days, whatever the size."""
    groups = confirmed // 100
    long_ago = f"(({groups - 5} - g) * {(YEARS * 365 - 5) * DAY} / {max(groups - 5, 1)})"
    small = f"2 + {lot('b', 0, 1000)} * {lot('b', 0, 1000)} * {members_of(confirmed) - 2} / 1000000"
    sql.temporary_as(
        "batches",
        f"SELECT b, g, k, {sql.uuid()} AS uid, {sql.hex_digits()} AS fingerprint, "
        f"CASE k WHEN 0 THEN 2 + g WHEN 6 THEN {BIG_SENDER} ELSE {small} END AS sender, "
        f"CASE WHEN g >= {groups - 2} THEN {now} - (k + 1) * 60000 "
        f"WHEN g = {groups - 3} THEN {now - DAY} - k * 60000 "
        f"WHEN g = {groups - 4} THEN {now - 2 * DAY} - k * 60000 "
        f"ELSE {now - 3 * DAY} - {long_ago} - k * 3600000 END AS at "
        f"FROM (SELECT n AS b, (n - 1) / 10 AS g, (n - 1) % 10 AS k FROM {sql.series(groups * 10)}) x",
    )
    execute("CREATE INDEX batches_by_b ON batches (b)")


def _plan(rows: int, confirmed: int, now: int) -> None:
    groups = confirmed // 100
    k = "CASE " + " ".join(f"WHEN o < {up} THEN {k}" for k, up in enumerate(_UP_TO)) + " END"
    places = (
        f"SELECT n, (n - 1) / 100 AS g, (n - 1) % 100 AS o, {lot('n', 1, 1000)} AS lot, "
        f"{lot('n', 2, 1000)} AS fate_lot FROM {sql.series(rows)}"
    )
    sql.temporary_as(
        "placed",
        f"SELECT p.*, CASE WHEN n <= {confirmed} THEN g * 10 + 1 + {k} END AS b FROM ({places}) p",
    )
    state = (
        "CASE WHEN p.b IS NULL THEN CASE WHEN n % 2 = 0 THEN 'reviewed' ELSE 'chosen' END "
        f"WHEN p.g >= {groups - 2} THEN 'confirmed' WHEN o = 0 THEN 'blocked' "
        f"WHEN p.g = {groups - 3} AND o BETWEEN 24 AND 59 THEN 'unknown' "
        f"WHEN p.g = {groups - 4} THEN 'sent' "
        "WHEN lot < 5 THEN 'unknown' WHEN lot < 25 THEN 'failed' WHEN lot < 65 THEN 'cancelled' "
        "WHEN lot < 75 THEN 'blocked' WHEN lot < 95 THEN 'requested' WHEN lot < 100 THEN 'expired' "
        "ELSE 'sent' END"
    )
    fate, below = (
        f"CASE WHEN p.g = {groups - 4} AND (o >= 60 OR o BETWEEN 10 AND 23) THEN 'open' ",
        0,
    )
    for name, share in _FATES:
        below += share
        fate += f"WHEN p.g < {groups - 4} AND fate_lot < {below} THEN '{name}' "
    sql.temporary_as(
        "states",
        f"SELECT n, o, p.b, lot, coalesce(b.sender, 2 + (n - {confirmed}) / 20) AS sender, "
        f"coalesce(b.at, {now} - n % 13 * {DAY}) AS at, {state} AS state, {fate} ELSE '' END AS fate, "
        f"CASE WHEN o = 0 AND p.b IS NOT NULL THEN {EVERYBODYS_FRIEND} ELSE n END AS person "
        "FROM placed p LEFT JOIN batches b ON b.b = p.b",
    )
    relationship = (
        "CASE lot % 4 WHEN 0 THEN 'worked' WHEN 1 THEN 'business' WHEN 2 THEN 'field' "
        "ELSE 'friend' END"
    )
    source = (
        "CASE WHEN lot % 10 < 6 THEN 'google' WHEN lot % 10 < 8 THEN 'linkedin' ELSE 'typed' END"
    )
    sql.temporary_as(
        "plan",
        f"SELECT n, b, lot, sender, at, state, person, {sql.uuid()} AS uid, "
        f"{sql.hex_digits()} AS digest, {sql.uuid()} AS recipient_subject, "
        f"substr({sql.hex_digits()}, 1, 43) AS token_hash, {relationship} AS relationship, "
        f"{source} AS source, "
        f"CASE WHEN {_SENT} THEN fate ELSE '' END AS fate, "
        f"CASE WHEN b IS NOT NULL AND at < {now - 365 * DAY} THEN 1 ELSE 0 END AS erased FROM states",
    )
    execute("CREATE UNIQUE INDEX plan_by_n ON plan (n)")


def _mails() -> None:
    """The product's own mail for whoever reported one, and for one in fifty of those not erased."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n, uid, sender, person, relationship FROM plan WHERE state <> 'chosen' "
            "AND (fate IN ('reported', 'open') OR n % 50 = 7) AND erased = 0 AND fate <> 'erased_at_word'"
        )
        chosen = cursor.fetchall()
    columns = "n bigint PRIMARY KEY, token_hash char(43), digest char(64), raw text"
    sql.temporary("mails", columns, _rendered(chosen))
    execute(
        "UPDATE plan SET token_hash = m.token_hash, digest = m.digest FROM mails m WHERE m.n = plan.n"
    )


def _rendered(
    chosen: list[tuple[int, object, int, int, str]],
) -> Iterator[tuple[int, str, str, str]]:
    for n, uid, sender, person, relationship in chosen:
        known = uid if isinstance(uid, uuid.UUID) else uuid.UUID(str(uid))
        token_hash = tokens.hash_of(tokens.token(known))
        mail = render(
            Letter(
                uid=known,
                token_hash=token_hash,
                sender_name=f"Ana Diaz {sender}",
                sender_first_name="Ana",
                sender_address=f"member{sender}@members.example",
                recipient_name=f"Bea Sousa {person}",
                recipient_address=address(person),
                source="google",
                source_label="Google contacts",
                relationship=relationship,
                relationship_words="",
                note=note_of(sender),
                own_line="",
            )
        )
        yield n, token_hash, mail.digest, mail.raw.decode("ascii")


def keep_mails() -> int:
    """Puts them into their table, once the invitations are there."""
    return sql.insert(
        PreparedMail, {"invitation_id": "n", "raw": sql.raw("raw")}, "FROM mails ORDER BY n"
    )

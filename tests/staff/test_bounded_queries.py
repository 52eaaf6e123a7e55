"""No page of the staff gets slower with the years: each query of each page is read here.

Which pages there are is asked of test_audiences.py, which knows every address. How fast they are at a
million invitations is measured by bin/bench audit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from invites import rendering, tokens
from invites.actions import case_work, cases, counting, reopening
from invites.models import Batch, Hold, Invitation
from invites.recipients.models import Case
from ledger import clock, sealing
from tests.staff import visits
from tests.staff.desk import sign_in
from tests.test_audiences import root, site  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db

# What stays small however many people are invited: rows that the code, its settings or the staff make.
SMALL = {
    "auth_group", "auth_permission", "auth_group_permissions", "auth_user_groups",
    "auth_user_user_permissions", "django_content_type", "socialaccount_socialapp",
    "ledger_heartbeat", "ledger_home", "ledger_publication", "invites_addresskey",
    "invites_counted",
}  # fmt: skip
# Rows that an index leads to, and that are few by their nature.
FEW = {
    ("invites_dailyfigure", "key"): "a row a day of what a page is about, for a year",
    ("invites_recentfigure", "key"): "a row an event of each of those that are listed",
    ("ledger_subject", "member"): "the ids of one member, one under each address key",
    ("ledger_entry", "subject"): "the steps of one invitation, batch or address",
    ("invites_hold", "scope"): "the open holds on what one page is about",
    ("invites_case", "hold_id"): "the complaints about one sender since they were stopped",
    ("invites_reopening", "hold_id"): "the proposals to lift one hold",
    ("invites_casenote", "case_id"): "the notes on the complaints of one page",
    ("invites_suppression", "address_hash"): "who said that one address gets no invitation",
    ("invites_memberaddress", "address_hash"): "the members who have one address",
    ("account_emailaddress", "email"): "the members who have one address",
    ("account_emailaddress", "user_id"): "the addresses of one member",
    ("auth_user", "email"): "the members who have one address",
    ("account_emailconfirmation", "email_address_id"): "the links mailed to one address",
    ("django_admin_log", "user_id"): "what one of the staff changed last",
}  # fmt: skip
# Indexes of what waits for somebody. That is as much as staff leave undone, whatever the tables hold.
PARTIAL = {
    index.name for model in apps.get_models() for index in model._meta.indexes if index.condition
}


@dataclass(frozen=True)
class Query:
    """One SELECT, and the page that asked it."""

    page: str
    sql: str
    parameters: tuple[Any, ...]


@contextmanager
def reading(found: list[Query], page: list[str]) -> Iterator[None]:
    def note(execute: Any, sql: str, parameters: Any, *rest: Any) -> Any:
        if sql.lstrip().upper().startswith(("SELECT", "WITH")):
            found.append(Query(page[-1], sql, tuple(parameters or ())))
        return execute(sql, parameters, *rest)

    with connection.execute_wrapper(note):
        yield


def unbounded(query: Query) -> str:
    """What is wrong with it; "" when the database has no more to do for it in a larger table."""
    sql = query.sql
    if re.search(r"\bOFFSET\b", sql):
        return "reads rows to skip them"
    if re.search(r"\bCOUNT\(", sql) and "LIMIT" not in sql:
        return "counts without a limit"
    if re.search(r"\bLIKE\b", sql):
        return "looks into every row's text"
    table = re.search(r'FROM "(\w+)"', sql)
    if table is None or table[1] in SMALL or re.search(r"\bLIMIT \d+(\) \w+)?$", sql):
        return ""
    named = set(re.findall(rf'"{table[1]}"\."(\w+)" (?:=|IN) ', sql.partition(" WHERE ")[2]))
    if named & (unique_columns(table[1]) | {column for of, column in FEW if of == table[1]}):
        return ""
    return f"reads all of {table[1]}"


def unique_columns(table: str) -> set[str]:
    """Columns of which a value is in one row alone."""
    models: list[type[Model]] = [
        one for one in apps.get_models(include_auto_created=True) if one._meta.db_table == table
    ]
    return {field.column for one in models for field in one._meta.concrete_fields if field.unique}


def scanned(query: Query) -> str:
    """What SQLite would read from its first row to its last to find what is asked for."""
    if " WHERE " not in query.sql:
        return ""  # in the order of the key, and with a limit
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.parameters)
        steps = [str(row[3]) for row in cursor.fetchall()]
    read = [re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step) for step in steps]
    tables = {found[1] for found in read if found and found[2] not in PARTIAL}
    return ", ".join(sorted(tables & set(connection.introspection.table_names()) - SMALL))


@pytest.fixture
def known(site: dict[str, Any]) -> dict[str, Any]:  # noqa: F811
    """A site on which everything is going on, and what staff may have in hand of it."""
    arrived = Invitation.objects.get(uid=site["arrived"])
    assert isinstance(arrived.batch, Batch)
    sealing.seal()
    counting.count()
    Hold.objects.create(pk=1, scope="site", reason="A test of the desk.", placed_at=clock.now())
    cases.report(token=tokens.token(arrived.uid), words="")
    case = Case.objects.get()
    assert case.hold
    case_work.note(case=case, words="A test of the desk.", staff=arrived.sender)
    proposal = reopening.propose(hold=case.hold, reason="A test.", staff=arrived.sender)
    return site | {
        "row of invites.case": case.pk,
        "row of invites.hold": case.hold.pk,
        "reopening": proposal.pk,
        "address of a sender": arrived.sender.email,
        "address of a recipient": arrived.recipient_address,
        "message id": f"<{rendering.message_id(arrived.uid)}>",
        "fingerprint": arrived.batch.fingerprint[:8],
        "wording": arrived.wording,
        "day": f"{arrived.chosen_at:%Y-%m-%d}",
    }


def test_no_query_of_any_page_of_the_staff_grows_with_the_tables(known: dict[str, Any]) -> None:
    browser = sign_in(root())
    found: list[Query] = []
    page: list[str] = []
    wrong = []
    everything = [*visits.pages(known), *visits.searches(known), *visits.lists(known),
                  *visits.figures(known), *visits.tables(known, browser)]  # fmt: skip
    with reading(found, page):
        for visit in everything:
            page.append(f"{visit.path} {visit.posted or ''}")
            answer = visit.made_by(browser)
            if answer.status_code >= 500:
                wrong.append(f"{page[-1]}: {answer.status_code}")
    distinct = {query.sql: query for query in found}
    for query in distinct.values():
        why = unbounded(query)
        if not why and connection.vendor == "sqlite" and (tables := scanned(query)):
            why = f"scans {tables}"
        if why:
            wrong.append(f"{query.page} {why}: {query.sql}")
    assert not wrong, "\n\n".join(wrong)
    assert len(everything) > 250
    assert len(distinct) > 100


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ('SELECT COUNT(*) FROM "invites_invitation"', "counts without a limit"),
        ('SELECT COUNT(*) FROM (SELECT 1 FROM "invites_invitation" LIMIT 1001) x', ""),
        ('SELECT 1 FROM "ledger_entry" LIMIT 50 OFFSET 100', "reads rows to skip them"),
        ('SELECT 1 FROM "auth_user" WHERE "auth_user"."email" LIKE %s LIMIT 5',
         "looks into every row's text"),
        ('SELECT 1 FROM "invites_batch" WHERE "invites_batch"."sender_id" = %s',
         "reads all of invites_batch"),
        ('SELECT 1 FROM "invites_batch" WHERE "invites_batch"."uid" = %s', ""),
        ('SELECT 1 FROM "invites_batch" ORDER BY "invites_batch"."id" DESC LIMIT 51', ""),
    ],
)  # fmt: skip
def test_what_grows_is_noticed(sql: str, why: str) -> None:
    assert unbounded(Query("", sql, ())) == why


def test_a_search_through_every_row_is_noticed(db: None) -> None:
    if connection.vendor == "sqlite":
        rows = Invitation.objects.filter(source="typed").order_by("-id")[:51]
        sql, parameters = rows.query.sql_with_params()
        assert "invites_invitation" in scanned(Query("", sql, tuple(parameters)))

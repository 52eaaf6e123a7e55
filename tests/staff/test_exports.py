"""Exports: exactly what a list shows, by whoever may, recorded before the first byte and after the last."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from invites import spreadsheet
from invites.actions import taking_back
from invites.desk import export_lines
from invites.models import Batch
from invites.steps import in_words
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people
from tests.arrivals import arrived
from tests.page_rules import look, text_of
from tests.smtp_sink import Sink
from tests.staff.desk import DESK, at_the_desk, long_ago

pytestmark = pytest.mark.django_db
PAGE, WHY = f"{DESK}export/invitations/", "The authority asked for it."


@pytest.fixture
def lead(db: None) -> Client:
    return at_the_desk("lead")


def taken(browser: Client, path: str = PAGE, **form: str) -> bytes:
    answer: Any = browser.post(path, {"reason": WHY, "form": "jsonl", **form})
    assert answer.streaming, answer.content.decode()
    return bytes(answer.getvalue())


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def recorded(action: str) -> list[dict[str, Any]]:
    return list(Entry.objects.filter(action=action).order_by("id").values_list("facts", flat=True))


def some_invitations(post: Sink) -> tuple[User, User]:
    """Ana's have all arrived; of Tom's one is taken back."""
    ana, tom = people.member("Ana Diaz"), people.member("Tom Berg")
    for name in ("Bea", "Carl", "Dora"):
        arrived(ana, f"{name} Ek", f"{name.lower()}@norte.example")
    batch = people.confirmed(tom, 2, domain="sul.example")
    first = batch.invitations.order_by("id")[0]
    taking_back.take_back(member=tom, batch=batch, uid=first.uid)
    return ana, tom


@pytest.mark.parametrize(
    "question",
    ["", "event=sent", "sender={ana}", "state=cancelled", "event=confirmed&sender={tom}",
     "event=undone&reason=undone.sender", "source=google&state=sent", "until=2001-01-01"],
)  # fmt: skip
def test_it_is_what_the_list_shows_line_by_line(
    lead: Client, post: Sink, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    ana, tom = some_invitations(post)
    question = question.format(ana=ana.pk, tom=tom.pk)
    listed = lead.get(f"{DESK}invitations/?{question}")
    on_the_page = [
        (str(line.invitation.uid), line.what, line.at.isoformat())
        for line in listed.context["listed"].lines
    ]
    assert f"{PAGE}?{question}".removesuffix("?") in listed.content.decode().replace("&amp;", "&")
    monkeypatch.setattr(export_lines, "_AT_ONCE", 2)  # so that there are several pages

    asked: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        found = lines(taken(lead, f"{PAGE}?{question}"))

    assert [(row["invitation"], row["what"], row["at"]) for row in found] == on_the_page
    assert bool(found) == ("2001" not in question)
    assert not [sql for sql in asked if "OFFSET" in sql or "COUNT(" in sql]
    assert recorded("export.ended")[0]["rows"] == len(found)


def test_who_takes_what_is_on_the_ledger_before_the_first_byte_and_how_it_ended_after_the_last(
    lead: Client, post: Sink
) -> None:
    ana, _tom = some_invitations(post)
    said = text_of(look(lead, f"{PAGE}?event=sent&sender={ana.pk}"))
    assert "Sent · of one sender" in said
    assert "Exports so far None." in said

    answer: Any = lead.post(
        f"{PAGE}?event=sent&sender={ana.pk}&since=2026-01-02", {"reason": WHY, "form": "csv"}
    )

    (begun,) = recorded("export.begun")
    assert recorded("export.ended") == []
    entry = Entry.objects.get(action="export.begun")
    assert entry.actor == of_member(User.objects.get(email="lead@staff.example").pk)
    assert begun == {
        "what": "Sent · since 2 January 2026 · of one sender",
        "why": WHY,
        "form": "csv",
        "with_names": False,
        "asked_event": "sent",
        "asked_since": "2026-01-02",
        "asked_sender": str(of_member(ana.pk)),
        "export": begun["export"],
    }
    whole = answer.getvalue()
    (ended,) = recorded("export.ended")
    assert ended == {
        "export": begun["export"], "rows": 3, "whole": True,
        "sha256": hashlib.sha256(whole).hexdigest(),
    }  # fmt: skip
    said = text_of(look(lead, PAGE))
    assert f"Sam Lead: {WHY}" in said
    assert "3 lines, csv" in said
    assert answer["Content-Disposition"] == 'attachment; filename="invitations.csv"'


def test_what_breaks_off_is_on_the_ledger_as_that(
    lead: Client, post: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_invitations(post)
    monkeypatch.setattr(export_lines, "_AT_ONCE", 2)
    answer: Any = lead.post(PAGE, {"reason": WHY, "form": "jsonl"})
    first = next(answer.streaming_content)
    answer._iterator.close()  # as a server does when the browser is gone
    (ended,) = recorded("export.ended")
    assert (ended["whole"], ended["rows"]) == (False, 2)
    assert ended["sha256"] == hashlib.sha256(first).hexdigest()
    assert "broken off after 2 lines" in text_of(look(lead, PAGE))


def test_names_and_addresses_go_along_only_when_that_is_ticked(lead: Client, post: Sink) -> None:
    ana, _tom = some_invitations(post)
    without = taken(lead)
    for trace in ("Bea", "Ana", "norte", "diaz.example"):
        assert trace not in without.decode()
    assert lines(without)[-1]["recipient"] == "b•••@n•••.example"
    assert lines(without)[-1]["sender"] == ana.pk

    last = lines(taken(lead, with_names="on"))[-1]
    assert (last["recipient_name"], last["recipient_address"]) == ("Bea Ek", "bea@norte.example")
    assert (last["sender_name"], last["sender_address"]) == ("Ana Diaz", "ana@diaz.example")
    assert [facts["with_names"] for facts in recorded("export.begun")] == [False, True]
    kept = json.dumps(list(Entry.objects.filter(action__startswith="export").values("facts")))
    assert "@" not in kept
    assert "Bea" not in kept


def test_no_cell_of_a_csv_is_a_formula(lead: Client) -> None:
    for number, name in enumerate(("=cmd()", "+1", "-1", "@x")):
        people.chosen(people.member(f"=Ana {number}"), name, f"b{number}@norte.example")
    data = taken(lead, form="csv", with_names="on").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(data, newline="")))
    assert len(rows) == 5
    for row in rows[1:]:
        cells = dict(zip(rows[0], row, strict=True))
        assert cells["recipient_name"].startswith("'")
        assert cells["sender_name"].startswith("'=Ana")


def test_every_step_of_an_invitation_and_of_a_whole_batch(lead: Client, post: Sink) -> None:
    _ana, tom = some_invitations(post)
    batch = Batch.objects.get(sender=tom)
    first, second = batch.invitations.order_by("id")
    path = f"{DESK}export/steps/"
    assert f"{path}{first.uid}/" in lead.get(f"{DESK}invitation/{first.uid}/").content.decode()
    assert f"{path}{batch.uid}/" in lead.get(f"{DESK}batch/{batch.uid}/").content.decode()
    look(lead, f"{path}{first.uid}/")

    of_one = lines(taken(lead, f"{path}{first.uid}/"))
    assert {row["about"] for row in of_one} == {str(first.uid), str(batch.uid)}
    assert [row["at"] for row in of_one] == sorted(row["at"] for row in of_one)
    assert in_words("invitation.cancelled", {"why": "taken back"}) in {
        row["words"] for row in of_one
    }
    of_all = lines(taken(lead, f"{path}{batch.uid}/"))
    assert {row["about"] for row in of_all} == {str(batch.uid), str(first.uid), str(second.uid)}
    table = taken(lead, f"{path}{batch.uid}/", form="csv").decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(table, newline="")))) == 1 + len(of_all)
    assert recorded("export.begun")[0]["asked_about"] == str(first.uid)
    assert lead.get(f"{path}{recorded('export.begun')[0]['export']}/").status_code == 404


@pytest.mark.parametrize("group", ["viewer", "agent"])
def test_nobody_but_a_lead_takes_a_list_away(group: str, post: Sink) -> None:
    browser = at_the_desk(group)
    invitation = arrived(people.member("Ana Diaz"))
    for path in (PAGE, f"{DESK}export/steps/{invitation.uid}/"):
        assert browser.get(path).status_code == 403
        assert browser.post(path, {"reason": WHY, "form": "csv"}).status_code == 403
    assert "Export" not in text_of(browser.get(f"{DESK}invitations/"))
    assert recorded("export.begun") == []


def test_nothing_leaves_without_a_reason_or_after_a_login_of_long_ago(lead: Client) -> None:
    people.chosen(people.member("Ana Diaz"))
    for form, sentence in (
        ({"form": "csv", "reason": " "}, "Say why"),
        ({"form": "csv", "reason": "bea@norte.example asked"}, "Leave the address out"),
        ({"form": "xls", "reason": WHY}, "Select a valid choice"),
    ):
        assert sentence in text_of(lead.post(PAGE, form))
    long_ago(lead)
    late = lead.post(PAGE, {"form": "csv", "reason": WHY})
    assert "Nothing was done yet" in text_of(late)
    assert WHY in late.content.decode()
    assert recorded("export.begun") == []
    assert lead.post(f"{PAGE}?since=never", {"form": "csv"})["Location"].startswith(
        f"{DESK}invitations/?since=never"
    )


@pytest.mark.parametrize(
    "text",
    ["=1+1", " @x", "a;=1+1", "a; +1", "a\n-1", "\t=1", "\N{EM SPACE}=1", 'a";"=1', "a\t＝1"],
)
def test_no_program_computes_a_cell_wherever_it_thinks_that_one_begins(text: str) -> None:
    line = spreadsheet.line(["Bea", text, "norte"])
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(line, newline=""), delimiter=separator):
            for cell in row:
                assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝")), (separator, cell)
    assert next(csv.reader(io.StringIO(line, newline="")))[1].replace("'", "") == text


@pytest.mark.parametrize(
    "question", ["source=bea@norte.example", "wording=b@a.example", "since=0001-01-01"]
)
def test_an_address_in_the_filters_reaches_no_ledger(lead: Client, question: str) -> None:
    refused = lead.post(f"{PAGE}?{question}", {"reason": WHY, "form": "csv"})
    assert refused.status_code == 302
    assert recorded("export.begun") == []
    assert lead.get(refused["Location"]).status_code == 200

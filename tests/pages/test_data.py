"""All data of a member: complete, theirs alone, streamed, and silent about what others did."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from importer.models import Contact, ContactAddress
from importer.sources import vcard
from invites import outbox, tokens
from invites.actions import answering, cases, confirming, drafting, responding
from invites.actions.suppressing import Reason, suppress
from invites.evidence import verify
from invites.models import Batch, Invitation
from invites.personal import download
from invites.personal.register import TABLES
from invites.recipients.models import AnswerKind
from ledger import heads
from ledger.personal import Mine
from tests import people
from tests.arrivals import mail_server
from tests.page_rules import every_row, look, text_of
from tests.people import handed_over
from tests.staff.desk import PASSWORD, long_ago, sign_in
from tests.test_personal_data import MARK, the_world

pytestmark = pytest.mark.django_db
PAGE = "/invitations/data/"


def downloaded(browser: Client) -> dict[str, bytes]:
    answer: Any = browser.post(PAGE)
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.zip"'
    assert answer.streaming
    return unpacked(answer.getvalue())


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_everything_that_is_hers_is_in_it_and_nothing_that_is_a_secret(settings: Any) -> None:
    marta, _ana = the_world(settings)
    before = every_row()
    files = unpacked(b"".join(download.stream(marta)))
    assert every_row() == before

    empty, readme = [], files["README.txt"].decode()
    for table in TABLES:
        if isinstance(table.mine, Mine):
            assert f"{table.mine.file}.json: {table.mine.holds}" in readme
            empty += [] if json.loads(files[f"{table.mine.file}.json"]) else [table.label]
        else:
            assert table.mine in readme
            assert not table.mine.startswith("In "), "says where, and not what"
    assert empty == [], "of these tables she has rows, and her download has none"
    said = {name: data.decode(errors="replace") for name, data in files.items()}
    assert f"Pat of {MARK}" in said["contacts.json"]
    assert f"Fay {MARK}" in said["invitations.json"]
    assert f"I am {MARK}" in said["draft.json"]
    assert "pat@zmarker.example" in said["uploads.json"]
    assert "invitation.confirmed" in said["steps.json"]
    assert len([name for name in files if name.startswith("mails/")]) == 2
    receipts = [data for name, data in files.items() if name.startswith("receipts/")]
    assert len(receipts) == Batch.objects.filter(sender=marta).count() == 2
    for one in receipts:
        assert verify.check(io.BytesIO(one), heads.verifiers()[0].text())

    whole = "".join(said.values())
    for one in Invitation.objects.all():
        assert tokens.token(one.uid) not in whole
    for secret in (f"token-{MARK}", f"key-{MARK}", f"Code {MARK}", marta.password):
        assert secret not in whole


def test_what_recipients_did_looks_alike(settings: Any) -> None:
    """Whoever stopped, reported or can't be invited can't be told from whoever did nothing."""
    settings.OUTCOME_SECONDS = 0
    settings.INVITATIONS_PER_PERIOD = 9
    ana = people.member("Ana Diaz")
    people.member("Gil Roy", "gil@roy.example")  # a member is asked inside the site
    suppress("kim@norte.example", reason=Reason.OWNER)
    names = {name: f"{name.lower()}@norte.example" for name in ("Bea", "Kim", "Lou", "Max", "Eve")}
    names["Gil"] = "gil@roy.example"
    with mail_server(settings):
        for name, address in names.items():
            people.chosen(ana, f"{name} Ek", address)
        drafting.write(member=ana, note=people.NOTE)
        for invitation in drafting.in_draft(ana):
            people.decided(ana, invitation)
        people.confirm(ana)
        outbox.send_due()
    by_name = {one.recipient_name[:3]: one for one in Invitation.objects.all()}
    assert by_name["Kim"].state == "blocked"
    assert by_name["Gil"].state == "requested"
    responding.stop_everyone(token=tokens.token(by_name["Lou"].uid))
    answering.give(token=tokens.token(by_name["Max"].uid), kind=AnswerKind.DONT_KNOW)
    cases.report(token=tokens.token(by_name["Eve"].uid), words="I never met her.")

    files = unpacked(b"".join(download.stream(ana)))

    rows = json.loads(files["invitations.json"])
    same = ("name", "address", "number", "digest", "chosen_at")
    told = [{key: row[key] for key in row if key not in same} for row in rows]
    assert len(told) == 6
    assert all(one == told[0] for one in told)
    assert told[0]["outcome"] == "No answer"
    steps = json.loads(files["steps.json"])
    about = {str(one.uid): [step["action"] for step in steps if step["about"] == str(one.uid)]
             for one in by_name.values()}  # fmt: skip
    assert len({tuple(actions) for actions in about.values()}) == 1
    assert json.loads(files["hold.json"]) == [
        {"what": "On hold: a person is looking at it. Nothing leaves before."}
    ]
    told_of_it = b"".join(data for name, data in files.items() if name.endswith(".json")).decode()
    for trace in ("I never met", "dont_know", "blocked", "requested", "report", "stopped"):
        assert trace not in told_of_it, trace


def test_an_address_that_was_only_typed_tells_nothing(settings: Any) -> None:
    """Anybody can add somebody else's address to their account; what is known of it is not theirs."""
    ana = people.member("Ana Diaz")
    ana.emailaddress_set.create(email="kim@norte.example", verified=False)  # type: ignore[attr-defined]
    suppress("kim@norte.example", reason=Reason.RECIPIENT)
    files = unpacked(b"".join(download.stream(ana)))
    assert json.loads(files["never-again.json"]) == []


def test_the_page_says_what_is_in_it_and_the_button_needs_a_password_that_was_just_typed(
    ana: User,
) -> None:
    people.contact(ana, "Kim Lee", "kim@norte.example")
    browser = sign_in(ana)
    said = text_of(look(browser, PAGE))
    assert "1 person from your address books" in said
    assert "You type your password first" not in said
    assert downloaded(browser).keys() >= {"README.txt", "contacts.csv", "contacts.vcf"}
    long_ago(browser)
    assert "You type your password first" in text_of(look(browser, PAGE))
    asked = browser.post(PAGE)
    assert asked["Location"] == f"/accounts/reauthenticate/?next={PAGE}".replace(
        PAGE, "%2Finvitations%2Fdata%2F"
    )
    back = browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": PAGE})
    assert back["Location"] == PAGE
    assert downloaded(browser)


def test_nobody_gets_anybody_elses(ana: User) -> None:
    people.contact(ana, "Kim Lee", "kim@norte.example")
    batch = people.confirmed(ana)
    tom = sign_in(people.member("Tom Berg"))
    whole = b"".join(downloaded(tom).values()).decode()
    for trace in ("Kim", "Bea", "Ana", "norte.example", str(batch.uid)):
        assert trace not in whole
    assert tom.get(f"/invitations/sent/{batch.uid}/receipt/").status_code == 404


def test_no_cell_is_a_formula_and_the_cards_are_read_back_as_they_were(ana: User) -> None:
    nasty = [
        "=1+1",
        "+49 30",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "＝1",
        'x","=1',
        "a;b,c\\d\ne",
    ]
    for number, name in enumerate(nasty):
        person = people.contact(ana, name, f"n{number}@norte.example")
        Contact.objects.filter(pk=person.pk).update(company=name, title="Łąka " * 30)
        ContactAddress.objects.create(
            contact=person, member=ana, address=f"n{number}@norte.example",
            normalised=f"n{number}@norte.example", kind="work",
        )  # fmt: skip
    files = unpacked(b"".join(download.stream(ana)))
    rows = list(csv.reader(io.StringIO(files["contacts.csv"].decode("utf-8-sig"), newline="")))
    assert len(rows) == 1 + len(nasty)
    for cells, name in zip(rows[1:], nasty, strict=True):
        assert cells[0].replace("'", "") == name
        assert all(not cell.lstrip(" ").startswith(tuple("=+-@\t\r\n＝")) for cell in cells)
    assert rows[9][0] == 'x","=1'  # what is no formula stays as it is
    told = json.loads(files["contacts.json"])
    assert [one["name"] for one in told] == nasty
    cards = files["contacts.vcf"]
    assert max(map(len, cards.split(b"\r\n"))) <= 75
    read = list(vcard.read([cards]))
    assert [one.addresses[0].value for one in read] == [
        f"n{number}@norte.example" for number in range(len(nasty))
    ]
    assert read[0].name == "=1+1"
    assert read[0].title.split() == ["Łąka"] * 30


def test_it_is_read_and_sent_in_pieces_however_many_people_there_are(ana: User) -> None:
    sizes = {}
    for total in (300, 3000):
        have = Contact.objects.filter(member=ana).count()
        Contact.objects.bulk_create(
            Contact(
                member=ana, source="google", source_label="Google contacts", name=f"Person {n:06}",
                best_address=f"p{n}@norte.example", best_kind="work", sort_name=f"{n:06}",
                created_at=people.clock.now(), company=hashlib.sha256(str(n).encode()).hexdigest()[:24],
            )
            for n in range(have, total)
        )  # fmt: skip
        with CaptureQueriesContext(connection) as seen:
            pieces = list(download.stream(ana))
        assert not [query for query in seen.captured_queries if "OFFSET" in query["sql"]]
        sizes[total] = (len(pieces), max(map(len, pieces)))
        assert len(json.loads(unpacked(b"".join(pieces))["contacts.json"])) == total
    assert sizes[3000][1] < 128 * 1024
    whole = sum(map(len, pieces))
    assert 0.5 < download.contents(ana).size / whole < 2


def test_what_breaks_off_is_taken_for_whole_by_nobody(
    ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.confirmed(ana)
    handed_over(ana)
    assert confirming.is_complete(ana)
    monkeypatch.setattr("invites.evidence.receipt.build", lambda batch: 1 / 0)
    sent: list[bytes] = []
    with pytest.raises(ZeroDivisionError):
        sent.extend(download.stream(ana))
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(sent)))

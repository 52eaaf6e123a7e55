"""Staff enter an address, look it up, read why, and lift it with a reason; nothing lists any."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from invites.actions.suppressing import Reason, suppress
from invites.models import Suppression
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people
from tests.page_rules import text_of
from tests.staff.desk import sign_in

pytestmark = pytest.mark.django_db
LIST = "/admin/invites/suppression/"
SEARCH = "/admin/audit/search/"
ENTER = "/admin/audit/suppress/"
ADDRESS = "bea@norte.example"


@pytest.fixture
def root() -> Client:
    person = people.member("Root Person", "root@staff.example")
    person.is_staff = person.is_superuser = True
    return sign_in(person)


def path(row: Suppression) -> str:
    return f"{LIST}{row.pk}/change/"


def test_a_row_is_found_by_the_desks_search_for_its_whole_address_alone(root: Client) -> None:
    tom = people.member("Tom Berg")
    suppress(ADDRESS, reason=Reason.COMPLAINT)
    suppress(ADDRESS, reason=Reason.RECIPIENT, sender=tom)
    everybody = Suppression.objects.get(sender=None)

    for term in ("norte", "norte.example", "tom@norte.example"):
        assert "Who may not invite" not in root.post(SEARCH, {"term": term}).content.decode(), term
    answer = root.post(SEARCH, {"term": "Bea+x@Norte.example"})
    assert path(everybody) in answer.content.decode()
    said = text_of(answer)
    assert "Nobody may Its owner reported an invitation as spam" in said
    assert "Tom Berg The recipient of an invitation stopped them" in said


def test_no_address_stands_in_the_address_of_a_page(root: Client) -> None:
    assert root.get(LIST)["Location"] == SEARCH


def test_staff_put_an_address_on_the_list_and_it_is_kept_nowhere_in_clear(root: Client) -> None:
    assert root.post(ENTER, {"address": "no address"}).status_code == 200
    assert not Suppression.objects.exists()

    for _ in range(2):
        assert root.post(ENTER, {"address": ADDRESS}).status_code == 302

    assert Suppression.objects.get().reason == "staff"
    entry = Entry.objects.get(action="address.suppressed")
    assert entry.actor == of_member(User.objects.get(first_name="Root").pk)
    said = str(list(LogEntry.objects.values_list("object_repr", "change_message")))
    assert "norte" not in said


def test_lifting_wants_a_reason_and_a_second_look_and_is_on_the_ledger(root: Client) -> None:
    suppress(ADDRESS, reason=Reason.BOUNCE)
    row = Suppression.objects.get()
    assert "A mail to it came back for good" in text_of(root.get(path(row)))

    for half in ({}, {"why_lift": "asked"}, {"sure": "on"}, {"why_lift": "x", "sure": "on"}):
        assert root.post(path(row), half).status_code == 200
    row.refresh_from_db()
    assert row.lifted_at is None

    assert root.post(path(row), {"why_lift": "asked", "sure": "on"}).status_code == 302
    row.refresh_from_db()
    assert row.lift_reason == "asked"
    entry = Entry.objects.get(action="address.lifted")
    assert entry.facts == {"reason": "asked"}
    assert entry.actor == of_member(User.objects.get(first_name="Root").pk)
    shown = text_of(root.get(path(row)))
    assert f"lifted (asked) by {entry.actor}" in shown
    assert root.post(path(row), {"why_lift": "asked", "sure": "on"}).status_code == 403
    assert suppress(ADDRESS, reason=Reason.RECIPIENT)  # and it can be stopped again


def test_who_may_only_look_can_neither_add_nor_lift(staff: Client) -> None:
    suppress(ADDRESS, reason=Reason.OWNER)
    row = Suppression.objects.get()

    assert "asked for it on this site" in text_of(staff.get(path(row)))
    assert staff.get(ENTER).status_code == 403
    assert staff.post(path(row), {"why_lift": "asked", "sure": "on"}).status_code == 403


def bring(text: bytes, folder: Path) -> tuple[str, str, int]:
    file, said, errors, code = folder / "list.csv", StringIO(), StringIO(), 0
    file.write_bytes(text)
    try:
        call_command("import_suppressions", str(file), stdout=said, stderr=errors)
    except SystemExit as end:
        code = int(end.code or 0)
    return said.getvalue(), errors.getvalue(), code


def test_a_list_is_taken_over_line_by_line_and_says_which_it_could_not_read(tmp_path: Path) -> None:
    text = (
        "\ufeffname,email\nBea,bea@norte.example\n\nTom,tom at norte\n,B.E.A@gmail.com\nx,a@b@c\n"
    )

    said, errors, code = bring(text.encode(), tmp_path)

    assert said.startswith("2 added, 0 on the list already, 2 not read.")
    assert "Line 4: there is no address in it." in errors
    assert "Line 6: what is there is not an e-mail address." in errors
    assert "norte" not in errors
    assert code == 1
    assert not suppress("bea@gmail.com", reason=Reason.STAFF)


def test_one_address_a_line_works_too_and_twice_is_once(tmp_path: Path) -> None:
    text = b"bea@norte.example\ntom@norte.example\n"

    assert bring(text, tmp_path) == ("2 added, 0 on the list already, 0 not read.\n", "", 0)
    assert bring(text, tmp_path) == ("0 added, 2 on the list already, 0 not read.\n", "", 0)
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"list"}


def test_a_file_that_is_no_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Save it as UTF-8 text"):
        bring(b"\xff\xfe\x00\x01", tmp_path)

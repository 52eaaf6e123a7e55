"""Staff find any invitation and see its whole story: who, to whom, which words, what became of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import html5lib
import pytest
from django.test import Client

from invites import rendering
from invites.actions import responding, taking_back
from invites.models import Invitation
from invites.tokens import token
from tests import people
from tests.page_rules import every_row, words
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db

LIST = "/admin/invites/invitation/"


def rows(page: Any) -> list[str]:
    """The rows of a list, as words."""
    tree = html5lib.parse(page.content.decode(), namespaceHTMLElements=False)
    tables = [one for one in tree.iter("table") if one.get("id") == "result_list"]
    return [words(row) for table in tables for row in next(table.iter("tbody")).iter("tr")]


def found(staff: Client, term: str) -> list[str]:
    answer = staff.get(f"{LIST}?q={quote(term)}")
    assert answer.status_code == 200
    return rows(answer)


def story(staff: Client, invitation: Invitation) -> str:
    """All words of an invitation's page."""
    before = every_row()
    answer = staff.get(f"{LIST}{invitation.pk}/change/")
    assert answer.status_code == 200
    assert every_row() == before
    tree = html5lib.parse(answer.content.decode(), namespaceHTMLElements=False)
    return words(next(tree.iter("main")))


def test_the_list_says_who_invited_whom_and_what_became_of_it(
    staff: Client, invitation: Invitation
) -> None:
    waiting = people.chosen(people.member("Tom Berg"), "Carl Maes", "carl@maes.example")

    newest, oldest = rows(staff.get(LIST))

    assert "Carl Maes" in newest
    assert "Tom Berg tom@berg.example" in newest
    assert waiting.state in newest
    assert invitation.batch is not None
    for part in (
        "Bea Sousa bea@norte.example", "Ana Diaz ana@diaz.example", "sent", "Worked together",
        "Google contacts", invitation.batch.fingerprint[:8],
    ):  # fmt: skip
        assert part in oldest


@pytest.mark.parametrize(
    "term",
    [
        "{uid}",
        "{uid.hex}",
        "{message_id}",
        "<{message_id}>",
        "{batch.fingerprint:.8}",
        "{batch.fingerprint}",
    ],
)
def test_it_is_found_by_what_people_have_in_hand(
    staff: Client, invitation: Invitation, term: str
) -> None:
    people.chosen(people.member("Tom Berg"), "Carl Maes", "carl@maes.example")
    assert invitation.batch is not None

    class Batch:
        fingerprint = invitation.batch.fingerprint

    term = term.format(
        uid=invitation.uid, message_id=rendering.message_id(invitation.uid), batch=Batch
    )

    (row,) = found(staff, term)

    assert "Bea Sousa" in row


@pytest.mark.parametrize(
    "term",
    [
        "bea",
        "norte.example",
        "bea@norte.example",
        "ana@diaz.example",
        "@",
        "%",
        "_",
        "x@",
        "deadbeef",
        "zz",
        "<>",
    ],
)
def test_parts_of_names_find_nobody_and_addresses_are_searched_at_the_desk(
    staff: Client, invitation: Invitation, term: str
) -> None:
    assert found(staff, term) == []


def test_the_page_shows_the_exact_mail_from_its_bytes(
    staff: Client, invitation: Invitation
) -> None:
    said = story(staff, invitation)

    assert "Subject: Ana Diaz invites you to Handpicked" in said
    assert f"Message-ID: <{rendering.message_id(invitation.uid)}>" in said
    assert "Ana Diaz (ana@diaz.example) chose you for Handpicked, where professionals" in said
    assert "┃ You fixed our contract in a weekend." in said


def test_no_page_of_the_staff_has_the_secret(staff: Client, invitation: Invitation) -> None:
    secret = token(invitation.uid)
    for path in (LIST, f"{LIST}{invitation.pk}/change/"):
        assert secret not in staff.get(path).content.decode()


def test_the_page_shows_what_was_consented_to(staff: Client, invitation: Invitation) -> None:
    said = story(staff, invitation)

    assert f"Digest: {invitation.confirmed_digest} (this mail)" in said
    assert "Mails on that page: 1" in said


def test_the_page_tells_every_step_oldest_first(staff: Client, invitation: Invitation) -> None:
    responding.stop_everyone(token=token(invitation.uid))
    taking_back.withdraw(member=invitation.sender, uid=invitation.uid)

    said = story(staff, invitation)

    assert invitation.batch is not None
    steps = [
        "The sender chose this person.",
        "The sender looked at this mail and invited: “Worked together”.",
        f"Mails confirmed at once: 1, fingerprint {invitation.batch.fingerprint[:8]}.",
        "The sender confirmed this mail.",
        "The mail server took it (250).",
        "The recipient stopped all invitations.",
        "The sender withdrew it after it had left.",
    ]
    places = [said.find(step) for step in steps]
    assert -1 not in places, [step for step in steps if step not in said]
    assert places == sorted(places)


def test_somebody_who_is_only_chosen_has_a_page_too(staff: Client) -> None:
    said = story(staff, people.chosen(people.member()))

    assert "No mail has been reviewed." in said
    assert "Nothing was confirmed." in said


def test_what_people_wrote_stays_words(staff: Client, post: Sink) -> None:
    from invites.actions import drafting

    owner = people.member()
    person = people.chosen(owner, "<script>alert(1)</script>", "bea@norte.example")
    drafting.write(member=owner, note="<img src=x onerror=alert(1)> is what I call a note to you")
    people.decided(owner, person)

    page = staff.get(f"{LIST}{person.pk}/change/").content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_long_list_is_shown_page_by_page_with_few_queries(
    staff: Client, django_assert_max_num_queries: Any
) -> None:
    owner = people.member()
    for number in range(30):
        people.chosen(owner, f"Bea {number}", f"bea{number}@norte.example")
    for number in range(30):
        people.chosen(people.member(f"Ana{number} Diaz"), address="c@norte.example")

    with django_assert_max_num_queries(12):
        assert len(rows(staff.get(LIST))) == 50
    assert len(rows(staff.get(f"{LIST}?all="))) == 50
    (older,) = re.findall(r'href="(\?before=\d+)" rel="next"', staff.get(LIST).content.decode())
    last = staff.get(LIST + older)
    assert len(rows(last)) == 10
    (newer,) = re.findall(r'href="(\?after=\d+)" rel="prev"', last.content.decode())
    assert rows(staff.get(LIST + newer)) == rows(staff.get(LIST))

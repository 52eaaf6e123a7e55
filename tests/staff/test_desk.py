"""The desk says what needs a person and tells any invitation's story; looking changes nothing."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invites import outbox, rendering, scopes
from invites.actions import cases, drafting, holding, responding
from invites.actions.suppressing import Reason, suppress
from invites.desk.waiting import one_working_day_after
from invites.evidence.verify import check
from invites.models import Batch, Hold, Invitation
from invites.recipients.models import Case
from invites.tokens import token
from ledger import clock, heads, sealing
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people
from tests.arrivals import arrived
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import HANG_UP, Sink
from tests.staff.desk import DESK, at_the_desk, lifted_by_two, long_ago

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(db: None) -> Client:
    return at_the_desk("viewer")


@pytest.fixture
def agent(db: None) -> Client:
    return at_the_desk("agent")


def reported(name: str, to: str, words: str = "") -> Invitation:
    sender = people.member(name)
    invitation = arrived(sender, "Bea Sousa", to)
    assert cases.report(token=token(invitation.uid), words=words)
    return invitation


def search(browser: Client, term: str) -> Any:
    return browser.post(f"{DESK}search/", {"term": term}, follow=True)


def test_complaints_about_one_note_are_one_thing_to_look_at(viewer: Client, post: Sink) -> None:
    first = reported("Ana Diaz", "bea@norte.example", "I never met her.")
    reported("Tom Berg", "carl@maes.example")
    before = every_row()

    said = text_of(look(viewer, DESK))

    assert every_row() == before
    assert "2 complaints · 2 senders · 1 note" in said
    stopped = Hold.objects.order_by("placed_at").last()
    assert stopped
    assert f"Both have been stopped since {stopped.placed_at:%A %H:%M}" in said
    assert "I never met her." in said
    assert said.count("You fixed our contract in a weekend.") == 2  # as a letter, and in the mail
    assert f"{DESK}invitation/{first.uid}/" in viewer.get(DESK).content.decode()


def test_the_longest_waiting_comes_first_and_a_sender_who_goes_on_is_named(
    viewer: Client, post: Sink
) -> None:
    late = reported("Ana Diaz", "bea@norte.example")
    other = people.member("Tom Berg")
    people.chosen(other, "Carl Maes", "carl@maes.example")
    drafting.write(
        member=other, note="Carl, your bridge in Lund still stands; come and build more?"
    )
    people.decided(other, Invitation.objects.get(sender=other))
    people.confirm(other)
    outbox.send_due()
    cases.report(token=token(Invitation.objects.get(sender=other).uid), words="")
    Case.objects.filter(invitation=late).update(opened_at=clock.now() - timedelta(days=30))
    lifted_by_two(scopes.of_sender(other.pk))

    said = text_of(look(viewer, DESK))

    assert said.index("Ana Diaz") < said.index("Tom Berg")
    assert said.index("Late by") < said.index("Tom Berg: not stopped")
    Case.objects.update(decided_at=clock.now())
    assert "Nobody waits for an answer." in text_of(viewer.get(DESK))


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-18 15:00", "2026-11-19 15:00"),
        ("2026-11-20 15:00", "2026-11-23 15:00"),  # a Friday
        ("2026-11-21 10:14", "2026-11-24 00:00"),  # a Saturday
        ("2026-11-22 23:59", "2026-11-24 00:00"),
    ],
)
def test_the_clock_is_one_working_day(opened: str, due: str) -> None:
    moment = datetime.fromisoformat(opened).replace(tzinfo=UTC)
    assert f"{one_working_day_after(moment):%Y-%m-%d %H:%M}" == due


def test_holds_unknown_outcomes_and_what_is_not_well_stand_on_the_first_page(
    viewer: Client, post: Sink
) -> None:
    batch = people.confirmed(people.member("Tom Berg"))
    for scope in (scopes.SITE, scopes.of_source("google"), scopes.of_batch(batch.pk)):
        holding.hold(scope, reason=f"Why {scope}.")

    said = text_of(viewer.get(DESK))

    assert "Not well: Beat has not run at all" in said
    assert "Not well: The ledger's head" not in said
    for words in (
        "The whole site",
        "Everybody from google",
        f"{batch.short_fingerprint} of Tom Berg",
    ):
        assert words in said
    assert "None in the last 7 days." in said


def test_a_mail_that_may_have_arrived_is_listed(viewer: Client, post: Sink) -> None:
    post.answer = lambda verb, recipient: HANG_UP if verb == "DOT" else None
    ana = people.member("Ana Diaz")
    people.reviewed(ana)
    people.confirm(ana)
    outbox.send_due()

    assert "Bea Sousa from Ana Diaz unknown" in text_of(look(viewer, DESK))


@pytest.mark.parametrize(
    "term",
    [
        "<{message_id}>", "{message_id}", "{uid}", "{uid.hex}", " BEA@Norte.Example ",
        "bea+news@norte.example",
    ],
)  # fmt: skip
def test_an_invitation_opens_by_what_people_have_in_hand(
    viewer: Client, post: Sink, term: str
) -> None:
    invitation = arrived(people.member("Ana Diaz"))
    people.chosen(people.member("Tom Berg"), "Carl Maes", "carl@maes.example")
    before = every_row()

    page = search(
        viewer,
        term.format(uid=invitation.uid, message_id=rendering.message_id(invitation.uid)),
    )

    assert page.redirect_chain == [(f"{DESK}invitation/{invitation.uid}/", 302)]
    assert every_row() == before


def test_a_sender_is_found_by_address_and_leads_to_batch_invitation_and_steps(
    viewer: Client, post: Sink
) -> None:
    invitation = arrived(people.member("Ana Diaz"))
    responding.stop_everyone(token=token(invitation.uid))
    assert isinstance(invitation.batch, Batch)

    found = search(viewer, "Ana@Diaz.example").content.decode()
    assert f"{DESK}sender/{invitation.sender_id}/" in found
    sender = look(viewer, f"{DESK}sender/{invitation.sender_id}/").content.decode()
    assert f"{DESK}batch/{invitation.batch.uid}/" in sender
    batch = look(viewer, f"{DESK}batch/{invitation.batch.uid}/").content.decode()
    assert f"{DESK}invitation/{invitation.uid}/" in batch
    said = text_of(look(viewer, f"{DESK}invitation/{invitation.uid}/"))

    steps = [
        "The sender chose this person.",
        "The sender looked at this mail and invited: “Worked together”.",
        f"Mails confirmed at once: 1, fingerprint {invitation.batch.fingerprint[:8]}.",
        "The sender confirmed this mail.",
        "The mail server took it (250).",
        "The recipient stopped all invitations.",
    ]
    places = [said.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
    assert "Subject Ana Diaz invites you to Handpicked" in said
    assert f"{invitation.confirmed_digest} (this mail)" in said
    assert (
        token(invitation.uid)
        not in viewer.get(f"{DESK}invitation/{invitation.uid}/").content.decode()
    )


def test_an_address_is_found_after_it_was_erased_and_says_why_nobody_may_invite_it(
    viewer: Client, post: Sink
) -> None:
    arrived(people.member("Ana Diaz"))
    Invitation.objects.update(recipient_name="", recipient_address="")
    suppress("bea@norte.example", reason=Reason.BOUNCE)

    page = search(viewer, "bea@norte.example")

    assert "A mail to it came back for good" in text_of(page)
    assert "Somebody who is erased from Ana Diaz" in text_of(page)


@pytest.mark.parametrize("term", ["bea", "norte.example", "x@", "@", "%", "zz", "<>"])
def test_parts_of_names_and_addresses_find_nobody(viewer: Client, post: Sink, term: str) -> None:
    arrived(people.member("Ana Diaz"))

    said = text_of(search(viewer, term))

    assert "Bea" not in said
    assert "whole" in said


def test_evidence_is_one_button_and_who_took_it_is_on_the_ledger(agent: Client, post: Sink) -> None:
    invitation = arrived(people.member("Ana Diaz"))
    path = f"{DESK}invitation/{invitation.uid}/"

    refused = agent.post(f"{path}evidence/")
    assert refused.status_code == 409
    assert "is not sealed yet" in refused.content.decode()
    assert not Entry.objects.filter(action="evidence.taken").exists()

    sealing.seal()
    for _ in range(2):  # having taken it once does not make it wait for the next seal
        answer = agent.post(f"{path}evidence/")
        assert (
            answer["Content-Disposition"] == f'attachment; filename="evidence-{invitation.uid}.zip"'
        )
        assert "message.eml" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    key = heads.signing_key()
    assert key
    assert check(io.BytesIO(answer.content), heads.public(key).text())
    first, _second = Entry.objects.filter(action="evidence.taken")
    assert first.subject == invitation.uid
    assert first.actor == of_member(User.objects.get(email="agent@staff.example").pk)
    assert "Staff took the evidence of it." in text_of(agent.get(path))

    long_ago(agent)
    asked = agent.post(f"{path}evidence/")
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=%2Fadmin%2Faudit%2Finvita")
    assert Entry.objects.filter(action="evidence.taken").count() == 2


def test_what_was_never_confirmed_has_no_evidence(agent: Client) -> None:
    person = people.chosen(people.member("Ana Diaz"))
    path = f"{DESK}invitation/{person.uid}/"

    assert "Nothing was confirmed." in text_of(agent.get(path))
    answer = agent.post(f"{path}evidence/")
    assert answer.status_code == 409
    assert "This invitation was not confirmed" in answer.content.decode()


def test_a_viewer_sees_everything_and_takes_nothing(viewer: Client, post: Sink) -> None:
    invitation = arrived(people.member("Ana Diaz"))
    path = f"{DESK}invitation/{invitation.uid}/"

    assert "Evidence" not in text_of(viewer.get(path))
    refused = viewer.post(f"{path}evidence/")
    assert refused.status_code == 403
    assert "for another group of the staff. What needs a person" in text_of(refused)


def test_staff_without_a_group_see_nothing(post: Sink) -> None:
    invitation = arrived(people.member("Ana Diaz"))
    nobody = at_the_desk("nobody")

    for path in ("", "search/", f"sender/{invitation.sender_id}/", f"invitation/{invitation.uid}/"):
        assert nobody.get(DESK + path).status_code == 403, path


def test_no_page_of_the_desk_counts_or_skips_rows(agent: Client, post: Sink) -> None:
    invitation = reported("Ana Diaz", "bea@norte.example")
    assert isinstance(invitation.batch, Batch)
    paths = [
        "", f"sender/{invitation.sender_id}/?before=99", f"batch/{invitation.batch.uid}/?after=0",
        f"invitation/{invitation.uid}/",
    ]  # fmt: skip
    with CaptureQueriesContext(connection) as seen:
        for path in paths:
            assert agent.get(DESK + path).status_code == 200
        for term in ("bea@norte.example", "ana@diaz.example", invitation.batch.fingerprint[:8]):
            assert search(agent, term).status_code == 200

    said = [query["sql"] for query in seen.captured_queries]
    assert len(said) < 150
    assert not [sql for sql in said if "COUNT(" in sql or "OFFSET" in sql]

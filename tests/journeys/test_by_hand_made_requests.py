"""The journey by hand-made requests: steps skipped, repeated, reordered, and taken at once.

Never a mail that was not confirmed, never an error page, always a sentence that explains.
test_by_hand_forged_requests.py beside this forges what is in them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.journeys import by_hand, mailbox
from tests.journeys.by_hand import NUL, STRANGERS, Hand
from tests.journeys.member import SECONDS
from tests.stack import Stack

ROUNDS, AT_A_TIME = 50, 5  # a new member may confirm five


# --- skipped ----------------------------------------------------------------------------------------
def test_confirming_before_anything_else(ana: Hand) -> None:
    ana.confirms("", 422).says("Nothing was queued", "Nobody gets a mail yet")
    assert ana.has_confirmed() == 0


def test_confirming_people_on_whom_nobody_decided(ana: Hand) -> None:
    ana.chooses("Bea", "Carlos")
    ana.writes()
    digest = ana.card().hidden("digest_worked")

    ana.confirms(by_hand.fingerprint_of([digest]), 422).says("Nothing was queued")
    assert ana.has_confirmed() == 0


def test_deciding_before_the_note_is_written(ana: Hand) -> None:
    ana.chooses("Bea")
    ana.card().says("First write your note: each mail carries it.")
    ana.writes()
    card = ana.card()
    ana.posts("/invitations/forget/")
    ana.chooses("Bea")
    other = by_hand.first_card(ana)

    ana.decides(card).says("This person is not in your draft any more. Nothing was sent.")
    ana.posts(other, {"relationship": "worked", "digest_worked": "0" * 64}, 409).says(
        "The note is empty. Write it first."
    )
    assert ana.checks() == ""


@pytest.mark.parametrize("digest", ["", "0" * 64, NUL, "x" * 100_000])
def test_deciding_on_a_mail_that_was_not_shown(ana: Hand, digest: str) -> None:
    ana.chooses("Bea")
    ana.writes()

    ana.decides(ana.card(), 409, digest_worked=digest).says("This mail changed while the card")
    assert ana.checks() == ""


def test_deciding_without_saying_how_one_knows_them(ana: Hand) -> None:
    ana.chooses("Bea")
    ana.writes()

    for relationship in ("", "everybody", NUL):
        ana.decides(ana.card(), 422, relationship=relationship).says("Press one of the buttons")
    ana.decides(ana.card(), 422, relationship="other").says("Say in a few words how you know")
    assert ana.checks() == ""


def test_reviewing_nobody(ana: Hand) -> None:
    ana.card().says("Nobody is chosen yet.")


# --- repeated ---------------------------------------------------------------------------------------
def test_deciding_twice_is_deciding_once(ana: Hand) -> None:
    ana.chooses("Bea")
    ana.writes()
    card = ana.card()
    ana.decides(card)
    ana.decides(card).says("1 person gets one mail")


def test_confirming_twice_adds_nothing(ana: Hand, confirmed: set[str]) -> None:
    fingerprint = ana.prepares("Bea")
    first = ana.confirms(fingerprint)
    confirmed.add(ana.address("Bea"))
    again = ana.confirms(fingerprint)

    again.says("Confirmed at", "(UTC); nothing was added.")
    assert again.path == first.path
    assert ana.has_confirmed() == 1


def test_taking_back_twice_and_confirming_again_brings_nothing_back(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")
    sent = ana.confirms(fingerprint)

    ana.posts(f"{sent.path}take-back/").says("2 mails won’t leave.")
    ana.posts(f"{sent.path}take-back/").says("There was nothing left to take back.")
    ana.confirms(fingerprint).says("nothing was added", "Taken back. Nothing was sent.")
    assert ana.has_confirmed() == 1


def test_a_person_who_was_invited_cannot_be_chosen_again(ana: Hand, confirmed: set[str]) -> None:
    ana.confirms(ana.prepares("Bea"))
    confirmed.add(ana.address("Bea"))
    ana.types("Bea")
    page = ana.gets("/invitations/choose/")

    page.says("You invited this person already. Nobody gets a second mail.")
    assert 'name="person"' not in page.html


# --- reordered, in two tabs -------------------------------------------------------------------------
def test_a_note_changed_in_a_second_tab_voids_the_confirmation(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")

    ana.writes("Quite another note, written in another tab, which nobody has seen in a mail.").says(
        "Your note changed 2 mails. Look at 2 mails again before anything is sent."
    )
    ana.confirms(fingerprint, 422).says("Nothing was queued")
    assert ana.has_confirmed() == 0


def test_a_line_changed_in_a_second_tab_voids_the_confirmation(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")
    card = ana.gets(by_hand.first_card(ana))

    ana.posts(card.path, {"preview": "yes", "own_line": "A line that was not there."})
    ana.confirms(fingerprint, 409).says("Nothing was queued", "it changed in another tab")
    assert ana.has_confirmed() == 0


def test_a_card_that_was_open_while_its_mail_changed_comes_back(ana: Hand) -> None:
    ana.chooses("Bea")
    ana.writes()
    card = ana.card()
    ana.writes("The note of another tab, and the open card does not know anything about it.")

    ana.decides(card, 409).says(
        "This mail changed while the card was open. Look at it once more.", "The note of another"
    )
    assert ana.checks() == ""


def test_a_sender_who_is_called_otherwise_by_now_sees_all_mails_again(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")
    by_hand.changes(ana, "user.last_name = 'Handley'; user.save()")

    ana.confirms(fingerprint, 409).says(
        "Nothing was queued", "These mails changed", "Bea", "Carlos"
    )
    ana.card().says("1 of 2", "Handley")
    assert ana.has_confirmed() == 0


def test_a_sender_whose_address_is_not_checked_confirms_nothing(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea")
    by_hand.changes(ana, "user.emailaddress_set.update(verified=False)")

    ana.confirms(fingerprint, 422).says("a full name and a checked e-mail address")
    assert ana.has_confirmed() == 0


def test_confirming_after_everybody_was_removed(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")
    for card in by_hand.cards_on_check(ana):
        uid = card.strip("/").rpartition("/")[2]
        ana.posts(f"/invitations/check/{uid}/remove/").says("gets no mail now.")

    ana.confirms(fingerprint, 422).says("Nothing was queued")
    assert ana.has_confirmed() == 0


def test_confirming_after_one_was_removed(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")
    uid = by_hand.cards_on_check(ana)[0].strip("/").rpartition("/")[2]
    ana.posts(f"/invitations/check/{uid}/remove/")

    ana.confirms(fingerprint, 409).says("Nothing was queued", "1 person gets one mail")
    assert ana.has_confirmed() == 0


def test_confirming_after_everything_was_forgotten(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea")
    ana.posts("/invitations/forget/").says("1 person erased at")

    ana.confirms(fingerprint, 422).says("Nothing was queued", "Choose people first.")
    assert ana.has_confirmed() == 0


# --- what other people said -------------------------------------------------------------------------
def test_somebody_who_stopped_all_invitations_gets_nothing_and_is_not_betrayed(
    stack: Stack, ana: Hand, bruno: Hand, confirmed: set[str]
) -> None:
    ana.confirms(ana.prepares("Bea"))
    address = ana.address("Bea")
    confirmed.add(address)
    [mail] = stack.sandbox.wait_for_mails(1, to=address, seconds=SECONDS)
    link = mailbox.secret_link(mail).removeprefix(stack.url)
    nobody = Hand(stack, "nobody", "")
    nobody.posts(f"{link}stop/", {"stop": "everyone"}, token=False).says("Done.")

    person = {"name": "Bea Again", "address": address}
    bruno.posts("/contacts/type/", person).says("is in your list")
    bruno.chooses("Carlos")
    number = bruno.box_of("Bea Again")
    bruno.posts("/invitations/choose/", {"person": number, "shown": number})
    bruno.writes()
    for _ in range(2):
        bruno.decides(bruno.card())
    sent = bruno.confirms(bruno.checks())
    confirmed.add(bruno.address("Carlos"))
    stack.sandbox.wait_for_mails(1, to=bruno.address("Carlos"), seconds=SECONDS)

    bruno.sees_at_last(sent.path, "What was sent", "Bea Again No answer", "Carlos No answer")
    assert len(stack.sandbox.mails(to=address)) == 1


def test_after_this_was_not_me_nothing_leaves_in_that_name(ana: Hand) -> None:
    sent = ana.confirms(ana.prepares("Bea"))
    ana.posts(f"{sent.path}not-me/").says("1 invitation was taken back", "a person is looking")

    ana.confirms(ana.prepares("Carlos")).says("1 invitation")


def test_a_withdrawn_invitation_goes_dark(stack: Stack, ana: Hand, confirmed: set[str]) -> None:
    sent = ana.confirms(ana.prepares("Bea"))
    confirmed.add(ana.address("Bea"))
    uid = sent.hidden("invitation")
    ana.gets(f"/invitations/withdraw/{uid}/", 404).says("Nothing was changed.")
    [mail] = stack.sandbox.wait_for_mails(1, to=ana.address("Bea"), seconds=SECONDS)
    link = mailbox.secret_link(mail).removeprefix(stack.url)
    nobody = Hand(stack, "nobody", "")
    nobody.gets(link).says("chose you")
    ana.posts(f"{sent.path}take-back/").says("There was nothing left to take back.")

    ana.posts(f"/invitations/withdraw/{uid}/").says("is withdrawn. Nothing follows it.")
    nobody.gets(link, 404).says("There is no invitation here", "Nothing was changed")


# --- at once ----------------------------------------------------------------------------------------
def test_two_clients_that_confirm_at_once_make_one_batch(
    stack: Stack, everybody: Iterator[Hand], confirmed: set[str]
) -> None:
    for _ in range(ROUNDS // AT_A_TIME):
        member = next(everybody)
        names = [f"Friend {number}" for number in range(AT_A_TIME)]
        member.chooses(*names)
        member.writes()
        tabs = [member.another_tab(), member.another_tab()]
        for number, name in enumerate(names, start=1):
            member.decides(member.card())
            answers = _confirm_at_once(member, tabs, member.checks())
            assert [status for status, _ in answers] == [302, 302]
            assert len({path for _, path in answers}) == 1
            assert member.has_confirmed() == number
            confirmed.add(member.address(name))


def _confirm_at_once(
    member: Hand, tabs: list[requests.Session], fingerprint: str
) -> list[tuple[int, str]]:
    """Both clients let go at the same moment; returns what each was answered."""
    together = threading.Barrier(len(tabs))

    def confirm(http: requests.Session) -> tuple[int, str]:
        form = {
            "fingerprint": fingerprint,
            "csrfmiddlewaretoken": http.cookies["handpicked_csrf"],
        }
        together.wait(SECONDS)
        url = f"{member.stack.url}/invitations/check/"
        answer = http.post(url, form, allow_redirects=False, timeout=SECONDS)
        return answer.status_code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(len(tabs)) as clients:
        return list(clients.map(confirm, tabs))


# --- in the end -------------------------------------------------------------------------------------
def test_exactly_the_confirmed_people_have_one_mail_each(
    stack: Stack, ana: Hand, confirmed: set[str]
) -> None:
    # What is due leaves in the order of its time: when this one is there, all others are.
    ana.confirms(ana.prepares("Last"))
    confirmed.add(ana.address("Last"))
    stack.sandbox.wait_for_mails(1, to=ana.address("Last"), seconds=SECONDS)

    mails = [mailbox.recipient(mail) for mail in stack.sandbox.mails()]
    strangers = [address for address in mails if address.endswith(f"@{STRANGERS}")]
    assert sorted(strangers) == sorted(confirmed)

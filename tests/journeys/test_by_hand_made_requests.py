"""The journey by hand-made requests: skipped, repeated, reordered, forged, at once.

Never a mail that was not confirmed, never an error page, always a sentence that explains.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.journeys import by_hand, mailbox
from tests.journeys.by_hand import STRANGERS, Hand
from tests.journeys.member import SECONDS
from tests.stack import Stack

NOBODY = uuid.UUID(int=0)
NUL = "\x00"
ROUNDS, AT_A_TIME = 50, 5  # a new member may confirm five


@pytest.fixture(scope="module")
def everybody(stack: Stack) -> Iterator[Hand]:
    return iter(by_hand.members(stack, 90))


@pytest.fixture
def ana(everybody: Iterator[Hand]) -> Hand:
    """A member with an empty address book."""
    return next(everybody)


@pytest.fixture
def bruno(everybody: Iterator[Hand]) -> Hand:
    """Another one."""
    return next(everybody)


@pytest.fixture(scope="module")
def confirmed() -> set[str]:
    """The addresses to which one mail each has to leave in the course of this module."""
    return set()


# --- skipped -----------------------------------------------------------------------------------------
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
    other = _card_of(ana)

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


# --- repeated ----------------------------------------------------------------------------------------
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

    ana.posts(f"{sent.path}take-back/").says("2 were taken back. Nothing was sent.")
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


# --- reordered, in two tabs --------------------------------------------------------------------------
def test_a_note_changed_in_a_second_tab_voids_the_confirmation(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")

    ana.writes("Quite another note, written in another tab, which nobody has seen in a mail.").says(
        "Your note changed 2 mails. Look at 2 mails again before anything is sent."
    )
    ana.confirms(fingerprint, 422).says("Nothing was queued")
    assert ana.has_confirmed() == 0


def test_a_line_changed_in_a_second_tab_voids_the_confirmation(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")
    card = ana.gets(_card_of(ana))

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
    _changes(ana, "user.last_name = 'Handley'; user.save()")

    ana.confirms(fingerprint, 409).says(
        "Nothing was queued", "These mails changed", "Bea", "Carlos"
    )
    ana.card().says("1 of 2", "Handley")
    assert ana.has_confirmed() == 0


def test_a_sender_whose_address_is_not_checked_confirms_nothing(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea")
    _changes(ana, "user.emailaddress_set.update(verified=False)")

    ana.confirms(fingerprint, 422).says("a full name and a checked e-mail address")
    assert ana.has_confirmed() == 0


def test_confirming_after_everybody_was_removed(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")
    for card in _cards_on_check(ana):
        uid = card.strip("/").rpartition("/")[2]
        ana.posts(f"/invitations/check/{uid}/remove/").says("gets no mail now.")

    ana.confirms(fingerprint, 422).says("Nothing was queued")
    assert ana.has_confirmed() == 0


def test_confirming_after_one_was_removed(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea", "Carlos")
    uid = _cards_on_check(ana)[0].strip("/").rpartition("/")[2]
    ana.posts(f"/invitations/check/{uid}/remove/")

    ana.confirms(fingerprint, 409).says("Nothing was queued", "1 person gets one mail")
    assert ana.has_confirmed() == 0


def test_confirming_after_everything_was_forgotten(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea")
    ana.posts("/invitations/forget/").says("Forgotten: 1 person, your note and your decisions.")

    ana.confirms(fingerprint, 422).says("Nothing was queued", "Choose people first.")
    assert ana.has_confirmed() == 0


# --- forged ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fingerprint", ["", "0" * 64, "0" * 8, NUL, "a" * 200_000, "1 OR 1=1"])
def test_a_fingerprint_that_was_on_no_page(ana: Hand, fingerprint: str) -> None:
    ana.prepares("Bea")

    ana.confirms(fingerprint, 409).says("Nothing was queued", "Read it once more.")
    assert ana.has_confirmed() == 0


def test_the_fingerprint_of_another_member(ana: Hand, bruno: Hand, confirmed: set[str]) -> None:
    ana.prepares("Bea")
    theirs = bruno.prepares("Carlos")
    ana.confirms(theirs, 409).says("Nothing was queued")
    bruno.confirms(theirs)
    confirmed.add(bruno.address("Carlos"))

    ana.confirms(theirs, 409).says("Nothing was queued")
    assert ana.has_confirmed() == 0


def test_more_people_than_a_new_member_may_invite_wait(ana: Hand, confirmed: set[str]) -> None:
    names = [f"Friend {number}" for number in range(6)]
    fingerprint = ana.prepares(*names)
    ana.gets("/invitations/check/").says("5 people get one mail each", "1 waits")

    ana.confirms(by_hand.fingerprint_of(ana.digests()), 409).says("Nothing was queued")
    ana.confirms(fingerprint).says("5 invitations")
    confirmed.update(ana.address(name) for name in names[:5])
    ana.confirms(fingerprint).says("nothing was added")
    ana.gets("/invitations/check/").says("1 waits", "nothing goes by itself")
    assert ana.checks() == ""


def test_other_peoples_cards_stay_closed(ana: Hand, bruno: Hand) -> None:
    fingerprint = ana.prepares("Bea")
    [card] = _cards_on_check(ana)
    uid = card.strip("/").rpartition("/")[2]
    gone = "This person is not in your draft any more. Nothing was sent."

    bruno.gets(card).says(gone)
    for fields in ({"aside": "never"}, {"reconsider": "yes"}, {"preview": "yes", "own_line": "x"}):
        bruno.posts(card, fields).says(gone)
    bruno.decides(ana.gets(card)).says(gone)
    bruno.posts(f"/invitations/check/{uid}/remove/").says(gone)
    assert ana.checks() == fingerprint


def test_other_peoples_batches_stay_closed(ana: Hand, bruno: Hand, confirmed: set[str]) -> None:
    sent = ana.confirms(ana.prepares("Bea"))
    confirmed.add(ana.address("Bea"))

    bruno.gets(sent.path, 404).says("Nothing was changed.")
    for way in ("take-back/", "not-me/"):
        bruno.posts(f"{sent.path}{way}", status=404).says("Nothing was changed.")
    bruno.posts(f"/invitations/withdraw/{sent.hidden('invitation')}/", status=404)


def test_another_batchs_invitation_is_not_taken_back(
    ana: Hand, bruno: Hand, confirmed: set[str]
) -> None:
    theirs = bruno.confirms(bruno.prepares("Carlos"))
    confirmed.add(bruno.address("Carlos"))
    mine = ana.confirms(ana.prepares("Bea"))
    confirmed.add(ana.address("Bea"))

    ana.posts(f"{mine.path}take-back/", {"invitation": theirs.hidden("invitation")}).says(
        "There was nothing left to take back."
    )


def test_people_of_other_address_books_and_off_the_page_are_not_chosen(
    ana: Hand, bruno: Hand
) -> None:
    ana.types("Bea")
    bruno.types("Carlos")
    mine, theirs = ana.id_of("Bea"), bruno.id_of("Carlos")

    ana.posts("/invitations/choose/", {"person": theirs, "shown": theirs})
    ana.posts("/invitations/choose/", {"person": mine})
    ana.posts("/invitations/choose/", {"person": "all", "shown": "all"})
    ana.posts("/invitations/choose/", {"person": "9" * 30, "shown": "9" * 30, "go": "write"}).says(
        "Nobody is chosen yet. Tick at least one person."
    )


def test_no_request_decides_on_two_people(ana: Hand) -> None:
    ana.chooses("Bea", "Carlos")
    ana.writes()
    card = ana.card()
    digest = card.hidden("digest_worked")
    ana.posts(
        card.path,
        [
            ("relationship", "friend"),
            ("relationship", "worked"),
            ("digest_worked", digest),
            ("digest_worked", digest),
            ("uid", str(NOBODY)),
            ("person", ana.id_of("Carlos")),
            ("invitation", _card_of(ana)),
        ],
    )

    ana.gets("/invitations/check/").says("1 person gets one mail", "1 of 2 reviewed.")


def test_leaving_somebody_out_wins_over_inviting_them(ana: Hand) -> None:
    ana.chooses("Bea")
    ana.writes()
    ana.decides(ana.card(), aside="not_now").says("Nobody gets a mail yet")


# --- the wrong kind of request -----------------------------------------------------------------------
def test_without_the_forms_token_nothing_happens(ana: Hand) -> None:
    fingerprint = ana.prepares("Bea")
    form = {"fingerprint": fingerprint}

    ana.posts("/invitations/check/", form, 403, token=False).says("This form is too old")
    for path in ("forget/", "write/", "choose/"):
        ana.posts(f"/invitations/{path}", {}, 403, token=False).says("Nothing was changed")
    assert ana.checks() == fingerprint


def test_a_get_never_does_what_a_post_does(ana: Hand) -> None:
    ana.chooses("Bea")
    ana.writes()
    card = ana.card()
    digest = card.hidden("digest_worked")
    ana.gets(card.path, relationship="worked", digest_worked=digest)
    assert ana.checks() == ""
    ana.decides(card)
    fingerprint = ana.checks()
    ana.gets("/invitations/check/", fingerprint=fingerprint)
    ana.http.head(f"{ana.stack.url}/invitations/check/", params={"fingerprint": fingerprint})
    ana.gets("/invitations/forget/")
    ana.gets("/invitations/write/", note="Something else entirely, by way of the address.")

    assert ana.has_confirmed() == 0
    assert ana.checks() == fingerprint


def test_the_wrong_method_gets_a_sentence(ana: Hand) -> None:
    for path in (
        f"check/{NOBODY}/remove/",
        f"sent/{NOBODY}/take-back/",
    ):
        ana.gets(f"/invitations/{path}", 405).says("Nothing was changed")
    ana.posts("/invitations/review/", status=405).says("Nothing was changed")
    ana.gets("/contacts/type/", 405).says("Nothing was changed")


def test_nobody_who_is_not_signed_in_gets_anywhere(ana: Hand, stack: Stack) -> None:
    fingerprint = ana.prepares("Bea")
    nobody = Hand(stack, "nobody", "")
    [card] = _cards_on_check(ana)
    for path in ("/invitations/check/", card, "/invitations/forget/", "/invitations/write/"):
        assert nobody.gets(path).path == "/accounts/login/"
        assert nobody.posts(path, {"fingerprint": fingerprint}).path == "/accounts/login/"

    assert ana.has_confirmed() == 0
    assert ana.checks() == fingerprint


@pytest.mark.parametrize(
    "path",
    [
        "/invitations/review/not-a-number/",
        f"/invitations/sent/{NOBODY}/",
        f"/invitations/withdraw/{NOBODY}/",
        "/invitations/sent/%00/",
        f"/contacts/imports/{NOBODY}/",
        "/i/" + "A" * 43 + "/",
        "/i/%00/",
        "/i/" + "A" * 4000 + "/",
    ],
)
def test_addresses_that_lead_nowhere(ana: Hand, path: str) -> None:
    ana.gets(path, 404).says("Nothing was changed")


def test_invitations_with_impossible_numbers_are_not_taken_back(
    ana: Hand, confirmed: set[str]
) -> None:
    sent = ana.confirms(ana.prepares("Bea"))
    confirmed.add(ana.address("Bea"))
    for number in ("x", NUL, "1" * 10_000):
        ana.posts(f"{sent.path}take-back/", {"invitation": number}, 404).says("Nothing was changed")


# --- words and sizes ---------------------------------------------------------------------------------
def test_a_note_with_a_link_is_refused_and_kept(ana: Hand) -> None:
    page = ana.writes("Look at https://evil.example/win, it is free of charge for you.", 422)

    page.says("“https://evil.example/win” would become a link in many mail programs.")
    assert "https://evil.example/win, it is free" in page.html
    ana.writes("", 422).says("The note is empty. Write why you invite them, in your own words.")
    ana.writes("x" * 1001, 422).says("The note has 1,001 characters; 1,000 fit. Shorten it.")


def test_a_line_with_a_link_is_refused(ana: Hand) -> None:
    ana.chooses("Bea")
    ana.writes()
    for words in ("see evil.example", "www.evil.example", "ｅｖｉｌ．ｅｘａｍｐｌｅ"):
        ana.decides(ana.card(), 422, own_line=words).says("would become a link")
    ana.decides(ana.card(), 422, own_line="y" * 301).says("301 characters; 300 fit.")
    assert ana.checks() == ""


def test_characters_that_no_database_takes_do_no_harm(ana: Hand) -> None:
    ana.gets("/invitations/choose/", q=f"be{NUL}a", show=NUL, page=NUL)
    ana.posts("/invitations/choose/", {"person": NUL, "shown": NUL, "q": NUL, "go": NUL})
    ana.posts("/contacts/type/", {"name": f"Be{NUL}a", "address": f"b{NUL}ea@norte.example"}).says(
        "Not yet"
    )
    ana.writes(f"A note {NUL} with something in it \u202e that should not be there, at all.")
    ana.gets("/invitations/", page=NUL)
    ana.gets("/contacts/callback/", code=NUL, state=NUL).says("Nothing")
    ana.gets("/\ud7ff\uffff/", 404)


def test_huge_requests_get_a_page(ana: Hand) -> None:
    ana.writes("x" * 3_000_000, 400).says("Nothing was changed and nothing was sent.")
    ticks = [("person", str(number)) for number in range(5_000)]
    ana.posts("/invitations/choose/", ticks, 400).says("Nothing was changed")
    ana.gets("/invitations/choose/", q="x" * 2_000, page="9" * 500).says("Choose people")
    assert ana.gets("/").path == "/"


# --- what other people said ---------------------------------------------------------------------------
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
    number = _only_other_box(bruno, "Bea Again")
    bruno.posts("/invitations/choose/", {"person": number, "shown": number})
    bruno.writes()
    for _ in range(2):
        bruno.decides(bruno.card())
    sent = bruno.confirms(bruno.checks())
    confirmed.add(bruno.address("Carlos"))
    stack.sandbox.wait_for_mails(1, to=bruno.address("Carlos"), seconds=SECONDS)

    page = bruno.gets(sent.path)
    page.says("What was sent", "Bea Again No answer", "Carlos No answer")
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


# --- at once -----------------------------------------------------------------------------------------
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


# --- in the end --------------------------------------------------------------------------------------
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


def _card_of(member: Hand) -> str:
    """The address of the first card, whatever the review page thinks of it."""
    code = (
        "from invites.models import Invitation; print(Invitation.objects.filter("
        f"sender__email='{member.email}', state__in=['chosen', 'reviewed']).earliest('id').uid)"
    )
    uid = member.stack.manage("shell", "--no-imports", "-c", code).strip()
    return f"/invitations/review/{uid}/"


def _cards_on_check(member: Hand) -> list[str]:
    """The addresses behind “Change”."""
    page = member.gets("/invitations/check/")
    links = [str(one.get("href")) for one in page.tree.iter("a")]
    return [link for link in links if link.startswith("/invitations/review/") and len(link) > 30]


def _only_other_box(member: Hand, name: str) -> str:
    page = member.gets("/invitations/choose/", q=name)
    [box] = [one for one in page.tree.iter("input") if one.get("name") == "person"]
    return str(box.get("value"))


def _changes(member: Hand, code: str) -> None:
    """Something happens to the account behind the pages' back."""
    find = f"from django.contrib.auth.models import User; user = User.objects.get(email='{member.email}')"
    member.stack.manage("shell", "--no-imports", "-c", f"{find}; {code}")

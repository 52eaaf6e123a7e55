"""Hand-made requests with other people's numbers, wrong fingerprints, wrong methods, wrong bytes.

Never a mail that was not confirmed, never an error page, always a sentence that explains.
What had to leave is counted at the end of test_by_hand_made_requests.py.
"""

from __future__ import annotations

import uuid

import pytest

from tests.journeys import by_hand
from tests.journeys.by_hand import NUL, Hand
from tests.stack import Stack

NOBODY = uuid.UUID(int=0)


# --- forged -----------------------------------------------------------------------------------------
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
    ana.gets("/invitations/check/").says("5 people get one mail each", "1 person waits")

    ana.confirms(by_hand.fingerprint_of(ana.digests()), 409).says("Nothing was queued")
    ana.confirms(fingerprint).says("5 invitations")
    confirmed.update(ana.address(name) for name in names[:5])
    ana.confirms(fingerprint).says("nothing was added")
    ana.gets("/invitations/check/").says("1 person waits", "nothing goes by itself")
    assert ana.checks() == ""


def test_other_peoples_cards_stay_closed(ana: Hand, bruno: Hand) -> None:
    fingerprint = ana.prepares("Bea")
    [card] = by_hand.cards_on_check(ana)
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
            ("invitation", by_hand.first_card(ana)),
        ],
    )

    ana.gets("/invitations/check/").says("1 person gets one mail", "1 of 2 reviewed.")


def test_leaving_somebody_out_wins_over_inviting_them(ana: Hand) -> None:
    ana.chooses("Bea")
    ana.writes()
    ana.decides(ana.card(), aside="not_now").says("Nobody gets a mail yet")


# --- the wrong kind of request ----------------------------------------------------------------------
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
    [card] = by_hand.cards_on_check(ana)
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


# --- words and sizes --------------------------------------------------------------------------------
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

"""What happens along the way in a browser: leaving and coming back, changing one's mind, saying no.

As everywhere: nobody but the member has mail unless it says so here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import requests
from playwright.sync_api import expect

from tests.journeys import mailbox, way
from tests.journeys.by_hand import NOTE, STRANGERS, Hand
from tests.journeys.conftest import DESK, Arrive
from tests.journeys.member import SECONDS, How, Member
from tests.sandbox.browser import read
from tests.sandbox_process import fingerprint
from tests.stack import Stack

ANA, BRUNO = "ana@diaz.example", "bruno@office.example"
_OPEN_GRANTS = """
import json
from importer import grants
from importer.models import Grant
print(json.dumps([grants.opened(grant) for grant in Grant.objects.all()]))
"""


@pytest.fixture(autouse=True)
def nobody_else_has_mail(stack: Stack, since: int, confirmed: set[str]) -> Iterator[list[str]]:
    """After each test: exactly the addresses that it has put into this list have new mail."""
    expected: list[str] = []
    yield expected
    strangers = map(mailbox.recipient, mailbox.to_strangers(stack, since))
    assert sorted(strangers) == sorted(expected)
    confirmed.update(address for address in expected if address.endswith(f"@{STRANGERS}"))


@contextmanager
def resting_worker(stack: Stack) -> Iterator[None]:
    """Nothing leaves for as long as the block lasts, however slow the machine is."""
    stack.processes["worker"].stop()
    try:
        yield
    finally:
        worker = stack.start_worker()
        worker.wait_until(lambda: " ready." in worker.last_words(), "the worker")


def test_who_comes_back_tomorrow_finds_all_as_it_was(arrives: Arrive) -> None:
    people = {"Bea Sousa": "bea@norte.example", "Jonas Weber": "jonas.weber@weber-patent.example"}
    member = arrives("Mara Pause")
    way.signs_up(member)
    way.connects(member, ANA)
    member.follows("Choose people")
    way.chooses(member, people)
    way.writes(member, people)
    way.looks_at_the_card(member, "1 of 2", *next(iter(people.items())))
    member.presses(re.compile("^Friend"))
    member.sees("2 of 2 · Jonas Weber")

    member.context.close()
    member.opens_a_new_browser()
    member.goes_to("/accounts/login/")
    member.sees("Sign in")
    member.types(re.compile("^E-?mail"), member.email)
    member.types("Password", member.password)
    member.presses("Sign in")
    member.sees("Bring people you know")
    member.goes_to("/")
    member.sees("Where you are")
    member.reads(re.compile(r"1 of 2 reviewed, kept until \d+ \w+\. Nothing sent\."))

    member.goes_to("/invitations/write/")
    member.sees("Write to 2 people")
    expect(member.page.get_by_label("Your note")).to_have_value(way.NOTE)
    member.goes_to("/invitations/choose/")
    member.sees("Choose people")
    for name in people:
        ticked = member.page.get_by_role("checkbox", name=re.compile(f"^{name} "))
        expect(ticked).to_be_checked()
    member.goes_to("/")
    member.sees("Where you are")
    member.follows("Go on with the cards")
    member.sees("2 of 2 · Jonas Weber")
    member.follows("Back")
    member.sees("1 of 2 · Bea Sousa")
    member.reads("You decided: invite · Friend.")


def test_another_note_brings_the_cards_back(arrives: Arrive, ana: Hand) -> None:
    ana.prepares("Bea", "Carlos")
    member = arrives("Hanna Hand", hand=ana)
    member.goes_to("/invitations/write/")
    member.sees("Write to 2 people")
    member.rewrites("Your note", "Quite another note, which says why I write, and why today.")
    member.presses("Save and look at each mail")

    member.sees("1 of 2 · Bea")
    member.reads("Your note changed 2 mails. Look at 2 mails again before anything is sent.")
    expect(member.page.locator(".mail .letter")).to_have_text(re.compile("^Quite another note"))
    member.goes_to("/invitations/check/")
    member.sees("Nobody gets a mail yet")
    member.does_not_read("send to those above")


def test_a_line_for_one_person_is_seen_in_the_mail_before_it_counts(
    arrives: Arrive, ana: Hand
) -> None:
    ana.chooses("Bea")
    ana.writes()
    member = arrives("Hanna Hand", hand=ana)
    member.goes_to("/invitations/review/")
    member.sees("1 of 1 · Bea")
    member.types(re.compile("^A line only for Bea"), "Bea, remember the bridge?")
    member.presses("Put it into the mail")
    letter = member.page.locator(".mail .letter")
    expect(letter).to_have_text(f"Bea, remember the bridge?\n\n{NOTE}", use_inner_text=True)
    member.sees("1 of 1 · Bea")
    member.presses(re.compile("^Met in our field"))
    member.sees("1 person gets one mail")


def test_leaving_everybody_out_is_a_good_answer(arrives: Arrive, ana: Hand) -> None:
    ana.chooses("Bea", "Carlos", "Dora")
    ana.writes()
    member = arrives("Hanna Hand", hand=ana)
    member.goes_to("/invitations/review/")
    for place, (name, key) in enumerate([("Bea", "n"), ("Carlos", "d"), ("Dora", "x")], start=1):
        member.sees(f"{place} of 3 · {name}")
        expect(member.page.locator("form[data-keys=ready]")).to_be_attached()
        member.page.keyboard.press(key)
    member.sees("Nobody gets a mail yet")
    member.reads("That is a good answer, too.")


def test_skipping_the_address_book(arrives: Arrive, ana: Hand) -> None:
    member = arrives("Hanna Hand", hand=ana)
    member.goes_to("/contacts/")
    member.sees("Bring people you know")
    member.follows("Later, once I know the site")
    member.sees("Where you are")
    member.reads("Five steps, and you may stop after each.")


def test_saying_no_at_the_consent_screen(arrives: Arrive, ana: Hand) -> None:
    member = arrives("Hanna Hand", hand=ana)
    member.goes_to("/contacts/")
    member.sees("Bring people you know")
    way.asks_for_an_address_book(member, ANA)
    member.presses("Decline")

    member.sees("Bring people you know")
    member.reads(f"You said no at {way.BOOK}. Nothing was read.")
    member.reads("People we hold from your address books: 0")


def test_after_the_import_both_tokens_are_worth_nothing(
    stack: Stack, arrives: Arrive, ana: Hand
) -> None:
    control = stack.sandbox.control
    before = {token["access"] for token in control.tokens()}
    control.fault("connections", "slow", seconds=4, account=BRUNO)
    member = arrives("Hanna Hand", hand=ana)
    member.goes_to("/contacts/")
    member.sees("Bring people you know")
    way.asks_for_an_address_book(member, BRUNO)
    member.presses("Allow")
    member.sees(f"Reading your {way.BOOK} contacts")
    [token] = json.loads(stack.manage("shell", "--no-imports", "-c", _OPEN_GRANTS))
    assert fingerprint(token["access_token"]) not in before
    assert (
        read(stack.sandbox.url, token["access_token"], "people/me/connections").status_code != 401
    )

    member.sees(f"Your {way.BOOK} contacts are read")
    member.reads("1,200 people read.", "Mails sent: 0")
    member.reloads_until("confirmed that our access has ended")

    assert (
        read(stack.sandbox.url, token["access_token"], "people/me/connections").status_code == 401
    )
    refreshed = requests.post(
        f"{stack.sandbox.url}/oauth/token/",
        {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]},
        auth=("handpicked-contacts", "sandbox-contacts-secret"),
        timeout=10,
    )
    assert refreshed.status_code == 400
    assert refreshed.json()["error"] == "invalid_grant"


_A_LEAD_WHO_SIGNED_IN_AN_HOUR_AGO = """
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
carla = User.objects.get(email="carla@network.example")
assert not carla.has_usable_password()
carla.is_staff = True
carla.save()
carla.groups.add(Group.objects.get(name="lead"))
for one in Session.objects.all():
    session = SessionStore(one.session_key)
    if session.get("_auth_user_id") == str(carla.pk):
        for record in session["account_authentication_methods"]:
            record["at"] -= 3600
        session.save()
"""


def test_signing_up_with_a_provider_asks_for_no_contacts_and_shows_staff_who_one_is(
    stack: Stack, arrives: Arrive
) -> None:
    control = stack.sandbox.control
    seen = max((one["id"] for one in control.requests()), default=0)
    member = arrives("Carla Rossi", DESK)
    member.goes_to("/accounts/signup/")
    member.sees("Sign up")
    member.presses("Continue with Sandbox")
    member.sees("Who are you?")
    member.presses(re.compile("carla@network.example"))
    member.sees("Handpicked (sign-in) asks for access")
    assert "contact" not in member.page.get_by_role("main").locator("ul").inner_text().lower()
    member.presses("Allow")

    member.sees("Bring people you know")
    member.reads("People we hold from your address books: 0")
    asked = {one["endpoint"] for one in control.requests(since_id=seen)}
    assert not asked & {"connections", "search", "other"}

    # A lead without a password does at the desk what needs a fresh login.
    stack.manage("shell", "--no-imports", "-c", _A_LEAD_WHO_SIGNED_IN_AN_HOUR_AGO)
    member.goes_to("/admin/audit/hold/site/")
    member.sees("Sign out")
    member.presses("Sign out")
    member.sees("Sign in")
    member.presses("Continue with Sandbox")
    member.sees("Handpicked (sign-in) asks for access")
    member.presses("Allow")
    member.sees("Put on hold")
    member.reads("The whole site")


def test_one_is_taken_back_and_the_others_leave(
    stack: Stack, arrives: Arrive, ana: Hand, nobody_else_has_mail: list[str]
) -> None:
    ana.prepares("Bea", "Carlos", "Dora")
    member = arrives("Hanna Hand", hand=ana)
    with resting_worker(stack):
        _confirms(member, 3)
        member.presses("Take back the invitation to Bea")
        member.reads("1 mail won’t leave.", "Take back all 2")
        member.sees("Nothing has left yet")
    for name in ("Carlos", "Dora"):
        stack.sandbox.wait_for_mails(1, to=ana.address(name), seconds=SECONDS)
        nobody_else_has_mail.append(ana.address(name))


def test_all_are_taken_back_and_nothing_ever_leaves(
    stack: Stack, arrives: Arrive, ana: Hand
) -> None:
    ana.prepares("Bea", "Carlos", "Dora")
    member = arrives("Hanna Hand", hand=ana)
    with resting_worker(stack):
        _confirms(member, 3)
        confirmed_at = datetime.now(UTC)
        member.presses("Take back all 3")
        member.sees("All taken back")
        member.reads("3 mails won’t leave.")
    mailbox.window_has_passed(stack, confirmed_at)


def test_this_was_not_me_stops_everything(stack: Stack, arrives: Arrive, ana: Hand) -> None:
    ana.prepares("Bea", "Carlos")
    member = arrives("Hanna Hand", hand=ana)
    with resting_worker(stack):
        _confirms(member, 2)
        confirmed_at = datetime.now(UTC)
        member.follows("This wasn’t me")
        member.sees("This wasn’t me")
        member.reads("2 invitations in your name?")
        member.presses("Stop everything")
        member.sees("Stopped")
        member.reads("2 invitations were taken back.", "a person is looking at it.")
        member.follows("What became of each")
        member.sees("All taken back")
    mailbox.window_has_passed(stack, confirmed_at)


def test_accepting_is_signing_up_with_the_invited_address(
    stack: Stack, arrives: Arrive, ana: Hand, nobody_else_has_mail: list[str]
) -> None:
    invited = "newcomer@invited.example"
    ana.posts("/contacts/type/", {"name": "Nia Newcomer", "address": invited})
    number = ana.box_of("Newcomer")
    ana.posts("/invitations/choose/", {"person": number, "shown": number})
    ana.writes()
    ana.decides(ana.card())
    sent = ana.confirms(ana.checks())
    [mail] = stack.sandbox.wait_for_mails(1, to=invited, seconds=SECONDS)

    newcomer = arrives("Nia Newcomer")
    newcomer.email = invited
    newcomer.goes_to(mailbox.secret_link(mail))
    newcomer.sees(re.compile("^Hanna Hand chose you on .* and typed your address"))
    newcomer.follows("Accept the invitation")
    newcomer.sees("Accept Hanna Hand’s invitation")
    newcomer.reads("n•••@i•••.example", "Hanna will see that you joined. Nothing else.")
    newcomer.follows("Go to sign-up")
    way.fills_in_the_sign_up(newcomer, ends_at="You have joined")
    nobody_else_has_mail += [invited, invited]  # the invitation, and the code

    ana.sees_at_last(sent.path, "Nia Newcomer Accepted")


@pytest.mark.parametrize("how", [How("on a phone", width=320, height=568)], ids=["320 pixels"])
def test_pages_beside_the_way_fit_a_narrow_screen(arrives: Arrive, ana: Hand, how: How) -> None:
    ana.prepares("Bea With A Name Thatdoesnotendforaverylongtimeindeed", "Carlos")
    member = arrives("Hanna Hand", how, ana)
    pages: dict[str, str | re.Pattern[str]] = {
        "/invitations/": "Everything you sent",
        "/invitations/forget/": "Forget everything",
        "/accounts/email/": re.compile("."),
        "/accounts/password/change/": re.compile("."),
        "/accounts/3rdparty/": re.compile("."),
        "/accounts/logout/": "Sign out",
        "/accounts/password/reset/": re.compile("."),
    }
    for path, heading in pages.items():
        member.goes_to(path)
        member.sees(heading)
    member.goes_to("/invitations/check/")
    member.sees("2 people get one mail each")
    member.unfolds("Show mail to Carlos").get_by_text("Byte for byte").click()
    wide = member.page.evaluate("document.scrollingElement.scrollWidth")
    assert wide <= how.width


def _confirms(member: Member, count: int) -> None:
    member.goes_to("/invitations/check/")
    member.sees(f"{count} people get one mail each")
    member.presses(f"Send {count} invitations")
    member.sees("Nothing has left yet")

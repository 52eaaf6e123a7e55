"""Bringing people without their whole address book: looked up one by one, and LinkedIn's file."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys import mailbox
from tests.journeys.by_hand import Hand
from tests.journeys.conftest import DESK, Arrive
from tests.journeys.member import How
from tests.journeys.way import BOOK
from tests.stack import Stack

LARGE = "carla@network.example"
PHONE_WITHOUT_SCRIPT = How("on a small phone without script", 320, 640, script=False)
NARROW = How("on a phone", 390, 844, photographed=True)


@pytest.mark.parametrize("how", [DESK, PHONE_WITHOUT_SCRIPT], ids=lambda how: how.name)
def test_two_of_30_000_are_looked_up_and_nobody_else_is_stored(
    arrives: Arrive, ana: Hand, how: How
) -> None:
    member = arrives("Hanna Hand", how, hand=ana)
    member.goes_to("/contacts/")
    member.sees("Bring people you know")
    member.reads("People we hold from your address books: 0")
    member.presses(f"Look up people in {BOOK} contacts")
    member.sees("Who are you?")
    member.presses(re.compile(LARGE))
    member.sees("Handpicked (contacts) asks for access")
    member.presses("Allow")

    member.sees(f"Look people up in your {BOOK} contacts")
    for letters, chosen in (("ma", 1), ("jo", 2)):
        member.rewrites("Name, company or address", letters)
        member.presses("Search")
        member.sees(f"Look people up in your {BOOK} contacts")
        member.reads(re.compile(r"^\d+ (person|people) found$"))
        if how.script:
            expect(member.page.locator("#found")).to_be_focused()
        first = member.page.get_by_role("button", name=re.compile("^Choose ")).first
        name = first.inner_text().removeprefix("Choose").strip()
        first.click()
        member.sees(f"Look people up in your {BOOK} contacts")
        member.reads(f"{name} is chosen. Nothing was sent.", f"{chosen} chosen")
    member.presses("I’m done")

    member.sees(f"Your {BOOK} contacts are closed again")
    member.reads(
        "You picked 2 people. Nobody else was stored. Mails sent: 0.",
        "People we hold from your address books: 2",
    )
    member.reloads_until("confirmed that our access has ended")
    member.sees(f"Your {BOOK} contacts are closed again")
    member.follows("Write to 2 people")
    member.sees("Write to 2 people")


def test_linkedins_file_takes_its_time(
    arrives: Arrive, ana: Hand, stack: Stack, since: int
) -> None:
    member = arrives("Hanna Hand", NARROW, hand=ana)
    member.goes_to("/contacts/")
    member.sees("Bring people you know")
    member.follows("LinkedIn’s file, step by step")
    member.sees("LinkedIn’s file, step by step")
    member.reads("LinkedIn gives few e-mail addresses. Expect names.")
    member.presses("Mail me a link for my computer")
    member.sees("LinkedIn’s file, step by step")
    member.reads(f"The link is on its way to {ana.email}.")
    [mail] = stack.sandbox.wait_for_mails(1, to=ana.email, since_id=since, seconds=20)
    assert mailbox.recipient(mail) == ana.email
    link = re.search(r"http\S+/contacts/linkedin/", mail["raw"].decode())
    assert link is not None

    member.does_not_read("Mail me a link for my computer")
    member.reads("We mailed a link to this page")
    member.follows("Skip")
    member.sees("Bring people you know")
    member.reads("Waiting for your LinkedIn file.", "Nothing runs out.")

    member.goes_to(link[0])
    member.sees("LinkedIn’s file, step by step")
    header = "First Name,Last Name,URL,Email Address,Company,Position,Connected On"
    seven = "n@norte.example"
    rows = [f"Name,Number {n},,{seven if n == 7 else ''},,,21 Nov 2026" for n in range(9)]
    table = "\n".join([header, *rows])
    member.page.get_by_label("Your file").set_input_files(
        {"name": "Connections.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    member.presses("Read this file")
    member.sees("Your LinkedIn contacts are read")
    member.reads("9 people read. 1 has an address. Mails sent: 0.")
    member.follows("Choose people")
    member.sees("Choose people")
    expect(member.page.get_by_role("button", name="With address (1)")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert member.page.locator("#people > li").count() == 1
    member.presses("Everybody (9)")
    member.sees("Choose people")
    assert member.page.locator("#people > li").count() == 9
    member.goes_to("/contacts/")
    member.sees("Bring people you know")
    member.does_not_read("Waiting for your LinkedIn file.")


def test_a_phone_s_own_picker_fills_the_form_and_adds_nobody_by_itself(
    arrives: Arrive, ana: Hand
) -> None:
    member = arrives("Hanna Hand", NARROW, hand=ana)
    # No desktop browser has a contact picker; this one answers as the specification says.
    member.page.add_init_script(
        """
        window.ContactsManager = class {};
        Object.defineProperty(navigator, "contacts", { value: { select: async (what, how) => {
          window.asked = [what, how];
          return [{ name: ["Zoë Núñez"], email: ["zoe@firm.example", "zoe@home.example"] }];
        } } });
        """
    )
    member.goes_to("/contacts/")
    member.sees("Bring people you know")
    assert member.page.evaluate("window.asked") is None
    member.presses("Pick somebody from this phone")
    member.reads("This person has 2 addresses. The field offers the others.")
    assert member.page.evaluate("window.asked") == [["name", "email"], {"multiple": False}]
    expect(member.page.get_by_label("E-mail address")).to_have_value("zoe@firm.example")
    member.presses("Add this person")
    member.sees("Bring people you know")
    member.reads(
        "Zoë Núñez is in your list. Nothing was sent.", "People we hold from your address books: 1"
    )

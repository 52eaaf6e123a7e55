"""The whole journey in a browser, on real parts: from sign-up to the mails that were confirmed.

After each step before the undo window ends, nobody but the member has mail.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys import mailbox, way
from tests.journeys.conftest import DESK, Arrive
from tests.journeys.member import SECONDS, How, Member
from tests.journeys.way import NOTE, Shown
from tests.stack import UNDO_SECONDS, Stack

ANA = "ana@diaz.example"  # who has twelve people in her address book
# One mail per person and year, whoever sends it: everybody invites people of their own.
WAYS = [
    (
        DESK,
        "Ana Diaz",
        {
            "Bea Sousa": "bea@norte.example",
            "Carlos Mendes": "carlos@mendes-tax.example",
            "陳美玲": "meiling.chen@lantern-trade.example",
        },
    ),
    (
        How("without JavaScript", script=False),
        "Noor Jansen",
        {
            "Jonas Weber": "jonas.weber@weber-patent.example",
            "Σοφία Παπαδάκη": "sofia@papadaki-studio.example",
        },
    ),
    (
        How("by keyboard alone", keyboard=True),
        "Kim Lee",
        {
            "Inês Carvalho": "ines.carvalho@cartorio-carvalho.example",
            "Amira Haddad": "amira@haddad-arbitration.example",
        },
    ),
    (
        How("on 320 pixels", width=320, height=568),
        "Pia Thin",
        {
            "Priya Raman": "priya.raman@lantern-trade.example",
            "Kwame Okafor": "kwame@example.net",
        },
    ),
]


@pytest.mark.parametrize(("how", "name", "people"), WAYS, ids=[how.name for how, *_ in WAYS])
def test_from_sign_up_to_the_mails_that_were_confirmed(
    stack: Stack, arrives: Arrive, since: int, how: How, name: str, people: dict[str, str]
) -> None:
    print(stack.line)
    member = arrives(name, how)
    number = len(people)

    def nobody_else_has_mail() -> None:
        assert mailbox.to_strangers(stack, since) == []

    way.signs_up(member)
    nobody_else_has_mail()

    _connecting_and_later_weigh_the_same(member)
    way.connects(member, ANA)
    member.reads("12 people read.", "Mails sent: 0")
    member.reloads_until("confirmed that our access has ended")
    nobody_else_has_mail()

    member.follows("Choose people")
    way.chooses(member, people)
    nobody_else_has_mail()

    way.writes(member, people)
    nobody_else_has_mail()

    shown: list[Shown] = []
    for place, (person, address) in enumerate(people.items(), start=1):
        card = way.looks_at_the_card(member, f"{place} of {number}", person, address)
        shown.append(card)
        _says_they_worked_together(member, first=place == 1)
        nobody_else_has_mail()

    fingerprint = way.checks(member, shown)
    nobody_else_has_mail()

    confirmed_at = datetime.now(UTC)
    member.presses(f"Send {number} invitations")
    member.sees("Nothing has left yet")
    in_the_window = mailbox.to_strangers(stack, since)
    member.reads(f"{number} invitations", fingerprint, f"Take back all {number}", "This wasn’t me")
    assert in_the_window == []

    _, receipt = stack.sandbox.wait_for_mails(2, to=member.email, seconds=SECONDS)
    _names_everybody(receipt["raw"].decode(), people, fingerprint)

    stack.sandbox.wait_for_mails(number + 2, since_id=since, seconds=SECONDS)
    mails = mailbox.to_strangers(stack, since)
    assert sorted(map(mailbox.recipient, mails)) == sorted(people.values())
    by_address = {mailbox.recipient(mail): mail for mail in mails}
    for card in shown:
        mail = by_address[card.address]
        assert mailbox.as_shown(mail) == card.raw
        assert mailbox.digest(mail) == card.digest
        assert mailbox.arrived_at(mail) >= confirmed_at + timedelta(seconds=UNDO_SECONDS)

    member.page.reload()
    member.sees("What was sent")
    member.reads("No answer")

    _the_recipient_is_in_charge(arrives, how, member, by_address[shown[0].address], fingerprint)


def _connecting_and_later_weigh_the_same(member: Member) -> None:
    member.reads("We read names, work and e-mail addresses. Reading sends nothing.")
    main = member.page.get_by_role("main")
    connect = main.get_by_role("button", name=f"Read all my {way.BOOK} contacts")
    later = main.get_by_role("link", name="Later, once I know the site")
    for style in ("color", "background-color", "font-size", "font-weight", "border-top-color"):
        first, second = (
            one.evaluate(f"one => getComputedStyle(one)['{style}']") for one in (connect, later)
        )
        assert first == second, f"{style}: {first} and {second}"
    sizes = [one.evaluate("one => [one.offsetWidth, one.offsetHeight]") for one in (connect, later)]
    assert sizes[0] == sizes[1]


def _says_they_worked_together(member: Member, *, first: bool) -> None:
    """By the card's key where there is a keyboard and script; the first time by its button."""
    if member.how.keyboard and not first:
        expect(member.page.locator("form[data-keys=ready]")).to_be_attached()
        member.page.keyboard.press("1")
    else:
        member.presses(re.compile("^Worked together"))


def _names_everybody(receipt: str, people: dict[str, str], fingerprint: str) -> None:
    """The receipt to the sender. Names that are not ASCII are encoded; their number is not."""
    assert f"you confirmed {len(people)} invitations" in receipt
    assert f"Fingerprint: {fingerprint}" in receipt
    assert receipt.count("(Worked together), leaves at") == len(people)
    assert "Take one back, or all: " in receipt
    assert "This wasn't me: " in receipt


def _the_recipient_is_in_charge(
    arrives: Arrive, how: How, sender: Member, mail: mailbox.Mail, fingerprint: str
) -> None:
    """Without an account: who, why, which words; and one button that ends it for good."""
    first = sender.name.split()[0]
    recipient = arrives("Nobody Yet", how)
    recipient.goes_to(mailbox.secret_link(mail))
    recipient.sees(re.compile(rf"^{sender.name} chose you on .* from their {re.escape(way.BOOK)}"))
    recipient.reads(NOTE, f"{first} says you worked together.", fingerprint, sender.email)
    recipient.follows("Stop all invitations to me")
    recipient.sees("Stop all invitations to you?")
    recipient.presses("Stop all invitations to me")
    recipient.sees("Done.")
    recipient.reads("No member of this site can send you an invitation again.")
    assert recipient.context.cookies() == []

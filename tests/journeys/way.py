"""The steps of the journey, as a member takes them in a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import expect

from invites import consent
from tests.journeys import mailbox
from tests.journeys.member import Member

BOOK = "Google (sandbox)"
NOTE = (
    "You fixed our contract in a weekend, and people keep asking me for somebody like you. "
    "May I send them? I'd gladly check your English drafts in return."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail as it stood on a page: to whom, its bytes, and their digest."""

    name: str
    address: str
    raw: bytes

    @property
    def digest(self) -> str:
        """Computed here from what could be read, not taken from the page."""
        return consent.digest(self.address, self.raw)


def signs_up(member: Member) -> None:
    """By e-mail, with the code from the mail."""
    member.goes_to("/")
    member.sees("Invite the people you would vouch for")
    member.follows("Sign up")
    fills_in_the_sign_up(member)


def fills_in_the_sign_up(member: Member, ends_at: str = "Bring people you know") -> None:
    """The form, and the code that comes by mail; then the page that follows."""
    first, _, last = member.name.partition(" ")
    member.sees("Sign up")
    member.types("First name", first)
    member.types("Last name", last)
    member.types(re.compile("^E-?mail"), member.email)
    member.types("Password", member.password)
    member.presses("Sign up")
    member.sees("Type the code from your mail")
    member.types("Code", mailbox.code_for(member.stack, member.email))
    member.presses("Continue")
    member.sees(ends_at)


def connects(member: Member, account: str) -> None:
    """By the provider's own consent screen, and watches the import until its report."""
    asks_for_an_address_book(member, account)
    member.presses("Allow")
    member.sees(f"Your {BOOK} contacts are read")


def asks_for_an_address_book(member: Member, account: str) -> None:
    """Up to the consent screen, which says what is asked for."""
    member.presses(f"Read all my {BOOK} contacts")
    member.sees("Who are you?")
    member.presses(re.compile(account))
    member.sees("Handpicked (contacts) asks for access")
    member.reads("Reading is all it may do")


def chooses(member: Member, people: dict[str, str]) -> None:
    """One by one. Before that nobody is ticked, and no button ticks them all."""
    member.sees("Choose people")
    member.reads("Nobody is chosen.")
    assert member.page.get_by_role("checkbox", checked=True).count() == 0
    assert member.page.get_by_role("button", name=re.compile("all", re.IGNORECASE)).count() == 0
    for name in people:
        member.ticks(re.compile(f"^{re.escape(name)} "))
    if member.how.script:
        member.reads(f"{len(people)} chosen")
    member.presses(re.compile("^Write to "))


def writes(member: Member, people: dict[str, str], note: str = NOTE) -> None:
    """Into a field that starts empty."""
    member.sees(f"Write to {len(people)} people")
    member.types("Your note", note)
    member.presses("Save and look at each mail")


def looks_at_the_card(member: Member, place: str, name: str, address: str) -> Shown:
    """Reads one person's whole mail as it will arrive if they worked together."""
    member.sees(f"{place} · {name}")
    member.reads(
        f"{member.name} ({member.email}) chose you for Handpicked",
        "own secret link, hidden from you",
        f"{member.name} via Handpicked <invitations@handpicked.example>",
    )
    expect(member.page.locator(".mail .letter")).to_contain_text(NOTE)
    shown = _shown(member, "Worked together", name, address)
    offered = member.page.locator("input[name=digest_worked]").input_value()
    assert shown.digest == offered, "the card's digest is not that of the bytes on it"
    assert b"/i/" in shown.raw
    return shown


def _shown(member: Member, summary: str, name: str, address: str) -> Shown:
    folded = member.unfolds(summary)
    text = folded.get_by_label("Source of the mail").text_content() or ""
    return Shown(name, address, text.replace("\n", "\r\n").encode("ascii"))


def checks(member: Member, shown: list[Shown]) -> str:
    """Everybody by name, their count, each mail once more. Returns the fingerprint shown."""
    member.sees(f"{len(shown)} people get one mail each")
    for mail in shown:
        member.reads(mail.name, mail.address)
        row = member.page.locator("li").filter(has_text=mail.address)
        source = row.get_by_label("Source of the mail").text_content() or ""
        assert source.replace("\n", "\r\n").encode() == mail.raw, "not the mail of the card"
    member.unfolds(f"Show mail to {shown[0].name}")
    fingerprint = member.page.locator(".bar .fingerprint").inner_text()
    assert fingerprint == consent.fingerprint(mail.digest for mail in shown)[:8]
    return fingerprint

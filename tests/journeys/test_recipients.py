"""People without an account, in a browser: all that they can do about an invitation, and its receipts."""

from __future__ import annotations

import re

import pytest
import requests

from tests.journeys import mailbox
from tests.journeys.by_hand import Hand
from tests.journeys.conftest import DESK, Arrive
from tests.journeys.member import SECONDS, How, Member
from tests.stack import Stack

# All rows of all tables but those that move by themselves: beat's heartbeat and the ledger's seals.
_ROWS = """
from hashlib import sha256
from tests.page_rules import every_row
own = {"ledger.Heartbeat", "ledger.Run", "ledger.Block", "ledger.Seal"}
rows = {name: found for name, found in every_row().items() if name not in own}
plain = lambda value: bytes(value) if isinstance(value, memoryview) else value
told = repr([(name, [[plain(v) for v in row] for row in rows[name]]) for name in sorted(rows)])
print(sha256(told.encode()).hexdigest(), sum(map(len, rows.values())))
"""
_STAFF = """
from django.contrib.auth.models import User
from invites.actions import cases
from invites.recipients.models import Case
staff, _ = User.objects.get_or_create(username="staff", email="", is_staff=True)
case = Case.objects.latest("id")
"""
_READ = _STAFF + "cases.mark_read(case=case, staff=staff)"
_DECIDED = _STAFF + (
    "cases.decide(case=case, outcome=None, decision='She may not invite for a month.', "
    "what_changed='Her invitations wait.', staff=staff)"
)
# What a scanner does beside loading: it points at everything, and presses nothing.
_TOUCH_ALL = """
for (const one of document.querySelectorAll("a, button, input, textarea, form")) {
  for (const kind of ["mouseover", "mousemove", "pointerenter"]) {
    one.dispatchEvent(new MouseEvent(kind, {bubbles: true}));
  }
  one.focus();
}
window.scrollTo(0, document.body.scrollHeight);
"""
PAGES = (
    "", "stop/", "stop-sender/", "accept/", "decline/", "not-how/", "dont-know/", "report/", "erase/",
)  # fmt: skip


@pytest.fixture
def bea(stack: Stack, ana: Hand, confirmed: set[str], since: int) -> str:
    """The link in the mail that Ana has just sent to Bea."""
    ana.confirms(ana.prepares("Bea Sousa"))
    address = ana.address("Bea Sousa")
    confirmed.add(address)
    [mail] = stack.sandbox.wait_for_mails(1, to=address, since_id=since, seconds=SECONDS)
    return mailbox.secret_link(mail)


def test_every_answer_shows_first_what_it_does_and_then_its_receipt(
    stack: Stack, arrives: Arrive, ana: Hand, bea: str, since: int
) -> None:
    recipient = arrives("Bea Sousa", DESK)
    recipient.goes_to(bea)
    invitation = re.compile("^Hanna Hand chose you on ")
    recipient.sees(invitation)

    _answers(recipient, "No, thanks", "Say “no, thanks”?", "No, thanks")
    recipient.presses("Take this answer back")
    recipient.sees("Say “no, thanks”?")
    recipient.follows("Back to the invitation")
    recipient.sees(invitation)
    for link, question in (
        ("That isn’t how we know each other", "Isn’t that how you know each other?"),
        ("I don’t know this person", "Don’t you know Hanna Hand?"),
    ):
        _answers(recipient, link, question, link)
        recipient.follows("Back to the invitation")
        recipient.sees(invitation)
        recipient.reads("You answered:")

    recipient.follows("Stop invitations from Hanna alone")
    recipient.sees("Stop invitations from Hanna Hand alone?")
    recipient.presses("Stop invitations from Hanna")
    recipient.sees("Done.")
    recipient.presses("Allow Hanna again")
    recipient.sees("Stop invitations from Hanna Hand alone?")
    recipient.follows("Back to the invitation")
    recipient.sees(invitation)

    _reports(recipient, stack)
    recipient.follows("Back to the invitation")
    recipient.sees(invitation)
    page = ana.gets("/invitations/")
    sent = re.search(r"/invitations/sent/[\w-]+/", page.html)
    assert sent
    ana.sees_at_last(sent.group(0), "Bea Sousa No answer")

    recipient.follows("Erase what you keep about me")
    recipient.sees("Erase what we keep about you?")
    recipient.presses("Erase it for good")
    recipient.sees("Erased.")
    assert requests.get(bea, timeout=10).status_code == 404
    _nothing_followed(recipient, stack)
    mails = stack.sandbox.mails(ana.address("Bea Sousa"), since)
    assert len(mails) == 1, "an answer is never answered by mail"


def _answers(recipient: Member, link: str, question: str, button: str) -> None:
    recipient.follows(link)
    recipient.sees(question)
    recipient.presses(button)
    recipient.sees("Your answer is noted")


def _reports(recipient: Member, stack: Stack) -> None:
    recipient.follows("Report this invitation")
    recipient.sees("Report this invitation?")
    recipient.types("What is wrong? (optional)", "We never worked together.")
    recipient.presses("Report it")
    recipient.sees("Your report")
    recipient.reads("It is here, and a person is called.")
    stack.manage("shell", "--no-imports", "-c", _READ)
    recipient.page.reload()
    recipient.sees("Your report")
    recipient.reads("A person has read it and is looking.")
    stack.manage("shell", "--no-imports", "-c", _DECIDED)
    recipient.page.reload()
    recipient.sees("Your report")
    recipient.reads("She may not invite for a month.", "Her invitations wait.")


def _nothing_followed(recipient: Member, stack: Stack) -> None:
    """No cookie, nothing kept in the browser, nothing asked of anybody else."""
    assert recipient.context.cookies() == []
    assert recipient.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    elsewhere = "performance.getEntriesByType('resource').map(one => one.name)"
    loaded = recipient.page.evaluate(elsewhere)
    assert [one for one in loaded if not one.startswith(f"{stack.url}/static/")] == []


def test_who_accepts_signs_up_with_the_invited_address_and_the_sender_sees_only_that(
    stack: Stack, arrives: Arrive, ana: Hand, bea: str, since: int
) -> None:
    how = How("on a phone", width=390, height=844, photographed=True)
    newcomer = arrives("Bea Sousa", how)
    newcomer.goes_to(bea)
    newcomer.sees(re.compile("^Hanna Hand chose you on "))
    newcomer.follows("Accept the invitation")
    newcomer.sees("Accept Hanna Hand’s invitation")
    newcomer.follows("Go to sign-up")
    newcomer.sees("Sign up")
    newcomer.types("First name", "Bea")
    newcomer.types("Last name", "Sousa")
    newcomer.types(re.compile("^E-?mail"), "somebody.else@elsewhere.example")
    newcomer.types("Password", newcomer.password)
    newcomer.presses("Sign up")
    newcomer.reads("This is not the address that was invited.", "Hanna Hand won’t see it then.")
    address = ana.address("Bea Sousa")
    newcomer.rewrites("E-mail address", address)
    newcomer.rewrites("Password", newcomer.password)
    newcomer.presses("Sign up")
    newcomer.sees("Type the code from your mail")
    stack.sandbox.wait_for_mails(2, to=address, since_id=since, seconds=SECONDS)
    newcomer.types("Code", mailbox.code_for(stack, address))
    newcomer.presses("Continue")
    newcomer.sees("You have joined")
    newcomer.reads("That is all for today.")

    page = ana.gets("/invitations/")
    sent = re.search(r"/invitations/sent/[\w-]+/", page.html)
    assert sent
    ana.sees_at_last(sent.group(0), "Bea Sousa Accepted")


def test_who_has_no_invitation_stops_them_by_a_link_in_a_mail(
    stack: Stack, arrives: Arrive, since: int
) -> None:
    address = "wants.none@strangers.example"
    visitor = arrives("Wanda None", How("without JavaScript", script=False, photographed=True))
    visitor.goes_to("/about-invitations/")
    visitor.sees("About invitations")
    visitor.follows("type your address")
    visitor.sees("Stop invitations to your address")
    visitor.types("Your e-mail address", "wants.none")
    visitor.presses("Mail me the link")
    visitor.sees("Stop invitations to your address")
    visitor.reads("Not yet")
    visitor.rewrites("Your e-mail address", address)
    visitor.presses("Mail me the link")
    visitor.sees("Look into your mailbox")
    [mail] = stack.sandbox.wait_for_mails(1, to=address, since_id=since, seconds=SECONDS)
    [link] = [one for one in mail["links"] if "/stop/gA" in one]
    visitor.goes_to(link)
    visitor.sees("Stop all invitations to you?")
    visitor.presses("Stop all invitations to me")
    visitor.sees("Done.")
    assert visitor.context.cookies() == []


def test_a_scanner_that_loads_everything_and_presses_nothing_changes_no_table(
    stack: Stack, arrives: Arrive, bea: str
) -> None:
    """With JavaScript, as a person's browser would; and by GET, HEAD and OPTIONS without one."""
    before = stack.manage("shell", "--no-imports", "-c", _ROWS)
    scanner = arrives("Link Scanner", How("without pictures"))
    public = [f"{stack.url}{path}" for path in ("/", "/about-invitations/", "/stop/")]
    for address in [*(bea + page for page in PAGES), *public]:
        scanner.goes_to(address)
        scanner.page.wait_for_load_state("networkidle")
        scanner.page.evaluate(_TOUCH_ALL)
        scanner.sees(re.compile("."))
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = requests.request(method, address, timeout=10)
            assert answer.status_code in (200, 405), (method, address)
            assert not answer.cookies
    assert stack.manage("shell", "--no-imports", "-c", _ROWS) == before

"""LinkedIn gives a name and no address: the member makes a link, hands it over, and nobody is mailed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.journeys import mailbox
from tests.journeys.by_hand import Hand
from tests.journeys.conftest import DESK, Arrive
from tests.journeys.member import How
from tests.stack import Stack

FILE = (
    "Notes:\n\n"
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    "Bea,Sousa,https://www.linkedin.com/in/bea-sousa,,Norte,Head of Legal,01 Nov 2025\n"
    "Carlos,Rui,https://www.linkedin.com/in/carlos-rui,,Sul,Partner,02 Nov 2025\n"
)
WORDS = "Bea, people keep asking me for a lawyer like you. May I send them?"


def test_a_person_without_an_address_is_handed_a_link_and_accepts(
    stack: Stack, arrives: Arrive, ana: Hand, since: int
) -> None:
    member = arrives("Hanna Hand", DESK, ana)
    member.goes_to("/contacts/file/")
    member.sees("Read an address book from a file")
    member.page.get_by_label("Your file").set_input_files(
        [{"name": "Connections.csv", "mimeType": "text/csv", "buffer": FILE.encode()}]
    )
    member.presses("Read this file")
    member.sees("Your LinkedIn contacts are read")

    member.goes_to("/invitations/choose/?show=all")
    member.sees("Choose people")
    member.reads("No address:")
    member.follows("make a personal link for Bea Sousa")
    member.sees("A personal link for Bea Sousa")
    member.page.get_by_label("Worked together").check()
    member.types("Your words to Bea Sousa", WORDS)
    member.presses("Show me the page behind it")
    member.sees("A personal link for Bea Sousa")
    member.reads("Hanna Hand gave you this link. We don’t have your address", WORDS)
    member.presses("Make this link")
    member.sees("Your link for Bea Sousa")
    member.reads("No answer")
    link = member.page.get_by_label("The link", exact=True).input_value()
    box = member.page.get_by_role("img", name="QR code of this link").bounding_box()
    assert box is not None
    assert box["width"] > 100

    bea = arrives("Bea Sousa", How("on a phone", width=320, height=568, script=False))
    bea.goes_to(urlsplit(link).path)
    bea.sees(re.compile("^Hanna Hand invites you to "))
    bea.reads("We don’t have your address, and we sent you nothing.", WORDS)
    bea.follows("Accept the invitation")
    bea.sees("Accept Hanna Hand’s invitation")
    bea.presses("Accept")
    bea.sees("Accepted.")
    assert bea.context.cookies() == []

    member.page.reload()
    member.sees("Your link for Bea Sousa")
    member.reads("Accepted")
    member.goes_to("/invitations/forget/")
    member.sees("Forget everything")
    member.presses("Forget everything")
    member.sees("What was erased")
    member.reads("1 person erased at", "One remains because you invited them.")
    assert mailbox.newest(stack) == since

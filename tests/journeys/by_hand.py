"""Requests made by hand, with a member's session: whatever a browser would never send.

Every answer has to be a page that explains, whatever was asked.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests

from invites import consent
from tests.journeys.member import MEMBERS, SECONDS
from tests.page_rules import hold_to_rules, words
from tests.stack import Stack

STRANGERS = "by-hand.example"  # where everybody lives whom these members invite
NUL = "\x00"
NOTE = "You fixed our contract in a weekend. May I send people to you? I'd check your drafts."
Fields = dict[str, str] | list[tuple[str, str]]
# Members as sign-up leaves them, each with a session: only the way of signing up is skipped.
_MEMBERS = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from allauth.account.models import EmailAddress
made = []
for number in range({count}):
    email = f"hand{{number}}@{members}"
    user = User(username=email, email=email, first_name="Hanna", last_name="Hand")
    user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    made.append([email, session.session_key])
print(json.dumps(made))
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: its status and address after redirects, and the words of its main part."""

    status: int
    path: str
    html: str
    words: str
    tree: ElementTree.Element

    def says(self, *sentences: str) -> None:
        """Raises AssertionError unless all of these stand in the page's main part."""
        for sentence in sentences:
            assert sentence in self.words, f"“{sentence}” is not in: {self.words}"

    def hidden(self, name: str) -> str:
        """The value of a hidden field; "" when there is none."""
        values = [one.get("value") for one in self.tree.iter("input") if one.get("name") == name]
        return str(values[0]) if values else ""


@dataclass(eq=False)
class Hand:
    """A signed-in member without a browser; nobody signed in when `session` is ""."""

    stack: Stack
    email: str
    session: str
    http: requests.Session = field(init=False)

    def __post_init__(self) -> None:
        self.http = self.another_tab()

    def another_tab(self) -> requests.Session:
        """One more HTTP client with the same session."""
        http = requests.Session()
        if self.session:
            http.cookies.set("handpicked_session", self.session)
        http.get(f"{self.stack.url}/accounts/password/reset/", timeout=10)
        return http

    def gets(self, path: str, status: int = 200, **parameters: str) -> Answer:
        """GET, and wherever that leads."""
        url = self.stack.url + path
        return _read(self.http.get(url, params=parameters, timeout=20), status)

    def sees_at_last(self, path: str, *sentences: str) -> Answer:
        """The page, once all of these stand in it: what became of mails shows at full seconds."""
        until = time.monotonic() + SECONDS
        while True:
            answer = self.gets(path)
            if all(one in answer.words for one in sentences) or time.monotonic() > until:
                answer.says(*sentences)
                return answer
            time.sleep(0.2)

    def posts(
        self, path: str, fields: Fields | None = None, status: int = 200, token: bool = True
    ) -> Answer:
        """POST, and wherever that leads. `token` False leaves out the form's token."""
        given = list(fields.items()) if isinstance(fields, dict) else list(fields or [])
        if token:
            given.append(("csrfmiddlewaretoken", self.http.cookies["handpicked_csrf"]))
        return _read(self.http.post(self.stack.url + path, given, timeout=20), status)

    # --- the steps of the journey, as a browser would take them ------------------------------------
    def types(self, *names: str) -> None:
        """Adds people by hand."""
        for name in names:
            person = {"name": name, "address": self.address(name)}
            self.posts("/contacts/type/", person).says("is in your list")

    def address(self, name: str) -> str:
        """Where somebody with this name gets mail: nobody else's contact has it."""
        local = re.sub(r"[^a-z0-9]+", ".", name.lower())
        return f"{local}.of.{self.email.partition('@')[0]}@{STRANGERS}"

    def id_of(self, name: str) -> str:
        """The number of a typed person's box on the choose page."""
        return self.box_of(self.address(name).partition("@")[0])

    def box_of(self, search: str) -> str:
        """The number of the one box that this search finds."""
        page = self.gets("/invitations/choose/", q=search)
        [box] = [one for one in page.tree.iter("input") if one.get("name") == "person"]
        return str(box.get("value"))

    def chooses(self, *names: str) -> None:
        """Types and ticks people."""
        self.types(*names)
        for name in names:
            number = self.id_of(name)
            self.posts("/invitations/choose/", {"person": number, "shown": number})

    def writes(self, note: str = NOTE, status: int = 200) -> Answer:
        """Saves the note."""
        return self.posts("/invitations/write/", {"note": note, "advised": "yes"}, status)

    def card(self) -> Answer:
        """The next card that waits for a decision."""
        return self.gets("/invitations/review/")

    def decides(self, card: Answer, status: int = 200, **fields: str) -> Answer:
        """Presses “Worked together” on a card, with its digest."""
        digest = card.hidden("digest_worked")
        return self.posts(
            card.path, {"relationship": "worked", "digest_worked": digest, **fields}, status
        )

    def prepares(self, *names: str) -> str:
        """Everything up to the check page; returns the fingerprint that stands there."""
        self.chooses(*names)
        self.writes()
        for _ in names:
            self.decides(self.card())
        return self.checks()

    def checks(self) -> str:
        """The fingerprint on the check page; "" when nobody would get a mail."""
        return self.gets("/invitations/check/").hidden("fingerprint")

    def confirms(self, fingerprint: str, status: int = 200) -> Answer:
        """Presses the one button that sends."""
        return self.posts("/invitations/check/", {"fingerprint": fingerprint}, status)

    def has_confirmed(self) -> int:
        """How many batches are on “Everything you sent”."""
        page = self.gets("/invitations/")
        return len(re.findall(r'href="/invitations/sent/[0-9a-f-]+/"', page.html))

    def digests(self) -> list[str]:
        """Of the cards' “Worked together” mails, of everybody on the check page."""
        return [self.gets(card).hidden("digest_worked") for card in cards_on_check(self)]


def members(stack: Stack, count: int) -> list[Hand]:
    """So many members with nothing in their address books, signed in."""
    code = _MEMBERS.format(count=count, members=MEMBERS)
    made = json.loads(stack.manage("shell", "--no-imports", "-c", code))
    return [Hand(stack, email, session) for email, session in made]


def fingerprint_of(digests: Iterable[str]) -> str:
    """What the check page would show for these mails: anybody can compute it."""
    return consent.fingerprint(digests)


def first_card(member: Hand) -> str:
    """The address of a member's first card, whatever the review page thinks of it."""
    code = (
        "from invites.models import Invitation; print(Invitation.objects.filter("
        f"sender__email='{member.email}', state__in=['chosen', 'reviewed']).earliest('id').uid)"
    )
    uid = member.stack.manage("shell", "--no-imports", "-c", code).strip()
    return f"/invitations/review/{uid}/"


def cards_on_check(member: Hand) -> list[str]:
    """The addresses behind “Change”."""
    page = member.gets("/invitations/check/")
    links = [str(one.get("href")) for one in page.tree.iter("a")]
    return [link for link in links if link.startswith("/invitations/review/") and len(link) > 30]


def changes(member: Hand, code: str) -> None:
    """Something happens to the account, `user`, behind the pages' back."""
    find = "from django.contrib.auth.models import User; "
    find += f"user = User.objects.get(email='{member.email}')"
    member.stack.manage("shell", "--no-imports", "-c", f"{find}; {code}")


def _read(response: requests.Response, status: int) -> Answer:
    assert response.status_code == status, f"{response.url}: {response.status_code} {response.text}"
    # A form gives back what was typed, and browsers drop a NUL from it; a refusal comes first.
    tree = hold_to_rules(
        response.text.replace("\x00", "").replace("<title>Not yet: ", "<title>"), response.url
    )
    main = next(tree.iter("main"))
    return Answer(status, urlsplit(response.url).path, response.text, words(main), tree)

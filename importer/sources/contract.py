"""What every address book has in common: its people, its pages, its faults, its addresses.

Imports nothing of Django, because config/settings.py reads the kinds before any app is loaded.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar
from xml.etree.ElementTree import Element  # what connection.py makes; parses nothing here

T = TypeVar("T")

MOST_FOUND = 30  # people whom one search gives; who looks for somebody else types more of the name


class Group(StrEnum):
    """Where people look for their address book on the connect page, in this order."""

    LINKEDIN = "LinkedIn"
    GOOGLE = "Google"
    OUTLOOK = "Outlook"
    FILE = "A file"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """An e-mail address as the book has it. `label` is the book's own word ("work", "home")."""

    value: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class SourcePerson:
    """One entry of an address book, before cleaning.

    `key` names the entry within its book, so that reading the book again finds the same person.
    `phone` is used for its country code and then dropped. `updated` is the year of the last change,
    0 when unknown.
    """

    key: str
    name: str = ""
    company: str = ""
    title: str = ""
    phone: str = ""
    updated: int = 0
    addresses: tuple[SourceAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some people, where to go on ("" after the last page), and how many there are, if told."""

    people: tuple[SourcePerson, ...]
    next_cursor: str
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What opens an address book: a token (RFC 6750), or with a user name a password (RFC 7617).

    `server` is an address that the member named; "" where the site's own settings say where to ask.
    `family` is a domain below which all servers are the provider's, for the few that spread over many.
    """

    secret: str = field(repr=False)
    user: str = field(default="", repr=False)
    server: str = field(default="", repr=False)
    family: str = ""

    def header(self) -> str:
        """The value of the Authorization header."""
        if not self.user:
            return f"Bearer {self.secret}"
        return "Basic " + b64encode(f"{self.user}:{self.secret}".encode()).decode()


class Asks(Protocol):
    """What a source may do: ask its server, within limits, by connection.py. Raises the errors
    below. No address but those at the server's own origin is asked."""

    url: str  # where the book is: at what the member named, else at what the site's settings say

    def get(self, url: str, params: Mapping[str, str] | None = None) -> object:
        """The JSON at an address."""

    def post(self, url: str, body: object) -> object:
        """The JSON that answers this JSON. Only for questions that change nothing."""

    def dav(self, method: str, url: str, body: str, depth: int = 0) -> Iterator[Found]:
        """What a WebDAV server has found, one after the other (RFC 4918, section 13)."""

    def home_of(self, url: str, method: str = "GET") -> str:
        """Where a well-known address leads to (RFC 8615). Goes without the access, so it may lead
        anywhere; whether the access may follow is decided when it is used."""

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives; made once for as long as the connection lasts."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a WebDAV server found: its address, and the properties that were asked for."""

    href: str
    properties: Mapping[str, Element]

    def text(self, name: str) -> str:
        """The text of a property; "" when it has none."""
        element = self.properties.get(name)
        return "" if element is None else (element.text or "")


# (server, api_url, cursor) → a page. The cursor "" means the first one.
ReadPage = Callable[[Asks, str, str], Page]
# (server, api_url, words) → at most MOST_FOUND people, found by the provider's own search. With no words
# it finds nobody: that is the call by which a provider makes ready, made once when access is given.
SearchPeople = Callable[[Asks, str, str], tuple[SourcePerson, ...]]


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A provider that many people have: its server, and where it gives out app passwords."""

    name: str
    url: str
    password_url: str
    family: str = ""


@dataclass(frozen=True, slots=True)
class OwnServer:
    """How a kind is read from a server that the member names. `find` gives the address to read from,
    having asked with the access, so that a wrong password is told at once."""

    find: Callable[[Asks, str], str]
    words: str  # who has such a server, for the connect page
    known: Mapping[str, KnownServer] = field(default_factory=dict)
    takes_token: bool = False  # without a user name, what is typed is a token


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of address book: the provider's addresses, the smallest scope, and how to read it.

    `could` is for the connect page: what the token could do, not only what we do with it.
    `apps_url` is where a person removes the site's access by hand. An empty `revoke_url` means that
    the provider can't end a single access. Without `search` people can't be looked up there. A
    `caution` says what to think of before connecting, where people are of a riskier sort;
    `saved_by_itself` marks them when no person made the entries: the provider did, from mail.

    Where a provider differs from RFC 6749 and RFC 7009: `pkce` is off only where it refuses that;
    `client_in_body` is for those that don't take the client's secret as Basic authentication;
    `revokes` names the tokens that can be revoked, and what was handed out before may still work for
    `minutes_left` afterwards.
    """

    provider: str
    authorize_url: str
    token_url: str
    revoke_url: str
    api_url: str
    issuer: str
    scope: str
    could: str
    apps_url: str
    read_page: ReadPage
    search: SearchPeople | None = None
    group: Group = Group.OTHER
    caution: str = ""
    saved_by_itself: bool = False
    # What every request to this API carries besides the access.
    headers: Mapping[str, str] = field(default_factory=dict)
    noun: str = "contacts"  # what the book is called after the provider's name
    pkce: bool = True
    client_in_body: bool = False
    revokes: tuple[str, ...] = ("refresh_token", "access_token")
    minutes_left: int = 0
    own_server: OwnServer | None = None

    @property
    def can_search(self) -> bool:
        """Whether people can be looked up. (A template would call `search` instead of asking.)"""
        return self.search is not None


@dataclass(frozen=True, slots=True)
class Source:
    """One address book that members of this site may connect: a kind, a client, and addresses.

    `issuer` is compared with the answer's `iss` (RFC 9207) whenever that is sent; with
    `iss_required` an answer without it is refused.
    """

    name: str
    kind: str
    label: str
    client_id: str
    client_secret: str
    authorize_url: str
    token_url: str
    revoke_url: str
    api_url: str
    issuer: str
    iss_required: bool = False
    noun: str = "contacts"
    scope: str = ""

    @property
    def by_member(self) -> bool:
        """Whether each member names a server: the site has no client anywhere."""
        return not self.client_id

    def urls(self) -> tuple[str, ...]:
        """Every address of the provider that this source may call or send a browser to."""
        every = (self.authorize_url, self.token_url, self.revoke_url, self.api_url, self.issuer)
        return tuple(filter(None, every))

    def consent_screen(self) -> str:
        """Where the member's browser is sent to agree."""
        return self.authorize_url

    @property
    def book(self) -> str:
        """What the address book is called in a sentence, as in "Ana's Google contacts"."""
        return f"{self.label} {self.noun}"


class SourceError(Exception):
    """The address book gave no usable page. `code` is one of PROBLEMS, never the provider's words.

    `permanent` means that asking again with the same access can't help.
    """

    def __init__(self, code: str, *, permanent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


class AccessRevoked(SourceError):
    """The token is refused: expired, revoked, or the app was removed (RFC 6750, section 3.1)."""

    def __init__(self) -> None:
        super().__init__("access_ended", permanent=True)


class Redirected(SourceError):
    """The server sends us elsewhere. Nobody follows by itself; `to` is for whoever may decide."""

    def __init__(self, to: str) -> None:
        super().__init__("redirected", permanent=True)
        self.to = to


class BadRequest(SourceError):
    """The server did not understand the question. Was it one for a later page, the cursor is stale."""

    def __init__(self) -> None:
        super().__init__("refused", permanent=True)


class NotFound(BadRequest):
    """The server has nothing at this address (404)."""


class AskLater(SourceError):
    """Nothing is wrong, but we have to wait. `retry_after` is in seconds."""

    def __init__(self, code: str, retry_after: float) -> None:
        super().__init__(code, permanent=False)
        self.retry_after = retry_after


class RateLimited(AskLater):
    """The provider asks us to wait (RFC 6585, section 4)."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("rate_limited", retry_after)


class BadFile(ValueError):
    """A file that can't be read as an address book; the message is a sentence for its owner."""


# What can go wrong with a page, as a sentence. {provider} is the source's label.
PROBLEMS = {
    "access_ended": "{provider} ended our access.",
    "refused": "{provider} refused to show its contacts to us.",
    "cursor_refused": "{provider} did not know any more where we had stopped.",
    "rate_limited": "{provider} asked us to wait longer than our access lasts.",
    "preparing": "{provider} is still preparing your data.",
    "unreachable": "{provider} could not be reached.",
    "slow": "{provider} took too long to answer.",
    "server_error": "{provider} had an error of its own.",
    "redirected": "{provider} sent us to another address. We don’t follow with your access.",
    "not_public": "There is no server on the public internet at that address.",
    "bad_certificate": "{provider} could not prove that it is who it says, so we told it nothing.",
    "not_xml": "{provider} sent something that is not an address book.",
    "no_book": "There is no address book of yours at that address.",
    "not_json": "{provider} sent something that is not an address book.",
    "wrong_shape": "{provider} sent an answer of a shape that we don’t know.",
    "too_large": "{provider} sent a page that is larger than we read.",
    "looped": "{provider} sent the same page again and again.",
    "too_many_pages": "{provider} has more pages than we read.",
    "out_of_time": "Reading took longer than our access may last.",
    "source_gone": "This site no longer offers {provider}.",
    "file_gone": "The file was not read within half an hour, so we deleted what we had of it.",
    "file_unreadable": "Our key for the stored file has changed, so it can’t be read any more.",
    "grant_unreadable": "Our key for the stored access has changed.",
}

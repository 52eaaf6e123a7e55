"""Address books by CardDAV (RFC 6352): found from a server's name, read in batches of cards.

All cards are listed first, without what is in them, and put into an order that is the same every time;
the cursor is the last one read, as a hash: it names nobody, and survives cards that come and go.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape
from itertools import islice, takewhile
from urllib.parse import urlsplit

from importer.sources import vcard
from importer.sources.contract import (
    MOST_FOUND,
    Asks,
    Found,
    Group,
    Kind,
    KnownServer,
    OwnServer,
    Page,
    Redirected,
    SourceError,
    SourcePerson,
)
from importer.sources.shapes import joined

PAGE_SIZE = 250
MOST_BOOKS = 50
MOST_HOPS = 5
# Of all books: an invented one must not fill our memory with links.
MOST_CARDS, MOST_LINKED = 100_000, 16 * 1024 * 1024
_DAV, _CARD = "{DAV:}", "{urn:ietf:params:xml:ns:carddav}"
_OPEN = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'
# What SourcePerson has, and what tells a group from a person. Servers may send the whole card all the
# same; then the rest passes by without being looked at (vcard.py).
_WANTED = "".join(
    f'<C:prop name="{name}"/>'
    for name in (
        *("VERSION", "UID", "FN", "N", "NICKNAME", "ORG", "TITLE", "EMAIL", "TEL", "REV"),
        *("KIND", "X-ABLABEL", "X-ADDRESSBOOKSERVER-KIND"),
    )
)
_ADDRESS_DATA = f"<D:prop><C:address-data>{_WANTED}</C:address-data></D:prop>"
# RFC 6350, section 6.1.4, and what Apple wrote before that. Nothing in it goes past the end of a line:
# else a card of many such lines, each without a colon, would keep us for hours.
_NO_PERSON = re.compile(
    r"^(?:[\w-]+\.)?(?:X-ADDRESSBOOKSERVER-)?KIND(?:;[^:\r\n]*)?:[ \t]*(?:group|location|device)[ \t\r]*$",
    re.IGNORECASE | re.MULTILINE,
)
# In a text of XML 1.0 these can't stand at all.
_NO_TEXT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Card:
    """One card of a book. `mark` is its place in our order; the book's comes first in it."""

    mark: str
    book: str
    href: str


def find(server: Asks, url: str) -> str:
    """Where the member's address books are. Raises SourceError: also when nobody is let in.

    RFC 6764, section 6: what was typed, if it has a path; else the well-known address, which may lead
    anywhere; else the root.
    """
    starts: list[Callable[[], str]] = [lambda: url] if urlsplit(url).path.strip("/") else []
    starts += [
        lambda: server.home_of(joined(url, "/.well-known/carddav"), "PROPFIND"),
        lambda: joined(url, "/"),
    ]
    for start in starts:
        try:
            return _home(server, start())
        except SourceError as error:
            if error.code not in ("no_book", "refused"):
                raise
    raise SourceError("no_book", permanent=True)


def read_page(server: Asks, api_url: str, cursor: str) -> Page:
    """The cards after the cursor. Raises SourceError."""
    cards = server.once("cards", lambda: _cards(server, api_url))
    start = bisect_right(cards, cursor, key=lambda card: card.mark)
    book = cards[start].book if start < len(cards) else ""
    batch = list(takewhile(lambda card: card.book == book, islice(cards, start, start + PAGE_SIZE)))
    people = _people(server, book, [card.href for card in batch]) if batch else []
    is_last = start + len(batch) >= len(cards)
    return Page(tuple(people), "" if is_last else batch[-1].mark, len(cards))


def search(server: Asks, api_url: str, words: str) -> tuple[SourcePerson, ...]:
    """Whom the server finds by their name, work or address."""
    if not words:
        return ()
    # https://www.rfc-editor.org/rfc/rfc6352#section-10.5.4 (text-match), #section-10.6 (limit)
    match = f'<C:text-match collation="i;unicode-casemap">{_text(words)}</C:text-match>'
    filters = "".join(
        f'<C:prop-filter name="{name}">{match}</C:prop-filter>' for name in ("FN", "EMAIL", "ORG")
    )
    body = (
        f"<C:addressbook-query {_OPEN}>{_ADDRESS_DATA}"
        f'<C:filter test="anyof">{filters}</C:filter>'
        f"<C:limit><C:nresults>{MOST_FOUND}</C:nresults></C:limit></C:addressbook-query>"
    )
    found: list[SourcePerson] = []
    for book in server.once("books", lambda: _books(server, api_url)):
        for card in server.dav("REPORT", book, body, depth=1):
            found += _in_card(card)
            if len(found) >= MOST_FOUND:
                return tuple(found[:MOST_FOUND])
    return tuple(found)


def _home(server: Asks, url: str) -> str:
    """Where the books of this access are, as what is at this address says."""
    # https://www.rfc-editor.org/rfc/rfc5397#section-3, https://www.rfc-editor.org/rfc/rfc6352#section-7.1.1
    url, here = _looked_at(server, url, "D:resourcetype", "D:current-user-principal", _HOME)
    if _is_book(here):
        return url
    home = _link(here, f"{_CARD}addressbook-home-set")
    if not home and (principal := _link(here, f"{_DAV}current-user-principal")):
        url, here = _looked_at(server, joined(url, principal), _HOME)
        home = _link(here, f"{_CARD}addressbook-home-set")
    if not home:
        raise SourceError("no_book", permanent=True)
    return joined(url, home)


_HOME = "C:addressbook-home-set"


def _looked_at(server: Asks, url: str, *names: str) -> tuple[str, Found]:
    """What is at an address, and where that is: a server may send us on within itself."""
    for _ in range(MOST_HOPS):
        try:
            for found in server.dav("PROPFIND", url, _propfind(*names)):
                return url, found
        except Redirected as elsewhere:
            if elsewhere.to == url:  # in a circle, or not for our access
                raise
            url = elsewhere.to
        else:
            break
    raise SourceError("no_book", permanent=True)


def _books(server: Asks, url: str) -> list[str]:
    home = _home(server, url)
    # https://www.rfc-editor.org/rfc/rfc6352#section-5.2: a book is marked as one.
    within = server.dav("PROPFIND", home, _propfind("D:resourcetype"), depth=1)
    books = {joined(home, found.href) for found in within if _is_book(found)}
    if not books:
        raise SourceError("no_book", permanent=True)
    return sorted(books)[:MOST_BOOKS]


def _cards(server: Asks, url: str) -> list[_Card]:
    cards: list[_Card] = []
    linked = 0
    for book in server.once("books", lambda: _books(server, url)):
        mark = _hash(urlsplit(book).path)[:16]
        for found in server.dav("PROPFIND", book, _propfind("D:resourcetype"), depth=1):
            kind = found.properties.get(f"{_DAV}resourcetype")
            if found.href and (kind is None or len(kind) == 0):
                cards.append(_Card(mark + _hash(found.href)[:32], book, found.href))
                linked += len(found.href)
                if len(cards) > MOST_CARDS or linked > MOST_LINKED:
                    raise SourceError("too_large", permanent=True)
    cards.sort(key=lambda card: card.mark)
    return cards


def _people(server: Asks, book: str, hrefs: Sequence[str]) -> list[SourcePerson]:
    """The people on these cards. If all at once they are too large, as with photos, half by half."""
    # https://www.rfc-editor.org/rfc/rfc6352#section-8.7
    links = "".join(f"<D:href>{_text(href)}</D:href>" for href in hrefs)
    body = f"<C:addressbook-multiget {_OPEN}>{_ADDRESS_DATA}{links}</C:addressbook-multiget>"
    people: list[SourcePerson] = []
    try:
        for card in server.dav("REPORT", book, body, depth=1):
            people += _in_card(card)
    except SourceError as error:
        if error.code != "too_large" or len(hrefs) == 1:
            raise
        half = len(hrefs) // 2
        return _people(server, book, hrefs[:half]) + _people(server, book, hrefs[half:])
    return people


def _in_card(card: Found) -> Iterator[SourcePerson]:
    text = card.text(f"{_CARD}address-data")
    if text and not _NO_PERSON.search(text):
        for person in vcard.read([text.encode()]):
            yield replace(person, key=person.key or card.href)


def _is_book(found: Found) -> bool:
    kind = found.properties.get(f"{_DAV}resourcetype")
    return kind is not None and kind.find(f"{_CARD}addressbook") is not None


def _link(found: Found, name: str) -> str:
    element = found.properties.get(name)
    return "" if element is None else (element.findtext(f"{_DAV}href") or "").strip()


def _propfind(*names: str) -> str:
    wanted = "".join(f"<{name}/>" for name in names)
    return f"<D:propfind {_OPEN}><D:prop>{wanted}</D:prop></D:propfind>"


def _text(words: str) -> str:
    return escape(_NO_TEXT.sub("", words))


def _hash(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()


CARDDAV = Kind(
    provider="CardDAV",
    # A site may have a client of its own at one server (SOURCE_<NAME>_CLIENT_ID and the addresses, as
    # of a Nextcloud); else each member names a server and a password for it.
    authorize_url="",
    token_url="",
    revoke_url="",
    api_url="",
    issuer="",
    scope="",
    could=(
        "A CardDAV access has no limits of its own. An app password usually opens the contacts, at some "
        "providers the calendar and the files as well, for reading and for changing; a token of "
        "Nextcloud opens the whole account. We only read, and of each card only name, work, e-mail "
        "addresses and phone numbers, and of a phone number we keep only the country."
    ),
    apps_url="",
    read_page=read_page,
    search=search,
    group=Group.OTHER,
    own_server=OwnServer(
        find=find,
        words="iCloud, Fastmail, Nextcloud, and most servers of one’s own: with an app password.",
        known={
            # https://support.apple.com/en-us/102654; contacts lie on many hosts below icloud.com.
            "icloud": KnownServer(
                name="iCloud",
                url="https://contacts.icloud.com",
                family="icloud.com",
                password_url="https://account.apple.com/account/manage",  # noqa: S106 (an address)
            ),
            # https://www.fastmail.help/hc/en-us/articles/1500000278342
            "fastmail": KnownServer(
                name="Fastmail",
                url="https://carddav.fastmail.com",
                password_url="https://app.fastmail.com/settings/security/apps",  # noqa: S106
            ),
        },
    ),
)

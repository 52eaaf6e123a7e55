"""Address books by JMAP for Contacts (RFC 9610, RFC 8620), whose cards are JSContact (RFC 9553)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from importer.sources.contract import (
    MOST_FOUND,
    Asks,
    Group,
    Kind,
    KnownServer,
    OwnServer,
    Page,
    Redirected,
    SourceAddress,
    SourceError,
    SourcePerson,
)
from importer.sources.shapes import as_list, as_object, as_text, joined, year_of

PAGE_SIZE = 250
MOST_HOPS = 5
_CORE, _CONTACTS = "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:contacts"
# Nothing else is asked for, so nothing else is sent: no note, street, birthday or picture.
PROPERTIES = [
    "id", "uid", "kind", "name", "nicknames", "organizations", "titles", "emails", "phones", "updated",
]  # fmt: skip
# Of RFC 8620, section 3.6.2: those after which asking again may help.
_MAY_PASS = {"serverUnavailable", "serverFail", "serverPartialFail"}


@dataclass(frozen=True, slots=True)
class _Session:
    """What a session says that we need (RFC 8620, section 2)."""

    api_url: str
    account: str
    most: int  # cards in one answer


def find(server: Asks, url: str) -> str:
    """The address of the member's session. Raises SourceError: also when nobody is let in.

    RFC 8620, section 2.2: the well-known address, which may lead elsewhere, unless a path was typed.
    """
    if not urlsplit(url).path.strip("/"):
        url = server.home_of(joined(url, "/.well-known/jmap"))
    for _ in range(MOST_HOPS):
        try:
            _read_session(url, server.get(url))
        except Redirected as elsewhere:
            if elsewhere.to == url:  # in a circle, or not for our access
                raise
            url = elsewhere.to
        else:
            return url
    raise SourceError("looped", permanent=True)


def read_page(server: Asks, api_url: str, cursor: str) -> Page:
    """The cards after the cursor, which is a position, and the id of the card before it."""
    session = _session(server, api_url)
    position, _, anchor = cursor.partition(" ")
    # https://www.rfc-editor.org/rfc/rfc8620#section-5.5: an anchor stays right when cards come and
    # go; the position helps when the anchor itself has gone.
    if not cursor:
        where: dict[str, object] = {"position": 0}
    elif not position.isdecimal():
        raise SourceError("cursor_refused", permanent=True)
    else:
        where = {"anchor": anchor, "anchorOffset": 1}
    try:
        ids, cards, total, start = _query(server, session, where)
    except _AnchorGone:
        if not cursor:
            raise
        ids, cards, total, start = _query(server, session, {"position": max(0, int(position) - 1)})
    end = start + len(ids)
    is_last = not ids or (total is not None and end >= total)
    return Page(tuple(_people(cards)), "" if is_last else f"{end} {ids[-1]}", total)


def search(server: Asks, api_url: str, words: str) -> tuple[SourcePerson, ...]:
    """Whom the server finds by their name, work or address."""
    if not words:
        return ()
    # https://www.rfc-editor.org/rfc/rfc9610#section-3.3.1. Not `text`: that looks through notes, too.
    any_of = [{name: words} for name in ("name", "organization", "email")]
    question = {"filter": {"operator": "OR", "conditions": any_of}, "limit": MOST_FOUND}
    _, cards, _, _ = _query(server, _session(server, api_url), question)
    return tuple(_people(cards))[:MOST_FOUND]


class _AnchorGone(SourceError):
    """The card by which we remember where we were is no longer there."""

    def __init__(self) -> None:
        super().__init__("cursor_refused", permanent=True)


def _session(server: Asks, url: str) -> _Session:
    return server.once("session", lambda: _read_session(url, server.get(url)))


def _read_session(url: str, answer: object) -> _Session:
    # https://www.rfc-editor.org/rfc/rfc8620#section-2
    body = as_object(answer)
    account = as_text(as_object(body.get("primaryAccounts") or {}).get(_CONTACTS))
    api_url = as_text(body.get("apiUrl"))
    if not api_url:
        raise SourceError("wrong_shape", permanent=False)
    if not account:
        raise SourceError("no_book", permanent=True)
    core = as_object(as_object(body.get("capabilities") or {}).get(_CORE) or {})
    most = core.get("maxObjectsInGet")
    limit = most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else PAGE_SIZE
    return _Session(joined(url, api_url), account, min(limit, PAGE_SIZE))


def _query(
    server: Asks, session: _Session, question: dict[str, object]
) -> tuple[list[str], list[object], int | None, int]:
    """Ids, cards, how many there are in all, and the position of the first: asked for in one go."""
    # https://www.rfc-editor.org/rfc/rfc9610#section-3.3: every server sorts by `created`.
    query = {
        "accountId": session.account,
        "sort": [{"property": "created", "isAscending": True}],
        "limit": session.most,
        "calculateTotal": True,
        **question,
    }
    # https://www.rfc-editor.org/rfc/rfc8620#section-3.7: the ids are those that the query finds.
    found = {"resultOf": "q", "name": "ContactCard/query", "path": "/ids"}
    get = {"accountId": session.account, "#ids": found, "properties": PROPERTIES}
    calls = [["ContactCard/query", query, "q"], ["ContactCard/get", get, "g"]]
    body = {"using": [_CORE, _CONTACTS], "methodCalls": calls}
    answers = dict(_answers(server.post(session.api_url, body)))
    if not {"q", "g"} <= answers.keys():
        raise SourceError("wrong_shape", permanent=False)
    ids = [as_text(one) for one in as_list(answers["q"].get("ids"))]
    cards = as_list(answers["g"].get("list"))
    if len(cards) > PAGE_SIZE or len(ids) > PAGE_SIZE:
        raise SourceError("too_large", permanent=True)
    return (
        ids,
        cards,
        _number(answers["q"].get("total")),
        _number(answers["q"].get("position")) or 0,
    )


def _answers(answer: object) -> Iterator[tuple[str, dict[str, object]]]:
    """The answers by the names of their calls. Raises SourceError, _AnchorGone."""
    for one in as_list(as_object(answer).get("methodResponses")):
        parts = as_list(one)
        if len(parts) != 3:
            raise SourceError("wrong_shape", permanent=False)
        name, arguments, call = as_text(parts[0]), as_object(parts[1]), as_text(parts[2])
        if name == "error":
            kind = as_text(arguments.get("type"))
            if kind == "anchorNotFound":
                raise _AnchorGone
            if kind in _MAY_PASS:
                raise SourceError("server_error", permanent=False)
            raise SourceError("refused", permanent=True)
        yield call, arguments


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _people(cards: list[object]) -> Iterator[SourcePerson]:
    for item in cards:
        card = as_object(item)
        # https://www.rfc-editor.org/rfc/rfc9553#section-2.1.4; what is missing is an individual.
        if as_text(card.get("kind")) in ("", "individual", "org"):
            yield _person(card)


def _person(card: dict[str, object]) -> SourcePerson:
    organization = next(_in_order(card.get("organizations")), {})
    title = next(_in_order(card.get("titles")), {})
    phone = next(_in_order(card.get("phones")), {})
    return SourcePerson(
        key=as_text(card.get("uid")) or as_text(card.get("id")),
        name=_name(card),
        company=as_text(organization.get("name")),
        title=as_text(title.get("name")),
        phone=as_text(phone.get("number")).removeprefix("tel:"),
        updated=year_of(card.get("updated")),
        addresses=tuple(
            SourceAddress(as_text(email.get("address")), _label(email))
            for email in _in_order(card.get("emails"))
        ),
    )


def _name(card: dict[str, object]) -> str:
    # https://www.rfc-editor.org/rfc/rfc9553#section-2.2.1
    name = as_object(card.get("name") or {})
    if full := as_text(name.get("full")):
        return full
    parts = [as_object(part) for part in as_list(name.get("components"))]
    words = [(as_text(part.get("kind")), as_text(part.get("value"))) for part in parts]
    if name.get("isOrdered") is not True:
        order = ("title", "given", "given2", "surname", "surname2", "generation")
        words = sorted(
            (word for word in words if word[0] in order), key=lambda word: order.index(word[0])
        )
    joined = " ".join(value for kind, value in words if value and kind != "separator")
    nickname = next(_in_order(card.get("nicknames")), {})
    return joined or as_text(nickname.get("name"))


def _in_order(value: object) -> Iterator[dict[str, object]]:
    """The values of a map of ids, the most preferred first (RFC 9553, section 1.5.4)."""
    found = [as_object(one) for one in as_object(value or {}).values()]
    return iter(sorted(found, key=lambda one: _number(one.get("pref")) or 101))


def _label(email: dict[str, object]) -> str:
    contexts = as_object(email.get("contexts") or {})
    for context, label in (("work", "work"), ("private", "home")):
        if contexts.get(context) is True:
            return label
    return as_text(email.get("label"))[:80]


JMAP = Kind(
    provider="JMAP",
    # As with CardDAV: a site's own client at one server, or each member's server and token.
    authorize_url="",
    token_url="",
    revoke_url="",
    api_url="",
    issuer="",
    scope="urn:ietf:params:oauth:scope:contacts",
    could=(
        "What a JMAP token could do is chosen where it is made: give it contacts alone, and reading "
        "alone, if your provider lets you. We only read, and of each card only name, work, e-mail "
        "addresses and phone numbers, and of a phone number we keep only the country."
    ),
    apps_url="",
    read_page=read_page,
    search=search,
    group=Group.OTHER,
    own_server=OwnServer(
        find=find,
        words="Stalwart, Cyrus, and others: with an API token or an app password.",
        known={
            # https://www.fastmail.com/dev/
            "fastmail": KnownServer(
                name="Fastmail",
                url="https://api.fastmail.com",
                password_url="https://app.fastmail.com/settings/security/tokens",  # noqa: S106
            ),
        },
        takes_token=True,
    ),
)

"""JMAP for Contacts: a session, and queries whose ids a get in the same request refers back to.

https://www.rfc-editor.org/rfc/rfc8620 (JMAP), https://www.rfc-editor.org/rfc/rfc9610 (contacts),
https://www.rfc-editor.org/rfc/rfc9553 (the cards)
"""

import json
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect, JsonResponse

from sandbox import look_up
from sandbox.accounts import Account, account_of
from sandbox.people import Person
from sandbox.provider_api import ApiError, Body, Dialect, endpoint
from sandbox.tokens import Bearer, find_bearer, shown_token

SCOPE = "urn:ietf:params:oauth:scope:contacts"
_CORE, _CONTACTS = "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:contacts"
_LARGEST_PAGE = 500
_BLOCK = 1_000_000
_CONTEXTS = {"work": "work", "home": "private"}


def _error(status: int, message: str) -> JsonResponse:
    return JsonResponse(
        {"type": "about:blank", "status": status, "detail": message},
        status=status,
        content_type="application/problem+json",
    )


def _calls(request: HttpRequest) -> list[Any]:
    try:
        asked = json.loads(request.body)
        if not {_CORE, _CONTACTS} <= set(asked["using"]):
            raise ApiError(400, "urn:ietf:params:jmap:error:unknownCapability")
        return [
            (str(name), dict(arguments), str(call))
            for name, arguments, call in asked["methodCalls"]
        ]
    except (ValueError, KeyError, TypeError) as broken:
        raise ApiError(400, "urn:ietf:params:jmap:error:notRequest") from broken


def _start(arguments: Body) -> int:
    """The position that a query asks for: by number, or by the card before it."""
    if "anchor" in arguments:
        return int(str(arguments["anchor"])[1:]) % _BLOCK + int(arguments.get("anchorOffset", 0))
    return int(arguments.get("position", 0))


def _page(request: HttpRequest) -> int | None:
    try:
        _, query, _ = _calls(request)[0]
        return _start(query) // int(query["limit"]) + 1
    except (ApiError, ValueError, KeyError, IndexError):
        return None


def _again(request: HttpRequest, body: Body) -> Body:
    """The page before the one that was asked for, as if nobody had gone on."""
    bearer = find_bearer(shown_token(request))
    assert bearer is not None
    calls = _calls(request)
    _, query, call = calls[0]
    before = max(0, _start(query) - int(query["limit"]))
    plain = {name: value for name, value in query.items() if not name.startswith("anchor")}
    calls[0] = ("ContactCard/query", plain | {"position": before}, call)
    return _responses(account_of(bearer.email), bearer, calls)


def _rename(body: Body, name: str) -> None:
    body["methodResponses"][1][1]["list"][0]["name"] = {"full": name}


_DIALECT = Dialect(error=_error, page=_page, again=_again, rename=_rename)


def well_known(request: HttpRequest) -> HttpResponseRedirect:
    """GET /.well-known/jmap (RFC 8620, section 2.2)."""
    return HttpResponseRedirect("/jmap/session")


@endpoint("jmap.session", SCOPE, _DIALECT, basic=True)
def session(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """GET /jmap/session: where to ask, and for which account."""
    limits = {
        "maxSizeRequest": 10_000_000,
        "maxCallsInRequest": 16,
        "maxObjectsInGet": _LARGEST_PAGE,
    }
    mine = {"name": account.email, "isPersonal": True, "isReadOnly": True}
    return {
        "capabilities": {_CORE: limits, _CONTACTS: {}},
        "accounts": {_account_id(account): mine | {"accountCapabilities": {_CONTACTS: {}}}},
        "primaryAccounts": {_CONTACTS: _account_id(account)},
        "username": account.email,
        "apiUrl": "/jmap/api",
        "state": "1",
    }


@endpoint("jmap", SCOPE, _DIALECT, "POST", basic=True)
def api(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """POST /jmap/api: ContactCard/query and ContactCard/get."""
    return _responses(account, bearer, _calls(request))


def _responses(account: Account, bearer: Bearer, calls: list[Any]) -> Body:
    results: dict[str, Body] = {}
    said: list[list[Any]] = []
    for name, arguments, call in calls:
        try:
            if arguments.get("accountId") != _account_id(account):
                raise ApiError(0, "accountNotFound")
            if name == "ContactCard/query":
                result = _query(account, bearer, arguments)
            elif name == "ContactCard/get":
                result = _get(account, arguments, results)
            else:
                raise ApiError(0, "unknownMethod")
        except ApiError as refused:
            said.append(["error", {"type": refused.message}, call])
        else:
            results[call] = result
            said.append([name, result, call])
    return {"methodResponses": said, "sessionState": "1"}


def _query(account: Account, bearer: Bearer, arguments: Body) -> Body:
    limit = min(int(arguments.get("limit", _LARGEST_PAGE)), _LARGEST_PAGE)
    places: Any = range(account.book.size)
    if wanted := arguments.get("filter"):
        words = next(iter(wanted["conditions"][0].values()))
        look_up.warm_up(account, bearer.fingerprint)
        places = look_up.search(account, bearer.fingerprint, words, limit)
    start = _start(arguments)
    if "anchor" in arguments and start > len(places):
        raise ApiError(0, "anchorNotFound")
    ids = [_card_id(account, place) for place in places[start : start + limit]]
    return {
        "accountId": _account_id(account),
        "queryState": "1",
        "canCalculateChanges": False,
        "position": start,
        "ids": ids,
        "total": len(places),
    }


def _get(account: Account, arguments: Body, results: dict[str, Body]) -> Body:
    reference = arguments.get("#ids", {})
    ids = arguments.get("ids") or results.get(reference.get("resultOf"), {}).get("ids")
    if ids is None:
        raise ApiError(0, "invalidResultReference")
    wanted = {*arguments.get("properties", []), "id"}
    cards = [_card(account, int(one[1:]) % _BLOCK) for one in ids]
    shown = [{key: value for key, value in card.items() if key in wanted} for card in cards]
    return {"accountId": _account_id(account), "state": "1", "list": shown, "notFound": []}


def _account_id(account: Account) -> str:
    return f"a{account.number}"


def _card_id(account: Account, place: int) -> str:
    return f"c{account.number * _BLOCK + place}"


def _card(account: Account, place: int) -> Body:
    person = account.book.person(place)
    full: Body = {
        "id": _card_id(account, place),
        "uid": f"urn:uuid:00000000-0000-4000-8000-{account.number * _BLOCK + place:012d}",
        "@type": "Card",
        "version": "1.0",
        "kind": "individual",
        "updated": person.updated,
        "name": _name(person),
        "organizations": {"o1": {"name": person.organization}} if person.organization else None,
        "titles": {"t1": {"name": person.title}} if person.title else None,
        "phones": {"p1": {"number": person.phone}} if person.phone else None,
        "emails": {f"e{place}": _email(one) for place, one in enumerate(person.addresses)},
        "notes": {"n1": {"note": "Nobody asks for this."}},
    }
    return {key: value for key, value in full.items() if value}


def _name(person: Person) -> Body:
    parts = [("given", person.given), ("surname", person.family)]
    components = [{"kind": kind, "value": value} for kind, value in parts if value]
    return {"full": person.name, "components": components} if person.name else {}


def _email(address: Any) -> Body:
    context = _CONTEXTS.get(address.label)
    return {"address": address.value} | ({"contexts": {context: True}} if context else {})

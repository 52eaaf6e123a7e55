"""An API of HubSpot's shape: the contacts of an account, page by page, and their search.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/basic/get-crm-v3-objects-contacts
https://developers.hubspot.com/docs/api-reference/2026-03/crm/search-the-crm
"""

import json
from collections.abc import Collection
from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse

from sandbox import look_up
from sandbox.accounts import Account
from sandbox.people import Person
from sandbox.provider_api import ApiError, Body, Dialect, endpoint, number_in
from sandbox.tokens import Bearer

_DEFAULT_PAGE, _LARGEST_PAGE = 10, 100
_CATEGORIES = {
    400: "VALIDATION_ERROR",
    401: "INVALID_AUTHENTICATION",
    403: "MISSING_SCOPES",
    429: "RATE_LIMITS",
    500: "INTERNAL_ERROR",
}


def _error(status: int, message: str) -> JsonResponse:
    body = {"status": "error", "message": message, "category": _CATEGORIES[status]}
    return JsonResponse(
        body | {"correlationId": "00000000-0000-4000-8000-000000000000"}, status=status
    )


def _page(request: HttpRequest) -> int | None:
    limit, after = (request.GET.get(name, "") for name in ("limit", "after"))
    return int(after) // int(limit) + 1 if limit.isdigit() and after.isdigit() and int(limit) else 1


def _paging(request: HttpRequest, after: str) -> Body:
    query = urlencode(request.GET.dict() | {"after": after})
    link = f"{request.build_absolute_uri(request.path)}?{query}"
    return {"paging": {"next": {"after": after, "link": link}}}


def _again(request: HttpRequest, body: Body) -> Body:
    return body | _paging(request, request.GET.get("after", "0"))


def _rename(body: Body, name: str) -> None:
    body["results"][0]["properties"]["firstname"] = name


_DIALECT = Dialect(error=_error, page=_page, again=_again, rename=_rename)


@endpoint("hubspot", "crm.objects.contacts.read", _DIALECT)
def contacts(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """GET /hubspot/crm/v3/objects/contacts: limit 1-100 (10), after, properties."""
    limit = number_in(request, "limit", _DEFAULT_PAGE, _LARGEST_PAGE) or _DEFAULT_PAGE
    start = number_in(request, "after", 0, 1_000_000)
    properties = request.GET.get("properties", "").split(",")
    stop = min(start + limit, account.book.size)
    results = [_contact(account, place, properties) for place in range(start, stop)]
    more = _paging(request, str(stop)) if stop < account.book.size else {}
    return {"results": results} | more


@endpoint("hubspot.search", "crm.objects.contacts.read", _DIALECT, "POST")
def search(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """POST /hubspot/crm/v3/objects/contacts/search: {"query", "limit", "properties"}."""
    try:
        asked = json.loads(request.body)
        query, limit, properties = str(asked["query"]), int(asked["limit"]), asked["properties"]
    except (ValueError, KeyError, TypeError) as broken:
        raise ApiError(400, "Invalid input JSON.") from broken
    # Without a warm-up: HubSpot has its index ready.
    look_up.warm_up(account, bearer.fingerprint)
    found = look_up.search(account, bearer.fingerprint, query, min(limit, _LARGEST_PAGE))
    results = [_contact(account, place, properties) for place in found]
    return {"total": len(results), "results": results}


def _contact(account: Account, place: int, properties: Collection[str]) -> Body:
    person = account.book.person(place)
    values = property_values(person)
    return {
        "id": str(account.number * 1_000_000 + place),
        "properties": {name: values[name] or None for name in properties if name in values}
        | {"hs_object_id": str(account.number * 1_000_000 + place)},
        "createdAt": person.updated,
        "updatedAt": person.updated,
        "archived": False,
    }


def property_values(person: Person) -> dict[str, str]:
    """The person's properties; one address is the main one, the others stand in one text."""
    addresses = sorted(person.addresses, key=lambda address: address.label != "work")
    first, *more = [address.value for address in addresses] or [""]
    # Only names in two parts: who has none is known by the one that is shown.
    named = person.given or person.family
    return {
        "firstname": person.given if named else person.display,
        "lastname": person.family,
        "email": first,
        "hs_additional_emails": ";".join(more),
        "company": person.organization,
        "jobtitle": person.title,
        "mobilephone": person.phone,
        "phone": "",
        "date_of_birth": "/".join(map(str, person.birthday or ())),
    }

"""An API of Microsoft Graph's shape: the signed-in person's Outlook contacts.

https://learn.microsoft.com/en-us/graph/api/user-list-contacts
https://learn.microsoft.com/en-us/graph/api/resources/contact
https://learn.microsoft.com/en-us/graph/errors
"""

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse

from sandbox.accounts import Account
from sandbox.people import Person
from sandbox.provider_api import ApiError, Body, Dialect, endpoint, number_in
from sandbox.tokens import Bearer

_DEFAULT_PAGE, _LARGEST_PAGE = 10, 1000
_CODES = {
    400: "ErrorInvalidUrlQuery",
    401: "InvalidAuthenticationToken",
    403: "ErrorAccessDenied",
    429: "ApplicationThrottled",
    500: "InternalServerError",
}
_STARTS = re.compile(r"startswith\((displayName|givenName|surname),'((?:[^']|'')*)'\)")
_EQUALS = re.compile(r"emailAddresses/any\(a:a/address eq '((?:[^']|'')*)'\)")


def _error(status: int, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": _CODES[status], "message": message}}, status=status)


def _page(request: HttpRequest) -> int | None:
    top, skip = (request.GET.get(name, "") for name in ("$top", "$skip"))
    return int(skip) // int(top) + 1 if top.isdigit() and skip.isdigit() and int(top) else 1


def _again(request: HttpRequest, body: Body) -> Body:
    return body | {"@odata.nextLink": request.build_absolute_uri()}


def _rename(body: Body, name: str) -> None:
    body["value"][0]["displayName"] = name


_DIALECT = Dialect(error=_error, page=_page, again=_again, rename=_rename)


@endpoint("graph", "Contacts.Read", _DIALECT)
def contacts(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """GET /graph/v1.0/me/contacts: $top 1-1000 (10), $skip, $select, and a little of $filter."""
    fields = [field for field in request.GET.get("$select", "").split(",") if field]
    top = number_in(request, "$top", _DEFAULT_PAGE, _LARGEST_PAGE) or _DEFAULT_PAGE
    skip = number_in(request, "$skip", 0, 1_000_000)
    book = account.book
    wanted = _filter(request.GET.get("$filter", ""))
    found: Sequence[int] = range(book.size)
    if wanted is not None:
        found = [place for place in found if wanted(contact_json(book.person(place), ""))]
    places, more = found[skip : skip + top], skip + top < len(found)
    people = []
    for place in places:
        item = contact_json(book.person(place), f"AAMk{account.number}-{place:06d}=")
        people.append({key: item[key] for key in item if not fields or key in ("id", *fields)})
    link: Body = {}
    if more:
        query = urlencode(request.GET.dict() | {"$top": str(top), "$skip": str(skip + top)})
        link = {"@odata.nextLink": f"{request.build_absolute_uri(request.path)}?{query}"}
    context = request.build_absolute_uri("/graph/v1.0/$metadata#users('me')/contacts")
    return {"@odata.context": context, "value": people} | link


def contact_json(person: Person, key: str) -> Body:
    """The person as a contact. Graph writes null and empty lists where there is nothing."""
    # In Outlook the first address is the main one, and most people make that the work one.
    addresses = sorted(person.addresses, key=lambda address: address.label != "work")
    return {
        "id": key,
        "lastModifiedDateTime": person.updated,
        "displayName": person.name,
        "givenName": person.given or None,
        "surname": person.family or None,
        "companyName": person.organization or None,
        "jobTitle": person.title or None,
        "mobilePhone": person.phone or None,
        "businessPhones": [],
        "birthday": "1980-{:02d}-{:02d}T11:59:00Z".format(*person.birthday)
        if person.birthday
        else None,
        "emailAddresses": [
            {"name": person.name or address.value, "address": address.value}
            for address in addresses
        ],
    }


def _filter(written: str) -> Callable[[dict[str, Any]], bool] | None:
    """What $filter asks for; None when it is not there. Raises ApiError for what we don't play."""
    if not written:
        return None
    if equals := _EQUALS.fullmatch(written):
        address = equals[1].replace("''", "'").casefold()
        return lambda item: any(
            entry["address"].casefold() == address for entry in item["emailAddresses"]
        )
    parts = [_STARTS.fullmatch(part) for part in written.split(" or ")]
    tests = [(part[1], part[2].replace("''", "'").casefold()) for part in parts if part]
    if len(tests) < len(parts):
        raise ApiError(400, "Invalid filter clause.")
    return lambda item: any(
        (item[field] or "").casefold().startswith(start) for field, start in tests
    )

"""An API of the People API's shape: contacts page by page, look-up, and "other contacts".

https://developers.google.com/people/api/rest/v1/people.connections/list
https://developers.google.com/people/api/rest/v1/people/searchContacts
https://developers.google.com/people/api/rest/v1/otherContacts/list
"""

from collections.abc import Collection

from django.core import signing
from django.http import HttpRequest

from sandbox import look_up
from sandbox.accounts import Account
from sandbox.faults import error_json
from sandbox.people_json import FIELDS, OTHER_FIELDS, person_json
from sandbox.provider_api import ApiError, Body, Dialect, endpoint
from sandbox.tokens import Bearer, find_bearer, shown_token

_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000
_DEFAULT_FOUND, _MOST_FOUND = 10, 30
# Resource numbers: one block of a million for each account.
_BLOCK = 1_000_000
_page_tokens = signing.Signer(salt="people-page")


def _invalid(message: str) -> ApiError:
    return ApiError(400, message)


def _again(request: HttpRequest, body: Body) -> Body:
    return body | {"nextPageToken": request.GET.get("pageToken") or _first_page_again(request)}


def _rename(body: Body, name: str) -> None:
    for people in body.values():
        if isinstance(people, list) and people:
            person = people[0].get("person", people[0])
            person["names"] = [{"displayName": name, "metadata": {"primary": True}}]
            break


def _first_page_again(request: HttpRequest) -> str:
    fields = request.GET.get("personFields") or request.GET.get("readMask", "")
    email = getattr(find_bearer(shown_token(request)), "email", "")
    return _page_token(request.path, email, fields, _page_size(request), 0)


def _page_token(path: str, email: str, fields: str, size: int, start: int) -> str:
    """Opaque to clients. It holds what must not change between pages, and is signed."""
    return _page_tokens.sign_object([path, email, fields, size, start])


def _page_number(request: HttpRequest) -> int | None:
    """Which page this request asks for, from 1; None when its token is not one of ours."""
    token = request.GET.get("pageToken")
    if not token:
        return 1
    try:
        *_, size, start = _page_tokens.unsign_object(token)
    except signing.BadSignature:
        return None
    return int(start) // int(size) + 1


def _page_size(request: HttpRequest) -> int:
    written = request.GET.get("pageSize", "0")
    if not written.isascii() or not written.isdigit():
        raise _invalid(f"Invalid value at 'page_size': \"{written}\".")
    size = int(written)
    if size > _LARGEST_PAGE:
        raise _invalid(f"Page size must be less than or equal to {_LARGEST_PAGE}.")
    return size or _DEFAULT_PAGE


def _mask(request: HttpRequest, name: str, known: Collection[str]) -> tuple[str, list[str]]:
    """The field mask as written, and its paths."""
    written = request.GET.get(name, "")
    paths = [path for path in written.split(",") if path]
    if not paths:
        raise _invalid(f"{name} mask is required. Please specify one or more valid paths.")
    for path in paths:
        if path not in known:
            raise _invalid(f'Invalid {name} mask path: "{path}".')
    return written, paths


def _page_bounds(request: HttpRequest, account: Account, fields: str) -> tuple[int, int]:
    """(start, size) of the asked page.

    Raises ApiError 400 when a parameter differs from the page before."""
    size = _page_size(request)
    token = request.GET.get("pageToken")
    if not token:
        return 0, size
    try:
        path, email, first_fields, first_size, start = _page_tokens.unsign_object(token)
    except (signing.BadSignature, ValueError) as broken:
        raise _invalid("Invalid pageToken.") from broken
    if [path, email, first_fields, first_size] != [request.path, account.email, fields, size]:
        raise _invalid(
            "Request must contain the same parameters as the request that gave the pageToken."
        )
    return int(start), size


_DIALECT = Dialect(
    error=error_json,
    page=_page_number,
    again=_again,
    rename=_rename,
    sizes=("totalPeople", "totalItems", "totalSize"),
)


@endpoint("connections", "contacts.readonly", _DIALECT)
def connections(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """GET /v1/people/me/connections: personFields, pageSize 1-1000 (100), pageToken."""
    fields, paths = _mask(request, "personFields", FIELDS)
    start, size = _page_bounds(request, account, fields)
    book = account.book
    stop = min(start + size, book.size)
    people = [
        person_json(book.person(index), account.number * _BLOCK + index, paths)
        for index in range(start, stop)
    ]
    if not people:
        # Empty lists and zeros are left out by the real API: an empty book is "{}".
        return {}
    body: Body = {"connections": people}
    if stop < book.size:
        body["nextPageToken"] = _page_token(request.path, account.email, fields, size, stop)
    return body | {"totalPeople": book.size, "totalItems": book.size}


@endpoint("other", "contacts.other.readonly", _DIALECT)
def other_contacts(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """GET /v1/otherContacts: readMask, pageSize 1-1000 (100), pageToken."""
    fields, paths = _mask(request, "readMask", OTHER_FIELDS)
    start, size = _page_bounds(request, account, fields)
    book = account.book
    stop = min(start + size, book.others_size)
    people = [
        person_json(book.other(index), account.number * _BLOCK + index, paths, prefix="o")
        for index in range(start, stop)
    ]
    if not people:
        return {}
    body: Body = {"otherContacts": people, "totalSize": book.others_size}
    if stop < book.others_size:
        body["nextPageToken"] = _page_token(request.path, account.email, fields, size, stop)
    return body


@endpoint("search", "contacts.readonly", _DIALECT)
def search_contacts(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """GET /v1/people:searchContacts: query, readMask, pageSize (10, at most 30).

    Finds nothing until this token has sent an empty query, as the reference warns."""
    _, paths = _mask(request, "readMask", FIELDS)
    size = min(_page_size(request) if request.GET.get("pageSize") else _DEFAULT_FOUND, _MOST_FOUND)
    query = request.GET.get("query", "").strip()
    if not query:
        look_up.warm_up(account, bearer.fingerprint)
        return {}
    found = look_up.search(account, bearer.fingerprint, query, size)
    results = [
        {"person": person_json(account.book.person(i), account.number * _BLOCK + i, paths)}
        for i in found
    ]
    return {"results": results} if results else {}

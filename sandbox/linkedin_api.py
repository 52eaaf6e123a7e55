"""An API of the shape of LinkedIn's member snapshot: rows of Connections.csv as JSON.

https://learn.microsoft.com/en-us/linkedin/dma/member-data-portability/shared/member-snapshot-api
"""

from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse

from sandbox.accounts import Account
from sandbox.people import Person
from sandbox.provider_api import ApiError, Body, Dialect, endpoint, number_in
from sandbox.tokens import Bearer

_VERSION = "202312"
_LARGEST_PAGE = 500
_NOTHING = "No data found for this memberId"


def _error(status: int, message: str) -> JsonResponse:
    return JsonResponse({"status": status, "code": "SANDBOX", "message": message}, status=status)


def _page(request: HttpRequest) -> int | None:
    start = request.GET.get("start", "0")
    return int(start) + 1 if start.isdigit() else None


def _paging(start: int, following: int | None, total: int) -> Body:
    links = []
    if following is not None:
        query = urlencode(
            {"count": 10, "domain": "CONNECTIONS", "q": "criteria", "start": following}
        )
        href = f"/rest/memberSnapshotData?{query}"
        links = [{"type": "application/json", "rel": "next", "href": href}]
    return {"paging": {"start": start, "count": 10, "links": links, "total": total}}


def _again(request: HttpRequest, body: Body) -> Body:
    start = int(request.GET.get("start", "0"))
    return body | _paging(start, start, body["paging"]["total"])


def _rename(body: Body, name: str) -> None:
    body["elements"][0]["snapshotData"][0]["First Name"] = name


_DIALECT = Dialect(error=_error, page=_page, again=_again, rename=_rename)


@endpoint("linkedin", "r_dma_portability_3rd_party", _DIALECT)
def snapshot(request: HttpRequest, account: Account, bearer: Bearer) -> Body:
    """GET /linkedin/rest/memberSnapshotData: q=criteria, domain, start; LinkedIn cuts the pages."""
    if request.headers.get("LinkedIn-Version") != _VERSION:
        raise ApiError(400, "A version must be present in the header LinkedIn-Version.")
    if request.GET.get("q") != "criteria" or request.GET.get("domain") != "CONNECTIONS":
        raise ApiError(400, "The sandbox plays q=criteria and domain=CONNECTIONS.")
    book = account.book
    # A third of the book on each page, so that small ones have pages too.
    size = min(_LARGEST_PAGE, max(1, -(-book.size // 3)))
    pages = -(-book.size // size)
    start = number_in(request, "start", 0, 1_000_000)
    if start >= pages and book.size:
        raise ApiError(404, _NOTHING)
    rows = [
        connection_row(book.person(place), account.number * 1_000_000 + place)
        for place in range(start * size, min((start + 1) * size, book.size))
    ]
    following = start + 1 if start + 1 < pages else None
    elements = [{"snapshotDomain": "CONNECTIONS", "snapshotData": rows}] if rows else []
    return _paging(start, following, pages) | {"elements": elements}


def connection_row(person: Person, number: int) -> dict[str, str]:
    """The person as a connection: one address at most, and no telephone."""
    addresses = sorted(person.addresses, key=lambda address: address.label != "work")
    named = person.given or person.family
    return {
        "First Name": person.given if named else person.display,
        "Last Name": person.family,
        "URL": f"https://www.linkedin.example/in/{number}",
        "Email Address": addresses[0].value if addresses else "",
        "Company": person.organization,
        "Position": person.title,
        "Connected On": "21 Nov 2024",
    }

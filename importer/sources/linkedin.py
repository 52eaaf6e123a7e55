"""LinkedIn connections, by the portability API that the Digital Markets Act brought.

For members in the EEA and Switzerland only, and for sites that LinkedIn has let in. A day's export
reads the same: importer/sources/archive.py.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from importer.sources.contract import (
    AskLater,
    Asks,
    Group,
    Kind,
    NotFound,
    Page,
    SourceAddress,
    SourceError,
    SourcePerson,
)
from importer.sources.shapes import as_list, as_object, as_text
from importer.sources.whole_name import whole_name

PREPARING_SECONDS = 60.0  # LinkedIn takes some minutes after consent
MOST_PEOPLE_ON_A_PAGE = 5000
_PATH = "/memberSnapshotData"
_QUESTION = {"q": "criteria", "domain": "CONNECTIONS"}


def read_page(server: Asks, api_url: str, cursor: str) -> Page:
    """One page of the member's connections; the cursor is the number of the page, from "0".

    Raises SourceError, and AskLater while LinkedIn prepares the data.
    """
    # https://learn.microsoft.com/en-us/linkedin/dma/member-data-portability/shared/member-snapshot-api
    params = _QUESTION | ({"start": cursor} if cursor else {})
    try:
        answer = server.get(f"{api_url}{_PATH}", params)
    except NotFound:
        if cursor:
            return Page((), "")  # LinkedIn's way of saying that the page before was the last one
        # Beside the reference: "it usually takes a few minutes for the data to be present", see
        # https://learn.microsoft.com/en-us/linkedin/dma/member-data-portability/shared/member-authorization-management-api
        raise AskLater("preparing", PREPARING_SECONDS) from None
    return parse(answer)


def parse(answer: object) -> Page:
    """A page of the snapshot. Raises SourceError on any other shape."""
    body = as_object(answer)
    if "elements" not in body:
        raise SourceError("wrong_shape", permanent=False)
    rows = [
        as_object(row)
        for element in map(as_object, as_list(body["elements"]))
        if element.get("snapshotDomain") == _QUESTION["domain"]
        for row in as_list(element.get("snapshotData"))
    ]
    if len(rows) > MOST_PEOPLE_ON_A_PAGE:
        raise SourceError("too_large", permanent=True)
    # `paging.total` counts pages, not people.
    links = as_list(as_object(body.get("paging") or {}).get("links"))
    nexts = [link for link in map(as_object, links) if link.get("rel") == "next"]
    return Page(
        people=tuple(map(_person, rows)),
        next_cursor=_start(as_text(nexts[0].get("href"))) if nexts else "",
    )


def _start(href: str) -> str:
    """The page number in the link to the next page. Only that is taken from it."""
    start = dict(parse_qsl(urlsplit(href).query)).get("start", "")
    if not (start.isascii() and start.isdigit()):
        raise SourceError("wrong_shape", permanent=False)
    return start


def _person(row: dict[str, object]) -> SourcePerson:
    """A row of Connections.csv, by its column's names. Most have no address: members hide it."""
    address = as_text(row.get("Email Address"))
    return SourcePerson(
        key=as_text(row.get("URL")),
        name=whole_name(as_text(row.get("First Name")), as_text(row.get("Last Name"))),
        company=as_text(row.get("Company")),
        title=as_text(row.get("Position")),
        addresses=(SourceAddress(address),) if address else (),
    )


LINKEDIN = Kind(
    provider="LinkedIn",
    # https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
    authorize_url="https://www.linkedin.com/oauth/v2/authorization",
    token_url="https://www.linkedin.com/oauth/v2/accessToken",  # noqa: S106 (an address, not a secret)
    # Not in the reference, but there; where it fails, the report says so, with the link below.
    revoke_url="https://www.linkedin.com/oauth/v2/revoke",
    revokes=("access_token",),
    client_in_body=True,
    # With a code_verifier LinkedIn answers 401 invalid_client to a client that has a secret; only its
    # flow for native apps has PKCE. docs/adr/0008 says why that is bearable.
    pkce=False,
    api_url="https://api.linkedin.com/rest",
    headers={"LinkedIn-Version": "202312"},
    issuer="",
    scope="r_dma_portability_3rd_party",
    could=(
        "For up to an hour our access could read all that LinkedIn keeps about you and gives out under "
        "the Digital Markets Act: also your profile, messages, posts and searches. It can’t change "
        "anything. We ask only for your connections: names, work, and the few addresses that people "
        "let you see. Only members in the EEA and Switzerland can give it."
    ),
    apps_url="https://www.linkedin.com/mypreferences/d/data-sharing-for-permitted-services",
    read_page=read_page,
    group=Group.LINKEDIN,
)

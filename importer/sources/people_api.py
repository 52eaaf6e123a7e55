"""Google contacts, by the People API. Any server that speaks it can take Google's place."""

from __future__ import annotations

from importer.sources.contract import (
    MOST_FOUND,
    Asks,
    Group,
    Kind,
    Page,
    SourceAddress,
    SourceError,
    SourcePerson,
)
from importer.sources.shapes import as_list, as_object, as_text, year_of

# A person and an address are two rows, and a page is one transaction of about 500 rows.
PAGE_SIZE = 250
MOST_PEOPLE_ON_A_PAGE = 1000  # the API's own maximum
# Nothing else is asked for, so nothing else is sent: no photo, birthday, note or street. `metadata`
# is there for the date of the last change, which tells a stale entry.
FIELDS = "names,emailAddresses,organizations,phoneNumbers,metadata"


def read_page(server: Asks, api_url: str, cursor: str) -> Page:
    """One page of the member's contacts. Raises SourceError."""
    # https://developers.google.com/people/api/rest/v1/people.connections/list
    # All parameters but pageToken must stay the same from page to page.
    params = {"personFields": FIELDS, "pageSize": str(PAGE_SIZE)}
    if cursor:
        params["pageToken"] = cursor
    return parse(server.get(f"{api_url}/people/me/connections", params))


def parse(answer: object) -> Page:
    """The answer of `people.connections.list` as a page. Raises SourceError on any other shape."""
    return parse_people(answer, "connections", "totalItems", "totalPeople")


def parse_people(answer: object, field: str, *totals: str) -> Page:
    """A list of people as a page; `totals` are the fields that may say how many there are.

    An empty book is `{}`: the API leaves out what is empty. Raises SourceError on any other shape.
    """
    body = as_object(answer)
    people = as_list(body.get(field))
    if len(people) > MOST_PEOPLE_ON_A_PAGE:
        raise SourceError("too_large", permanent=True)
    total = next((body[name] for name in totals if name in body), None)
    if not isinstance(total, int) or total < 0:
        total = None  # an estimate for the progress line; not worth a refusal
    return Page(
        people=tuple(_person(item) for item in people),
        next_cursor=as_text(body.get("nextPageToken")),
        total=total,
    )


def search(server: Asks, api_url: str, words: str) -> tuple[SourcePerson, ...]:
    """People who have a word that begins like this. Raises SourceError."""
    # https://developers.google.com/people/api/rest/v1/people/searchContacts
    # The reference asks for one request with an empty query first, which fills Google's cache: that
    # is this call without words. A page of more than 30 would be cut to 30.
    params = {"query": words, "readMask": FIELDS, "pageSize": str(MOST_FOUND)}
    body = as_object(server.get(f"{api_url}/people:searchContacts", params))
    found = as_list(body.get("results")) if words else []
    return tuple(_person(as_object(result).get("person")) for result in found[:MOST_FOUND])


def _person(item: object) -> SourcePerson:
    # https://developers.google.com/people/api/rest/v1/people#Person
    person = as_object(item)
    name = _first(person.get("names"))
    job = _first(person.get("organizations"))
    phone = _first(person.get("phoneNumbers"))
    return SourcePerson(
        key=as_text(person.get("resourceName")),
        name=as_text(name.get("displayName")) or as_text(name.get("unstructuredName")),
        company=as_text(job.get("name")),
        title=as_text(job.get("title")),
        # canonicalForm is E.164 where Google could tell it; the plain value may be anything.
        phone=as_text(phone.get("canonicalForm")),
        updated=_year(person.get("metadata")),
        addresses=tuple(
            SourceAddress(value=as_text(entry.get("value")), label=as_text(entry.get("type")))
            for entry in map(as_object, as_list(person.get("emailAddresses")))
        ),
    )


def _year(metadata: object) -> int:
    # https://developers.google.com/people/api/rest/v1/people#source: updateTime is RFC 3339.
    if metadata is None:
        return 0
    sources = as_list(as_object(metadata).get("sources"))
    return max((year_of(as_object(source).get("updateTime")) for source in sources), default=0)


def _first(items: object) -> dict[str, object]:
    """The item that is marked as primary, else the first, else an empty one."""
    found = [as_object(item) for item in as_list(items)]
    for item in found:
        marks = item.get("metadata")
        if isinstance(marks, dict) and marks.get("primary") is True:
            return item
    return found[0] if found else {}


GOOGLE = Kind(
    provider="Google",
    # https://accounts.google.com/.well-known/openid-configuration
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106 (an address, not a secret)
    # https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
    revoke_url="https://oauth2.googleapis.com/revoke",
    api_url="https://people.googleapis.com/v1",
    issuer="https://accounts.google.com",
    # https://developers.google.com/identity/protocols/oauth2/scopes#people
    scope="https://www.googleapis.com/auth/contacts.readonly",
    could=(
        "For up to an hour our access could read everything in your contacts: also phone numbers, "
        "birthdays, street addresses and notes. It can’t change anything, and it can’t read your "
        "mail. We ask only for names, work, e-mail addresses and phone numbers, and of a phone "
        "number we keep only the country."
    ),
    apps_url="https://myaccount.google.com/connections",
    read_page=read_page,
    search=search,
    group=Group.GOOGLE,
)

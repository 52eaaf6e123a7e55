"""Outlook contacts of Microsoft 365 and outlook.com, by Microsoft Graph."""

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
from importer.sources.whole_name import whole_name

PAGE_SIZE = 250  # a page is one transaction of about 500 rows
MOST_PEOPLE_ON_A_PAGE = 1000
# https://learn.microsoft.com/en-us/graph/api/resources/contact: nothing else is asked for.
FIELDS = (
    "displayName,givenName,surname,emailAddresses,companyName,jobTitle,mobilePhone,businessPhones,"
    "lastModifiedDateTime"
)


def read_page(server: Asks, api_url: str, cursor: str) -> Page:
    """One page of the member's contacts. The cursor is the next page's address, as Graph wrote it.

    Raises SourceError.
    """
    # https://learn.microsoft.com/en-us/graph/api/user-list-contacts
    # https://learn.microsoft.com/en-us/graph/paging: the address is used whole, nothing is taken out
    # of it or added. The connection refuses one at another origin.
    if cursor:
        return parse(server.get(cursor))
    params = {"$select": FIELDS, "$top": str(PAGE_SIZE)}
    return parse(server.get(f"{api_url}/me/contacts", params))


def search(server: Asks, api_url: str, words: str) -> tuple[SourcePerson, ...]:
    """People whose name, first name or surname begins like this, or who have just this address.

    Raises SourceError.
    """
    if not words:
        return ()
    # https://learn.microsoft.com/en-us/graph/filter-query-parameter; of addresses it knows only `eq`.
    # A quote in a text is written twice.
    text = words.replace("'", "''")
    if "@" in words:
        wanted = f"emailAddresses/any(a:a/address eq '{text}')"
    else:
        fields = ("displayName", "givenName", "surname")
        wanted = " or ".join(f"startswith({field},'{text}')" for field in fields)
    params = {"$filter": wanted, "$select": FIELDS, "$top": str(MOST_FOUND)}
    return parse(server.get(f"{api_url}/me/contacts", params)).people[:MOST_FOUND]


def parse(answer: object) -> Page:
    """A collection of contacts as a page. Raises SourceError on any other shape."""
    body = as_object(answer)
    if "value" not in body:
        raise SourceError("wrong_shape", permanent=False)
    people = as_list(body["value"])
    if len(people) > MOST_PEOPLE_ON_A_PAGE:
        raise SourceError("too_large", permanent=True)
    return Page(
        people=tuple(_person(as_object(item)) for item in people),
        next_cursor=as_text(body.get("@odata.nextLink")),
    )


def _person(person: dict[str, object]) -> SourcePerson:
    name = as_text(person.get("displayName")) or whole_name(
        as_text(person.get("givenName")), as_text(person.get("surname"))
    )
    phones = [person.get("mobilePhone"), *as_list(person.get("businessPhones"))]
    return SourcePerson(
        key=as_text(person.get("id")),
        name=name,
        company=as_text(person.get("companyName")),
        title=as_text(person.get("jobTitle")),
        phone=next(filter(None, map(as_text, phones)), ""),
        updated=year_of(person.get("lastModifiedDateTime")),
        # Graph says of an address whose it is, but not whether it is one for work.
        addresses=tuple(
            SourceAddress(as_text(as_object(entry).get("address")))
            for entry in as_list(person.get("emailAddresses"))
        ),
    )


MICROSOFT = Kind(
    provider="Microsoft",
    # https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
    authorize_url="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    token_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106 (an address)
    # There is none: Microsoft ends all of a person's sign-ins or none. The access ends by itself.
    revoke_url="",
    api_url="https://graph.microsoft.com/v1.0",
    # Each organisation is an issuer of its own, and the answer does not name it.
    issuer="",
    # https://learn.microsoft.com/en-us/graph/permissions-reference#contactsread
    scope="https://graph.microsoft.com/Contacts.Read",
    could=(
        "For up to an hour and a half, which Microsoft decides, our access could read everything in your "
        "contacts: also phone numbers, birthdays, street addresses and notes. It can’t change anything, "
        "and it can’t read your mail. We ask only for names, work, e-mail addresses and phone numbers, "
        "and of a phone number we keep only the country."
    ),
    # Work accounts; https://account.live.com/consent/Manage leads there for private ones.
    apps_url="https://myapps.microsoft.com/",
    read_page=read_page,
    search=search,
    group=Group.OUTLOOK,
)

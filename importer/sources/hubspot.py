"""Contacts of HubSpot's CRM."""

from __future__ import annotations

from importer.sources.contract import (
    MOST_FOUND,
    Asks,
    Kind,
    Page,
    SourceAddress,
    SourceError,
    SourcePerson,
)
from importer.sources.shapes import as_list, as_object, as_text, year_of
from importer.sources.whole_name import whole_name

PAGE_SIZE = 100  # the API's maximum
# Nothing else is asked for. Further addresses stand in one text, parted by semicolons.
PROPERTIES = (
    "firstname", "lastname", "email", "hs_additional_emails", "company", "jobtitle", "phone",
    "mobilephone",
)  # fmt: skip


def read_page(server: Asks, api_url: str, cursor: str) -> Page:
    """One page of the account's contacts. Raises SourceError."""
    # https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/basic/get-crm-v3-objects-contacts
    params = {"limit": str(PAGE_SIZE), "properties": ",".join(PROPERTIES), "archived": "false"}
    if cursor:
        params["after"] = cursor
    return parse(server.get(f"{api_url}/crm/v3/objects/contacts", params))


def search(server: Asks, api_url: str, words: str) -> tuple[SourcePerson, ...]:
    """People in whose name, company, address or phone number these words stand. Raises SourceError."""
    if not words:
        return ()
    # https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/search/post-crm-v3-objects-contacts-search
    # A POST that changes nothing; `query` looks through the text properties that HubSpot chose.
    question = {"query": words, "limit": MOST_FOUND, "properties": list(PROPERTIES)}
    answer = server.post(f"{api_url}/crm/v3/objects/contacts/search", question)
    return parse(answer).people[:MOST_FOUND]


def parse(answer: object) -> Page:
    """A page of contacts, or the results of a search. Raises SourceError on any other shape."""
    body = as_object(answer)
    if "results" not in body:
        raise SourceError("wrong_shape", permanent=False)
    people = as_list(body["results"])
    if len(people) > PAGE_SIZE:
        raise SourceError("too_large", permanent=True)
    paging = as_object(body.get("paging") or {})
    return Page(
        people=tuple(_person(as_object(item)) for item in people),
        next_cursor=as_text(as_object(paging.get("next") or {}).get("after")),
    )


def _person(item: dict[str, object]) -> SourcePerson:
    values = {name: as_text(value) for name, value in as_object(item.get("properties")).items()}
    more = values.get("hs_additional_emails", "").split(";")
    return SourcePerson(
        key=as_text(item.get("id")),
        name=whole_name(values.get("firstname", ""), values.get("lastname", "")),
        company=values.get("company", ""),
        title=values.get("jobtitle", ""),
        phone=values.get("mobilephone", "") or values.get("phone", ""),
        updated=year_of(item.get("updatedAt")),
        addresses=tuple(
            SourceAddress(value.strip())
            for value in (values.get("email", ""), *more)
            if value.strip()
        ),
    )


HUBSPOT = Kind(
    provider="HubSpot",
    # https://developers.hubspot.com/docs/api-reference/2026-03/authentication/manage-oauth-tokens
    authorize_url="https://app.hubspot.com/oauth/authorize",
    token_url="https://api.hubapi.com/oauth/2026-03/token",  # noqa: S106 (an address, not a secret)
    # https://developers.hubspot.com/docs/api-reference/latest/authentication/oauth-tokens/revoke-token
    # It ends the refresh token. An access token that was handed out lives its half hour to the end.
    revoke_url="https://api.hubapi.com/oauth/2026-03/token/revoke",
    revokes=("refresh_token",),
    minutes_left=30,
    client_in_body=True,
    api_url="https://api.hubapi.com",
    issuer="",
    # https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes
    scope="oauth crm.objects.contacts.read",
    could=(
        "For up to an hour our access could read every contact in your HubSpot account, yours and your "
        "colleagues’, with everything that was noted about them. It can’t change anything. We ask only "
        "for names, work, e-mail addresses and phone numbers, and of a phone number we keep only the "
        "country."
    ),
    apps_url="https://app.hubspot.com/l/connected-apps/",
    read_page=read_page,
    search=search,
    caution=(
        "A CRM holds people whom you may never have met: bought lists, forms, colleagues’ contacts. "
        "Invite those who know you."
    ),
)

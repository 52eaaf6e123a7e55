"""Google's "other contacts": people whom Google saved by itself because a mail went to or fro.

The riskiest to invite: a landlord, a lawyer of the other side, somebody who answered an advertisement
once. So it is an address book of its own, with a scope of its own that nobody is asked for who does not
press its button, and whoever comes from it carries a mark that the member sees before choosing.
"""

from __future__ import annotations

from dataclasses import replace

from importer.sources.contract import Asks, Page
from importer.sources.people_api import GOOGLE, PAGE_SIZE, parse_people

# All there is of them, but for photos.
FIELDS = "names,emailAddresses,phoneNumbers,metadata"


def read_page(server: Asks, api_url: str, cursor: str) -> Page:
    """One page of the people whom Google saved by itself. Raises SourceError."""
    # https://developers.google.com/people/api/rest/v1/otherContacts/list
    # All parameters but pageToken must stay the same from page to page.
    params = {"readMask": FIELDS, "pageSize": str(PAGE_SIZE)}
    if cursor:
        params["pageToken"] = cursor
    return parse(server.get(f"{api_url}/otherContacts", params))


def parse(answer: object) -> Page:
    """The answer of `otherContacts.list` as a page. Raises SourceError on any other shape."""
    return parse_people(answer, "otherContacts", "totalSize")


GOOGLE_OTHER = replace(
    GOOGLE,
    noun="other contacts",
    # https://developers.google.com/identity/protocols/oauth2/scopes#people
    scope="https://www.googleapis.com/auth/contacts.other.readonly",
    could=(
        "For up to an hour our access could read the names, addresses and phone numbers that Google saved "
        "by itself from your mail. It can’t change anything, and it can’t read your mail. Of a phone "
        "number we keep only the country."
    ),
    caution=(
        "Google saved these people by itself because a mail went to or fro: also landlords, sellers and "
        "strangers. Most would not expect an invitation from you."
    ),
    saved_by_itself=True,
    read_page=read_page,
    search=None,
)

"""A person as the People API writes one.

Shape: https://developers.google.com/people/api/rest/v1/people#Person
"""

import base64
import hashlib
from collections.abc import Callable, Collection
from typing import Any

from sandbox.people import Person

# The paths that a field mask may name; those we don't play are accepted and stay empty.
FIELDS = frozenset(
    {
        "addresses",
        "ageRanges",
        "biographies",
        "birthdays",
        "calendarUrls",
        "clientData",
        "coverPhotos",
        "emailAddresses",
        "events",
        "externalIds",
        "genders",
        "imClients",
        "interests",
        "locales",
        "locations",
        "memberships",
        "metadata",
        "miscKeywords",
        "names",
        "nicknames",
        "occupations",
        "organizations",
        "phoneNumbers",
        "photos",
        "relations",
        "sipAddresses",
        "skills",
        "urls",
        "userDefined",
    }
)
OTHER_FIELDS = frozenset({"emailAddresses", "metadata", "names", "phoneNumbers", "photos"})

Item = dict[str, Any]


def person_json(person: Person, number: int, fields: Collection[str], prefix: str = "c") -> Item:
    """The person with the asked fields only; what is empty is left out, as the API does.

    `number` makes the resource name: "people/c…" for contacts, "otherContacts/c…" for others."""
    kind = "people" if prefix == "c" else "otherContacts"
    resource = f"{kind}/c{number}"
    etag = base64.b64encode(hashlib.sha256(f"{resource}{person}".encode()).digest()[:9]).decode()
    source = {"type": "CONTACT" if prefix == "c" else "OTHER_CONTACT", "id": f"{number:x}"}
    result: Item = {"resourceName": resource, "etag": f"%{etag}"}
    for field, build in _BUILDERS.items():
        if field in fields and (items := build(person)):
            result[field] = [_with_metadata(item, i, source) for i, item in enumerate(items)]
    if "metadata" in fields:
        result["metadata"] = {
            "sources": [source | {"etag": f"#{etag}", "updateTime": person.updated}],
            "objectType": "PERSON",
        }
    return result


def _with_metadata(item: Item, position: int, source: Item) -> Item:
    first = {"primary": True} if position == 0 else {}
    # Each source has a primary of its own; we play a single source.
    marks = first | ({"sourcePrimary": True} if position == 0 else {})
    return {"metadata": marks | {"source": source}} | item


def _names(person: Person) -> list[Item]:
    if not person.name:
        return []
    parts = {"familyName": person.family, "givenName": person.given}
    last_first = ", ".join(part for part in (person.family, person.given) if part)
    return [
        {"displayName": person.name, "displayNameLastFirst": last_first or person.name}
        | {key: value for key, value in parts.items() if value}
        | {"unstructuredName": person.name}
    ]


def _email_addresses(person: Person) -> list[Item]:
    return [
        {"value": address.value}
        | ({"type": address.label, "formattedType": address.label.title()} if address.label else {})
        for address in person.addresses
    ]


def _organizations(person: Person) -> list[Item]:
    if not person.organization:
        return []
    title = {"title": person.title} if person.title else {}
    return [{"type": "work", "formattedType": "Work", "name": person.organization} | title]


def _phone_numbers(person: Person) -> list[Item]:
    if not person.phone:
        return []
    written = {"value": person.phone, "canonicalForm": person.phone}
    return [written | {"type": "mobile", "formattedType": "Mobile"}]


def _birthdays(person: Person) -> list[Item]:
    # Here so that a test can see that nobody asks for it.
    if person.birthday is None:
        return []
    month, day = person.birthday
    return [{"date": {"month": month, "day": day}}]


_BUILDERS: dict[str, Callable[[Person], list[Item]]] = {
    "names": _names,
    "emailAddresses": _email_addresses,
    "organizations": _organizations,
    "phoneNumbers": _phone_numbers,
    "birthdays": _birthdays,
}

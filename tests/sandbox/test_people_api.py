"""The address books as a careful client reads them: page by page, with the right scope."""

import unicodedata
from collections import Counter
from typing import Any

import pytest

from tests.sandbox.browser import Person, SiteClient, contacts_client, read
from tests.sandbox_process import SandboxProcess

Entry = dict[str, Any]
FIELDS = "names,emailAddresses,organizations,phoneNumbers"


@pytest.fixture
def token_of(sandbox: SandboxProcess, contacts_site: SiteClient) -> Any:
    """Makes an access token of an account, with the scopes given."""

    def connect(email: str, *scopes: str) -> str:
        contacts_site.session.scope = list(scopes or ("contacts.readonly",))
        return contacts_site.connects(Person(sandbox.url, email))["access_token"]

    return connect


@pytest.fixture(scope="module")
def carlas_book(running_sandbox: SandboxProcess) -> tuple[list[Entry], list[Entry]]:
    """Her 30,000 people, read once, and what the sandbox saw of the reading."""
    running_sandbox.control.reset()
    token = contacts_client(running_sandbox).connects(
        Person(running_sandbox.url, "carla@network.example")
    )["access_token"]
    return _whole_book(running_sandbox, token), running_sandbox.control.requests("connections")


def _whole_book(sandbox: SandboxProcess, token: str, size: int = 1000) -> list[Entry]:
    people: list[Entry] = []
    page: dict[str, Any] = {"nextPageToken": ""}
    while "nextPageToken" in page:
        more = {"pageToken": page["nextPageToken"]} if page["nextPageToken"] else {}
        answer = read(
            sandbox.url,
            token,
            "people/me/connections",
            personFields=FIELDS,
            pageSize=size,
            **more,
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        people += page.get("connections", [])
    return people


def _addresses(person: Entry) -> list[str]:
    return [item["value"] for item in person.get("emailAddresses", [])]


def test_ana_knows_a_dozen_people_and_bea_is_one_of_them(
    sandbox: SandboxProcess, token_of: Any
) -> None:
    people = _whole_book(sandbox, token_of("ana@diaz.example"))

    assert len(people) == 12
    bea = people[0]
    assert bea["names"][0]["displayName"] == "Bea Sousa"
    assert bea["names"][0]["metadata"]["primary"] is True
    assert bea["organizations"][0]["title"] == "Head of Legal"
    assert bea["organizations"][0]["name"] == "Norte"
    assert bea["emailAddresses"][0]["value"] == "bea@norte.example"
    assert bea["emailAddresses"][0]["type"] == "work"
    assert bea["phoneNumbers"][0]["canonicalForm"].startswith("+351")
    assert bea["resourceName"].startswith("people/c")
    addresses = [address for person in people for address in _addresses(person)]
    assert "info@norte.example" in addresses
    assert "Bea@Norte.example" in addresses
    assert sum(not _addresses(person) for person in people) == 1
    assert sum(len(_addresses(person)) == 2 for person in people) == 1


def test_84_of_brunos_1200_people_have_an_address(sandbox: SandboxProcess, token_of: Any) -> None:
    people = _whole_book(sandbox, token_of("bruno@office.example"), size=500)

    addresses = [address for person in people for address in _addresses(person)]
    assert len(people) == 1200
    assert len(addresses) == len(set(addresses)) == 84


def test_carlas_30000_people_come_exactly_once_each(
    carlas_book: tuple[list[Entry], list[Entry]],
) -> None:
    people, seen = carlas_book

    assert len(people) == 30_000
    assert len({person["resourceName"] for person in people}) == 30_000
    assert [request["page"] for request in seen] == list(range(1, 31))
    assert len({request["token"] for request in seen}) == 1


def test_carlas_book_has_every_kind_of_trouble(
    carlas_book: tuple[list[Entry], list[Entry]],
) -> None:
    people, _ = carlas_book
    names = [person["names"][0]["displayName"] if "names" in person else "" for person in people]
    addresses = [address for person in people for address in _addresses(person)]
    letters = {letter for name in names for letter in name if letter.isalpha()}
    scripts = {unicodedata.name(letter).split()[0] for letter in letters}

    assert scripts >= {
        *("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "THAI"),
        *("CJK", "HIRAGANA", "HANGUL"),
    }
    assert 0.85 < sum(bool(_addresses(person)) for person in people) / 30_000 < 0.97
    assert sum(name == "" for name in names) > 100
    assert any(len(name) > 200 for name in names)
    assert any("<script>" in name for name in names)
    assert any('"' in name for name in names)
    assert any(address.startswith("noreply@") for address in addresses)
    assert any(address.startswith("all-staff@") for address in addresses)
    assert any("@" not in address for address in addresses)
    assert any(not address.isascii() for address in addresses)
    twice = Counter(address.lower() for address in addresses)
    assert sum(count > 1 for count in twice.values()) > 200
    undotted = Counter(address.lower().replace(".", "") for address in addresses)
    assert len(undotted) < len(twice)


def test_every_domain_is_reserved_for_examples(
    carlas_book: tuple[list[Entry], list[Entry]],
) -> None:
    people, _ = carlas_book

    domains = {
        address.lower().rpartition("@")[2]
        for person in people
        for address in _addresses(person)
        if "@" in address
    }
    ends = (".example", "example.org", "example.com", "example.net")
    # Broken addresses end in brackets or in nothing; what is left of them is reserved too.
    assert {d for d in domains if not d.rstrip(">").endswith(ends)} <= {""}


def test_the_same_person_looks_the_same_every_time(sandbox: SandboxProcess, token_of: Any) -> None:
    token = token_of("bruno@office.example")

    assert _whole_book(sandbox, token) == _whole_book(sandbox, token, size=173)


def test_an_empty_book_is_an_empty_object(sandbox: SandboxProcess, token_of: Any) -> None:
    token = token_of("empty@example.example")

    answer = read(sandbox.url, token, "people/me/connections", personFields="names")

    assert answer.json() == {}


def test_a_page_says_how_many_there_are_and_gives_what_was_asked(
    sandbox: SandboxProcess, token_of: Any
) -> None:
    token = token_of("carla@network.example")

    page = read(sandbox.url, token, "people/me/connections", personFields="names,metadata").json()

    assert len(page["connections"]) == 100
    assert page["totalItems"] == page["totalPeople"] == 30_000
    assert set(page["connections"][1]) == {"resourceName", "etag", "names", "metadata"}
    assert page["connections"][1]["metadata"]["sources"][0]["updateTime"].endswith("Z")


def test_a_dead_or_missing_token_is_told_401(sandbox: SandboxProcess) -> None:
    for token in (None, "invented"):
        answer = read(sandbox.url, token, "people/me/connections", personFields="names")

        assert answer.status_code == 401
        assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
        assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_a_token_in_the_address_does_not_count(sandbox: SandboxProcess, token_of: Any) -> None:
    token = token_of("ana@diaz.example")

    answer = read(
        sandbox.url, None, "people/me/connections", personFields="names", access_token=token
    )

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("path", "scope", "fields"),
    [
        ("people/me/connections", "contacts.other.readonly", {"personFields": "names"}),
        ("people:searchContacts", "contacts.other.readonly", {"readMask": "names"}),
        ("otherContacts", "contacts.readonly", {"readMask": "names"}),
    ],
)
def test_the_wrong_scope_is_told_403(
    sandbox: SandboxProcess, token_of: Any, path: str, scope: str, fields: dict[str, str]
) -> None:
    answer = read(sandbox.url, token_of("ana@diaz.example", scope), path, **fields)

    assert answer.status_code == 403
    assert answer.json()["error"]["status"] == "PERMISSION_DENIED"
    assert answer.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"personFields": "shoeSize"},
        {"personFields": "names", "pageSize": 1001},
        {"personFields": "names", "pageSize": -1},
        {"personFields": "names", "pageToken": "made-up"},
    ],
)
def test_a_request_that_makes_no_sense_is_told_400(
    sandbox: SandboxProcess, token_of: Any, parameters: dict[str, Any]
) -> None:
    token = token_of("ana@diaz.example")

    answer = read(sandbox.url, token, "people/me/connections", **parameters)

    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("changed", [{"pageSize": 50}, {"personFields": "names,metadata"}])
def test_parameters_may_not_change_between_pages(
    sandbox: SandboxProcess, token_of: Any, changed: dict[str, Any]
) -> None:
    token = token_of("bruno@office.example")
    asked: dict[str, Any] = {"personFields": "names", "pageSize": 100}
    first = read(sandbox.url, token, "people/me/connections", **asked).json()

    asked["pageToken"] = first["nextPageToken"]
    assert read(sandbox.url, token, "people/me/connections", **asked).status_code == 200
    assert read(sandbox.url, token, "people/me/connections", **asked | changed).status_code == 400


def test_a_page_token_is_of_no_use_to_somebody_else(sandbox: SandboxProcess, token_of: Any) -> None:
    bruno, carla = token_of("bruno@office.example"), token_of("carla@network.example")
    first = read(sandbox.url, bruno, "people/me/connections", personFields="names").json()

    answer = read(
        sandbox.url,
        carla,
        "people/me/connections",
        personFields="names",
        pageToken=first["nextPageToken"],
    )

    assert answer.status_code == 400


def _found(sandbox: SandboxProcess, token: str, query: str, size: int = 30) -> list[str]:
    answer = read(
        sandbox.url,
        token,
        "people:searchContacts",
        query=query,
        readMask="names,emailAddresses",
        pageSize=size,
    )
    assert answer.status_code == 200, answer.text
    return [
        result["person"]["names"][0]["displayName"] for result in answer.json().get("results", [])
    ]


def test_search_finds_nothing_before_the_warm_up(sandbox: SandboxProcess, token_of: Any) -> None:
    token = token_of("ana@diaz.example")

    assert _found(sandbox, token, "bea") == []
    assert _found(sandbox, token, "") == []
    assert _found(sandbox, token, "bea") == ["Bea Sousa", "Beatriz Sousa"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sou", ["Bea Sousa", "Beatriz Sousa"]),
        ("Bea S", ["Bea Sousa"]),
        ("ousa", []),
        ("meiling.chen@", ["陳美玲"]),
        ("陳", ["陳美玲"]),
        ("Weber Pat", ["Jonas Weber"]),
        ("Σοφ", ["Σοφία Παπαδάκη"]),
    ],
)
def test_search_matches_the_beginnings_of_words(
    sandbox: SandboxProcess, token_of: Any, query: str, names: list[str]
) -> None:
    token = token_of("ana@diaz.example")
    _found(sandbox, token, "")

    assert _found(sandbox, token, query) == names


def test_search_gives_at_most_thirty(sandbox: SandboxProcess, token_of: Any) -> None:
    token = token_of("carla@network.example")
    _found(sandbox, token, "")

    found = read(
        sandbox.url, token, "people:searchContacts", query="a", readMask="names", pageSize=500
    )

    assert len(found.json()["results"]) == 30


def test_other_contacts_are_read_with_their_own_scope(
    sandbox: SandboxProcess, token_of: Any
) -> None:
    token = token_of("bruno@office.example", "contacts.other.readonly")
    fields: dict[str, Any] = {"readMask": "names,emailAddresses", "pageSize": 50}

    first = read(sandbox.url, token, "otherContacts", **fields).json()
    rest = read(
        sandbox.url, token, "otherContacts", pageToken=first["nextPageToken"], **fields
    ).json()

    people = first["otherContacts"] + rest["otherContacts"]
    assert len({person["resourceName"] for person in people}) == 60 == first["totalSize"]
    assert "nextPageToken" not in rest
    assert people[0]["resourceName"].startswith("otherContacts/c")

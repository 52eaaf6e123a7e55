"""A sandbox, a member with a browser, and a worker's turn, for tests that import over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bin import sandbox_settings
from importer import reading
from importer.models import Import
from importer.sources import KINDS
from importer.sources.contract import Source
from tests.people import member
from tests.sandbox.browser import Person
from tests.sandbox_process import SandboxProcess

TWELVE, NETWORK, LARGE, EMPTY = (
    "ana@diaz.example",
    "bruno@office.example",
    "carla@network.example",
    "empty@example.example",
)

ENDPOINTS = {
    "people_api": "connections",
    "google_other": "other",
    "microsoft": "graph",
    "hubspot": "hubspot",
    "linkedin": "linkedin",
    "jmap": "jmap",
}


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    state_dir: Path = tmp_path_factory.mktemp("sandbox")
    with SandboxProcess(state_dir, site_urls=["http://localhost:8000"]) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    running_sandbox.control.reset()
    return running_sandbox


def source_at(url: str, name: str = "google", **changes: Any) -> Source:
    """An address book of the site, with the sandbox in the provider's place."""
    kind, _, path, client = sandbox_settings.SOURCES[name]
    values: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "label": KINDS[kind].provider,
        "client_id": f"handpicked-{client}",
        "client_secret": f"sandbox-{client}-secret",
        "authorize_url": f"{url}/oauth/authorize/",
        "token_url": f"{url}/oauth/token/",
        "revoke_url": "" if kind == "microsoft" else f"{url}/oauth/revoke/",
        "api_url": f"{url}{path}",
        "issuer": url,
        "iss_required": True,
        "noun": KINDS[kind].noun,
    }
    return Source(**(values | changes))


def own_server(kind: str) -> Source:
    """A source whose server each member names."""
    return Source(
        name=kind, kind=kind, label=KINDS[kind].provider, client_id="", client_secret="",
        authorize_url="", token_url="", revoke_url="", api_url="", issuer="",
    )  # fmt: skip


@dataclass
class Site:
    """The site with one address book, a member who is signed in, and a worker that waits for us."""

    sandbox: SandboxProcess
    settings: Any
    ana: User
    browser: Client
    source: Source = field(init=False)

    def __post_init__(self) -> None:
        self.offer(source_at(self.sandbox.url))

    def offer(self, source: Source) -> None:
        """This source is what the site has configured."""
        self.source = source
        self.settings.SOURCES = {source.name: source}

    def start(self, purpose: str = "read") -> str:
        """Press *Read* or *Look up*; returns the consent screen's address."""
        answer = self.browser.post(f"/contacts/connect/{self.source.name}/", {"purpose": purpose})
        assert answer.status_code == 302, answer.content
        address = str(answer.headers["Location"])
        assert address.startswith(self.source.authorize_url)
        return address

    def come_back(self, answer: dict[str, str]) -> Any:
        """The browser follows the provider's redirect; returns the page it ends on."""
        query = {name: value for name, value in answer.items() if name != "to"}
        return self.browser.get("/contacts/callback/", query, follow=True)

    def connect(self, book: str = TWELVE) -> Import:
        """Agree at the consent screen, as the owner of this address book."""
        page = self.come_back(Person(self.sandbox.url, book).allows(self.start()))
        return self.shown(page)

    def looks_up(self, book: str = TWELVE) -> Import:
        """Agree at the consent screen so that people can be looked up in this address book."""
        page = self.come_back(Person(self.sandbox.url, book).allows(self.start("look_up")))
        path = urlsplit(page.redirect_chain[-1][0]).path
        assert path.startswith("/invitations/look-up/"), (path, page.content.decode())
        return Import.objects.get(uid=path.split("/")[3])

    def shown(self, page: Any) -> Import:
        """The import that this page is about."""
        path = urlsplit(page.redirect_chain[-1][0]).path if page.redirect_chain else ""
        assert path.startswith("/contacts/imports/"), (path, page.content.decode())
        return Import.objects.get(uid=path.split("/")[3])

    def work(self, *, patiently: bool = True) -> None:
        """A worker does all there is to do; `patiently` also what would have to wait."""
        for _ in range(50):
            if patiently:
                Import.objects.update(not_before=None)
            due = reading.due()
            if not due:
                return
            for import_id in due:
                reading.read_pages(import_id=import_id)
        raise AssertionError("The worker never comes to an end.")

    def read(self, book: str = TWELVE) -> Import:
        """Connect this address book, and let a worker read it."""
        run = self.connect(book)
        self.work()
        run.refresh_from_db()
        return run

    def report(self, run: Import) -> Any:
        """The import's page."""
        return self.browser.get(f"/contacts/imports/{run.uid}/")

    @property
    def endpoint(self) -> str:
        """What the sandbox calls the pages of this address book."""
        return ENDPOINTS[self.source.kind]

    def pages_seen(self) -> list[int]:
        """Which pages the provider was asked for, in order."""
        return [seen["page"] for seen in self.sandbox.control.requests(self.endpoint)]


@pytest.fixture
def site(db: None, sandbox: SandboxProcess, settings: Any, client: Client) -> Site:
    ana = member()
    client.force_login(ana)
    return Site(sandbox, settings, ana, client)

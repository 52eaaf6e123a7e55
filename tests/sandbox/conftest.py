"""One sandbox for all of these tests, fresh before each, and a person with a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.browser import Person, SiteClient
from tests.sandbox_process import SandboxProcess

SITE = "http://localhost:8000"


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    state_dir: Path = tmp_path_factory.mktemp("sandbox")
    with SandboxProcess(state_dir, site_urls=[SITE, "http://127.0.0.1:8000"]) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    running_sandbox.control.reset()
    return running_sandbox


@pytest.fixture
def ana(sandbox: SandboxProcess) -> Person:
    return Person(sandbox.url, "ana@diaz.example")


@pytest.fixture
def contacts_site(sandbox: SandboxProcess) -> SiteClient:
    """The product's contacts client, as far as the sandbox can tell."""
    return SiteClient(
        sandbox.url,
        "handpicked-contacts",
        "sandbox-contacts-secret",
        f"{SITE}/contacts/callback/",
        ("contacts.readonly",),
    )


@pytest.fixture
def sign_in_site(sandbox: SandboxProcess) -> SiteClient:
    """The product's sign-in client."""
    return SiteClient(
        sandbox.url,
        "handpicked-sign-in",
        "sandbox-sign-in-secret",
        f"{SITE}/accounts/oidc/sandbox/login/callback/",
        ("openid", "profile", "email"),
    )

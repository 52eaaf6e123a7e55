"""One sandbox for all of these tests, fresh before each, and a person with a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.browser import SITE, Person, SiteClient, contacts_client, sign_in_client
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    state_dir: Path = tmp_path_factory.mktemp("sandbox")
    with SandboxProcess(state_dir, site_urls=[SITE, "http://127.0.0.1:8000"]) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True, scope="session")
def plain_http_is_fine() -> Iterator[None]:
    """oauthlib insists on TLS, which loopback does not have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        yield


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    running_sandbox.control.reset()
    return running_sandbox


@pytest.fixture
def ana(sandbox: SandboxProcess) -> Person:
    return Person(sandbox.url, "ana@diaz.example")


@pytest.fixture
def contacts_site(sandbox: SandboxProcess) -> SiteClient:
    return contacts_client(sandbox)


@pytest.fixture
def sign_in_site(sandbox: SandboxProcess) -> SiteClient:
    return sign_in_client(sandbox)

"""A Celery worker dies of SIGKILL in the middle of an import; another one goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection

from importer.models import Contact, Import, ImportState
from tests.importer.conftest import NETWORK, Site
from tests.servers import Process, wait_until

LEASE_SECONDS = 2


def database_url() -> str:
    """Where another process finds the database of this test."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    host = values["HOST"] or values["OPTIONS"].get("host", "")
    who = f"{quote(values['USER'])}:{quote(values['PASSWORD'])}@" if values["USER"] else ""
    if host.startswith("/"):  # a Unix socket's folder
        return f"postgresql://{who}/{values['NAME']}?host={quote(host, safe='/')}"
    return f"postgresql://{who}{host}:{values['PORT'] or 5432}/{values['NAME']}"


@pytest.fixture
def worker(site: Site, redis_url: str, tmp_path: Path) -> Any:
    """Starts Celery workers, each a process of its own, on this test's database and sandbox."""
    url = site.sandbox.url
    env = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "CELERY_QUEUE": f"killed-{os.getpid()}",
        "SOURCES": "google",
        "SOURCE_GOOGLE_CLIENT_ID": site.source.client_id,
        "SOURCE_GOOGLE_CLIENT_SECRET": site.source.client_secret,
        "SOURCE_GOOGLE_AUTHORIZE_URL": site.source.authorize_url,
        "SOURCE_GOOGLE_TOKEN_URL": site.source.token_url,
        "SOURCE_GOOGLE_REVOKE_URL": site.source.revoke_url,
        "SOURCE_GOOGLE_API_URL": site.source.api_url,
        "SOURCE_GOOGLE_ISSUER": url,
    }
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo"]
    command += ["--without-mingle", "--without-gossip", "--without-heartbeat"]
    started: list[Process] = []

    def start() -> Process:
        log = tmp_path / f"worker{len(started)}.log"
        started.append(Process(command, log=log, env=env, cwd=Path(settings.BASE_DIR)))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def wake_up(redis_url: str) -> None:
    """What beat does every few seconds."""
    with Celery(broker=redis_url, set_as_current=False) as app:
        app.send_task("importer.tasks.continue_imports", queue=f"killed-{os.getpid()}")


@pytest.mark.django_db(transaction=True)
def test_after_page_three_it_goes_on_with_page_four(
    site: Site, worker: Callable[[], Process], redis_url: str
) -> None:
    run = site.connect(NETWORK)
    site.sandbox.control.fault("connections", "slow", page=4, seconds=5)

    def stored_pages() -> int:
        return Import.objects.get(pk=run.pk).pages

    first = worker()
    wake_up(redis_url)
    first.wait_until(lambda: stored_pages() == 3, "three stored pages")
    first.kill()
    assert stored_pages() == 3

    second = worker()

    def is_done() -> bool:
        wake_up(redis_url)
        return Import.objects.get(pk=run.pk).revocation != ""

    wait_until(is_done, f"the rest of the import\n{second.last_words()}", 30)
    run.refresh_from_db()
    assert (run.state, run.read, run.kept) == (ImportState.DONE, 1200, 1200)
    assert Contact.objects.count() == 1200
    seen = [page for page in site.pages_seen() if page <= 3]
    assert seen == [1, 2, 3]

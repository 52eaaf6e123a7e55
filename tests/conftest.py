"""The databases that tests run on, SQLite or PostgreSQL, and the real parts around them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.test import TransactionTestCase, override_settings

from ledger import guards
from tests import servers
from tests.stack import Stack, running_stack

DATABASE_URL = os.environ.get("DATABASE_URL", "")


def pytest_report_header() -> str:
    """Names the database. A PostgreSQL that was asked for and doesn't answer is a failure."""
    if not DATABASE_URL.startswith("postgres"):
        return f"database: SQLite {sqlite3.sqlite_version}, a file with WAL"
    try:
        with psycopg.connect(DATABASE_URL, connect_timeout=10) as server:
            row = server.execute("SELECT version()").fetchone()
    except psycopg.OperationalError as error:
        pytest.exit(f"PostgreSQL (DATABASE_URL) does not answer: {error}", returncode=1)
    return f"database: {row[0] if row else 'PostgreSQL'}"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file instead of in memory: threads and processes see the same database."""
    if connection.vendor == "sqlite":
        folder = tmp_path_factory.mktemp("database")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "tests.sqlite3")


def _empty_tables_behind_guards(self: Any) -> None:
    # The guards would refuse to empty append-only tables. Emptying them ends with the signal that
    # installs the guards again.
    for alias in self._databases_names(include_mirrors=False):
        guards.remove(connections[alias])
    _fixture_teardown(self)


_TestCase: Any = TransactionTestCase
_fixture_teardown = _TestCase._fixture_teardown
_TestCase._fixture_teardown = _empty_tables_behind_guards


# Sites that tests start as processes of their own, as journeys do, have the site's own hasher and files.
QUICK = {
    # The million rounds of the site's hasher keep thieves of a real table busy.
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    # Static files are looked for when somebody asks for one, not all of them for each new browser.
    "WHITENOISE_AUTOREFRESH": True,
}


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    """What would take minutes of all tests together, and no test is about."""
    with override_settings(**QUICK):
        yield


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis for this run."""
    with servers.redis() as url:
        yield url


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    """The whole product on real parts, on the database of this run: started once."""
    folder: Path = tmp_path_factory.mktemp("stack")
    with running_stack(folder, DATABASE_URL) as running:
        capturing: Any = request.config.pluginmanager.get_plugin("capturemanager")
        with capturing.global_and_fixture_disabled():
            print(f"\n{running.line}", flush=True)
        yield running

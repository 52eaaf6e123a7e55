"""Tokens and people's data are in one place each, and never in a log, a URL, or a task's arguments."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any

import celery
import pytest
from django.db import connection

from importer import grants, reading
from importer.models import Grant
from tests.importer.conftest import NETWORK, TWELVE, Site


def secrets_of(site: Site) -> list[str]:
    token = grants.opened(Grant.objects.get())
    return [str(token["access_token"]), str(token["refresh_token"])]


def everything_stored() -> str:
    """All rows of all tables, as text and bytes."""
    cells: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            cells += [
                bytes(cell).decode("latin-1") if isinstance(cell, memoryview | bytes) else str(cell)
                for row in cursor.fetchall()
                for cell in row
            ]
    return "\n".join(cells)


def test_no_token_and_nobodys_data_is_in_any_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run = site.connect(NETWORK)
    tokens = secrets_of(site)
    site.sandbox.control.fault("connections", "html", page=2)
    site.sandbox.control.fault("connections", "token_dies", page=4)
    site.work()
    site.report(run)
    written = "\n".join(
        f"{record.name} {record.getMessage()} {record.args}"
        for record in caplog.records
        # Django's own record of SQL is off unless DEBUG is on; a site never runs so.
        if record.name not in {"django.db.backends", "django.template"}
    )
    assert "urllib3" in written  # the level is really DEBUG
    for secret in [*tokens, site.source.client_secret]:
        assert secret not in written
    assert ".example" not in written.replace("testserver.example", "")


def test_tokens_are_stored_encrypted_and_nowhere_else(site: Site) -> None:
    site.connect(TWELVE)
    tokens = secrets_of(site)
    stored = everything_stored()
    assert "refresh_token" not in stored
    for token in tokens:
        assert token not in stored


def test_the_verifier_is_gone_from_the_session_once_it_was_used(site: Site) -> None:
    site.connect(TWELVE)
    assert "contacts_question" not in site.browser.session


def test_a_task_carries_a_row_id_and_nothing_else(
    site: Site, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []

    def record(app: Any, name: str, kwargs: dict[str, Any], **options: Any) -> None:
        sent.append((name, kwargs))

    monkeypatch.setattr(celery.Celery, "send_task", record)
    with django_capture_on_commit_callbacks(execute=True):
        run = site.connect(TWELVE)
    assert json.dumps(sent) == json.dumps([["importer.tasks.read_import", {"import_id": run.pk}]])


def test_a_web_servers_threads_wake_up_our_own_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    apps: list[str] = []

    def record(app: Any, name: str, **options: Any) -> None:
        apps.append(app.main)

    monkeypatch.setattr(celery.Celery, "send_task", record)
    thread = threading.Thread(target=reading.nudge, args=(1,))
    thread.start()
    thread.join()
    assert apps == ["handpicked"]

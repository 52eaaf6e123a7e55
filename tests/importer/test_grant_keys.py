"""A change of GRANT_KEYS by command, and an access that is used for one hour and no longer."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from importer import ciphering, grants, reading, uploading
from importer.models import Contact, Grant, ImportState, UploadPage
from importer.sources import connection
from invites.actions import account_mails
from invites.delivery import ACCOUNT_TEMPLATES
from invites.mail_models import AccountMail
from ledger import clock
from ledger.models import Entry
from tests.importer.conftest import NETWORK, TWELVE, Site


def rotate() -> str:
    said = io.StringIO()
    call_command("rotate_grant_keys", stdout=said)
    return said.getvalue()


def keep_one_of_each(site: Site) -> None:
    site.connect(TWELVE)
    table = io.BytesIO(b"Who;Where\nBea;bea@norte.example\n")
    uploading.receive(member=site.ana, file=table)
    template = min(ACCOUNT_TEMPLATES)
    account_mails.write(template=template, to="ana@diaz.example", subject="Hello", text="A code")


def test_every_encrypted_table_gets_the_new_key_and_the_old_one_can_go(
    site: Site, settings: Any
) -> None:
    assert {Grant, UploadPage, AccountMail} <= set(ciphering.encrypted_tables())
    keep_one_of_each(site)
    token = grants.opened(Grant.objects.get())
    old = settings.GRANT_KEYS
    settings.GRANT_KEYS = [Fernet.generate_key(), *old]
    assert "Encrypted anew with the first key: 3. Had it already: 0." in rotate()
    settings.GRANT_KEYS = settings.GRANT_KEYS[:1]
    assert grants.opened(Grant.objects.get()) == token
    assert "Encrypted anew with the first key: 0. Had it already: 3." in rotate()
    facts = (
        Entry.objects.filter(action="keys.rotated").order_by("id").values_list("facts", flat=True)
    )
    assert list(facts) == [
        {"changed": 3, "current": 0, "unreadable": 0},
        {"changed": 0, "current": 3, "unreadable": 0},
    ]


def test_what_no_key_opens_is_said_and_left_alone(site: Site, settings: Any) -> None:
    keep_one_of_each(site)
    settings.GRANT_KEYS = [Fernet.generate_key()]
    with pytest.raises(SystemExit, match="1"):
        rotate()
    assert Entry.objects.get(action="keys.rotated").facts["unreadable"] == 3


@pytest.mark.parametrize("moment", ["created_at", "ends_at"])
def test_no_worker_reads_with_an_access_that_is_over_even_if_beat_is_dead(
    site: Site, moment: str
) -> None:
    run = site.connect(TWELVE)
    an_hour_ago = clock.now() - timedelta(minutes=60)
    Grant.objects.update(**{moment: an_hour_ago})
    reading.read_pages(import_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (ImportState.FAILED, "out_of_time")
    assert site.pages_seen() == []
    assert not Grant.objects.exists()
    assert not any(one["access_alive"] for one in site.sandbox.control.tokens())


def test_an_access_that_ends_while_a_worker_reads_is_not_used_for_another_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = site.connect(NETWORK)
    Grant.objects.update(created_at=clock.now() - timedelta(minutes=60) + timedelta(seconds=1))
    fetch = connection.Connection.get

    def slowly(*args: Any) -> object:
        body = fetch(*args)
        monkeypatch.setattr(reading.time, "monotonic", lambda: float("inf"))
        return body

    monkeypatch.setattr(connection.Connection, "get", slowly)
    reading.read_pages(import_id=run.pk)
    monkeypatch.undo()
    Grant.objects.update(created_at=clock.now() - timedelta(minutes=60))
    site.work()
    run.refresh_from_db()
    assert (run.state, run.error) == (ImportState.FAILED, "out_of_time")
    assert site.pages_seen() == [1]
    assert Contact.objects.exists()
    assert not Grant.objects.exists()

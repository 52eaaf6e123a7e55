"""Beat forgets; whether beat itself is alive is seen by a command, by workers and by staff."""

from __future__ import annotations

import io
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from config.celery import app
from importer.models import Contact
from importer.tasks import read_import
from ledger import clock, guards
from ledger.models import Heartbeat
from tests import people

pytestmark = pytest.mark.django_db


def is_well() -> tuple[int, str]:
    """The exit code, and what was said."""
    said, code = io.StringIO(), 0
    try:
        call_command("is_well", stdout=said)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, said.getvalue()


def beat_comes_round(settings: Any) -> None:
    """What beat asks for every minute, as a worker does it."""
    app.loader.import_default_modules()
    app.tasks[settings.CELERY_BEAT_SCHEDULE["say that beat is alive"]["task"]].apply().get()


def test_all_is_well_while_beat_comes_round(settings: Any) -> None:
    beat_comes_round(settings)
    beat_comes_round(settings)
    code, said = is_well()
    assert (code, Heartbeat.objects.count()) == (0, 1)
    assert "Beat is alive." in said
    assert "WRONG" not in said


@pytest.mark.parametrize(("minutes", "code"), [(4.9, 0), (5.1, 1)])
def test_a_beat_that_is_silent_for_five_minutes_is_told(
    settings: Any, minutes: float, code: int
) -> None:
    beat_comes_round(settings)
    Heartbeat.objects.update(at=clock.now() - timedelta(minutes=minutes))
    ended, said = is_well()
    assert ended == code
    assert ("Beat has not run since" in said) == bool(code)


def test_a_database_without_one_of_its_guards_is_told(settings: Any) -> None:
    beat_comes_round(settings)
    assert "The database’s guards are in place." in is_well()[1]
    guards.remove(connection)
    code, said = is_well()
    assert code == 1
    assert "guards are missing" in said
    assert "`manage.py migrate` puts them back" in said


def test_a_beat_that_never_ran_is_told() -> None:
    assert "Beat has not run at all" in is_well()[1]


def test_people_who_outlived_their_time_are_told_by_number_alone(settings: Any) -> None:
    beat_comes_round(settings)
    people.contact(people.member())
    Contact.objects.update(created_at=clock.now() - timedelta(hours=72, minutes=16))
    code, said = is_well()
    assert code == 1
    assert "WRONG  Kept too long: people read more than 72 hours ago: 1" in said
    assert "Sousa" not in said


def test_staff_see_it_on_their_front_page(client: Client, settings: Any) -> None:
    staff = people.member("Root Person")
    staff.is_staff = staff.is_superuser = True
    staff.save()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert "Beat has not run" in client.get("/admin/").content.decode()
    beat_comes_round(settings)
    assert "Beat has not run" not in client.get("/admin/").content.decode()


def test_a_worker_that_is_woken_by_a_page_says_so(
    caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    with caplog.at_level(logging.ERROR):
        read_import(import_id=0)
    assert "Beat has not run at all" in caplog.text
    caplog.clear()
    beat_comes_round(settings)
    read_import(import_id=0)
    assert caplog.text == ""

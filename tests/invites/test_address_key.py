"""A wrong ADDRESS_KEY would recognise nobody who said "never again", so nothing starts with one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from bin.suite import production
from bin.virtual_environment import ROOT
from invites import address_key, addresses
from invites.models import AddressKey

CELERY = ["-m", "celery", "-A", "config"]


@pytest.mark.django_db
def test_the_key_of_a_database_is_recorded_and_another_is_refused(settings: Any) -> None:
    assert AddressKey.objects.get().key_id == addresses.key_id()
    assert address_key.refusal() == ""
    first, settings.ADDRESS_KEY = settings.ADDRESS_KEY, b"w" * 40

    assert "under another key than ADDRESS_KEY" in address_key.refusal()
    call_command("migrate", verbosity=0)
    assert AddressKey.objects.count() == 1  # a wrong key is not taken for a new one

    settings.OLD_ADDRESS_KEYS = [first]
    assert address_key.refusal() == ""
    call_command("migrate", verbosity=0)
    assert AddressKey.objects.count() == 2
    settings.OLD_ADDRESS_KEYS, settings.ADDRESS_KEY = [], first
    assert addresses.key_id(b"w" * 40) in address_key.refusal()


def test_web_worker_beat_and_check_refuse_a_wrong_key(tmp_path: Path) -> None:
    right = production(tmp_path)
    wrong = right | {"ADDRESS_KEY": "w" * 40}

    def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=ROOT, env=environment | {"PYTHONPATH": os.fspath(ROOT)}, timeout=60,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert run(right, "manage.py", "migrate", "--verbosity", "0").returncode == 0
    for command in (
        ["-m", "gunicorn", "config.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"],
        [*CELERY, "worker", "--concurrency", "1"],
        [*CELERY, "beat", "--schedule", str(tmp_path / "beat"), "--pidfile="],
        ["manage.py", "check", "--database", "default"],
    ):
        ended = run(wrong, *command)
        assert ended.returncode != 0, command
        assert "under another key than ADDRESS_KEY" in ended.stdout + ended.stderr, command

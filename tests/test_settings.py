"""Without bin/dev the settings are a production's, and an unsafe one does not start."""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError

from bin.suite import production
from bin.virtual_environment import ROOT

CHECK = ["manage.py", "check"]
REQUIRED = [
    "SECRET_KEY", "TOKEN_KEY", "ADDRESS_KEY", "GRANT_KEYS", "ALLOWED_HOSTS", "SITE_URL",
    "POSTAL_ADDRESS", "INVITATIONS_ADDRESS", "EMAIL_URL", "REDIS_URL",
]  # fmt: skip
SANDBOX = "http://localhost:8001"
UNSAFE = [
    ({"SECRET_KEY": "short"}, "SECRET_KEY has 5 characters"),
    ({"OLD_ADDRESS_KEYS": "short"}, "OLD_ADDRESS_KEYS has 5 characters"),
    ({"TOKEN_KEY": "k" * 40, "ADDRESS_KEY": "k" * 40},
     "TOKEN_KEY and ADDRESS_KEY are the same key. Each needs a key of its own."),
    ({"OLD_ADDRESS_KEYS": f"{'k' * 40},{'k' * 40}"}, "OLD_ADDRESS_KEYS names one key twice"),
    ({"GRANT_KEYS": "not-a-fernet-key"}, "GRANT_KEYS holds something that is not a Fernet key"),
    ({"SITE_URL": "http://handpicked.example"}, "It must begin with https://"),
    ({"EMAIL_URL": "dummymail://"}, "EMAIL_URL must begin with smtp://"),
    ({"EMAIL_URL": "smtp://mail.example:port"}, "EMAIL_URL has a port that is not a number"),
    ({"UNDO_SECONDS": "soon"}, '"UNDO_SECONDS" invalid'),
    ({"DATABASE_URL": "oracle-ish://db"}, '"DATABASE_URL" invalid'),
    ({"DATABASE_URL": "mysql://db.example/handpicked"}, "DATABASE_URL must begin with postgresql"),
    ({"SOURCE_GOOGLE_TOKEN_URL": f"{SANDBOX}/oauth/token/"}, "that is a sandbox"),
    ({"SOURCE_GOOGLE_API_URL": "https://127.0.0.1:8001/v1"}, "that is a sandbox"),
    ({"SOURCE_GOOGLE_CLIENT_SECRET": ""}, "SOURCE_GOOGLE_CLIENT_SECRET is not set"),
    ({"SIGN_IN_SERVER_URL": SANDBOX, "SIGN_IN_CLIENT_ID": "a", "SIGN_IN_CLIENT_SECRET": "b"},
     "that is a sandbox"),
    ({"PRIVATE_SERVERS": "localhost:5232"}, "PRIVATE_SERVERS is set. It opens private servers"),
    ({"STAFF_WEBHOOK_URL": "http://staff.example/"}, "STAFF_WEBHOOK_URL must begin with https://"),
    ({"STAFF_WEBHOOK_URL": "https://staff.example/"}, "STAFF_WEBHOOK_SECRET is not set"),
    ({"STAFF_WEBHOOK_URL": "https://staff.example/", "STAFF_WEBHOOK_SECRET": "whsec_c2hvcnQ="},
     "STAFF_WEBHOOK_SECRET is not whsec_ and 24 to 64 bytes"),
    ({"LEDGER_PUBLISH_WEBHOOK": "ftp://heads.example/"}, "LEDGER_PUBLISH_WEBHOOK must begin"),
    ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS is *"),
    ({"DKIM_DOMAIN": "elsewhere.example"}, "the signature would count for nothing (DMARC)"),
    ({"DEVELOPMENT": "1"}, "DEVELOPMENT is on, but ALLOWED_HOSTS names handpicked.example"),
]  # fmt: skip


def start(
    folder: Path, changes: dict[str, str | None], command: list[str] = CHECK
) -> subprocess.CompletedProcess[str]:
    """Starts a production whose environment is changed; None takes a variable out."""
    changed = {**production(folder), **changes}
    environment = {name: value for name, value in changed.items() if value is not None}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_production_with_all_it_needs_starts(tmp_path: Path) -> None:
    started = start(tmp_path, {})

    assert started.returncode == 0, started.stderr


def refusal(folder: Path, changes: dict[str, str | None], monkeypatch: pytest.MonkeyPatch) -> str:
    """What the settings say of such an environment, read here: a process for each takes its time."""
    environment = {**production(folder), **changes}
    monkeypatch.setattr(os, "environ", {k: v for k, v in environment.items() if v is not None})
    with pytest.raises((ImproperlyConfigured, EnvError)) as caught:
        runpy.run_path(str(ROOT / "config/settings.py"))
    return str(caught.value)


@pytest.mark.parametrize("missing", REQUIRED)
def test_settings_without_a_required_one_are_refused_in_one_sentence(
    tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refusal(tmp_path, {missing: None}, monkeypatch)

    assert said.startswith(f"{missing} is not set. It is ")
    assert "\n" not in said


@pytest.mark.parametrize(("changes", "sentence"), UNSAFE)
def test_unsafe_settings_are_refused_in_one_sentence(
    tmp_path: Path,
    changes: dict[str, str | None],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = refusal(tmp_path, changes, monkeypatch)

    assert sentence in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"TOKEN_KEY": None}, "TOKEN_KEY is not set. It is "), ({"UNDO_SECONDS": "soon"}, "Environ")],
    ids=["ours", "of the reader"],
)
def test_a_start_that_is_refused_ends_with_that_sentence_alone(
    tmp_path: Path, changes: dict[str, str | None], sentence: str
) -> None:
    started = start(tmp_path, changes)

    assert started.returncode == 1
    assert started.stderr.startswith(f"Handpicked does not start. {sentence}")
    assert started.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "gunicorn", "config.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"],
        ["-m", "celery", "-A", "config", "worker"],
        ["-m", "celery", "-A", "config", "beat"],
    ],
    ids=["gunicorn", "worker", "beat"],
)
def test_web_worker_and_beat_refuse_as_well(tmp_path: Path, command: list[str]) -> None:
    started = start(tmp_path, {"EMAIL_URL": None}, command)

    assert started.returncode != 0
    assert "Handpicked does not start. EMAIL_URL is not set." in started.stderr
    assert "Traceback" not in started.stderr


READ_PRAGMAS = """
import json, sqlite3
from django.db import connection, transaction

def pragma(name):
    with connection.cursor() as cursor:
        return cursor.execute(f"PRAGMA {name}").fetchone()[0]

found = {name: pragma(name) for name in ("journal_mode", "synchronous", "busy_timeout")}
other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0, isolation_level=None)
with transaction.atomic():  # nothing is read or written in it
    try:
        other.execute("BEGIN IMMEDIATE")
        found["second_writer"] = "let in"
    except sqlite3.OperationalError as error:
        found["second_writer"] = str(error)
print(json.dumps(found))
"""


def test_sqlite_runs_with_wal_full_and_immediate(tmp_path: Path) -> None:
    """At the wrong level of OPTIONS these settings do nothing, and nothing tells: so we ask."""
    started = start(tmp_path, {}, ["manage.py", "shell", "--verbosity", "0", "-c", READ_PRAGMAS])

    assert json.loads(started.stdout) == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "busy_timeout": 20_000,  # milliseconds
        "second_writer": "database is locked",
    }


def variables_read(path: Path) -> set[str]:
    """The environment variables that a module reads, those of a source without their prefix."""
    found: set[str] = set()
    for call in ast.walk(ast.parse(path.read_text())):
        if isinstance(call, ast.Call) and "env" in ast.unparse(call).partition(",")[0]:
            for argument in call.args[:2]:
                name = argument.right if isinstance(argument, ast.BinOp) else argument
                if isinstance(name, ast.Constant) and re.fullmatch("[A-Z_]{4,}", str(name.value)):
                    found.add(str(name.value))
    return found


def test_the_manual_lists_every_variable_and_no_other() -> None:
    config = ROOT / "config"
    readers = [config / "settings.py", config / "schedule.py", *config.glob("*environment.py")]
    read = set().union(*map(variables_read, readers))
    rows = re.findall(r"^\|(.*?)\|", (ROOT / "docs/settings.md").read_text(), flags=re.MULTILINE)
    names = re.findall(r"`(?:SOURCE_<NAME>_|…_)?([A-Z_]{4,})`", "".join(rows))

    assert sorted(names) == sorted(read)


@pytest.mark.parametrize(("behind", "counted"), [("1", "1"), ("0", "0")])
def test_a_proxys_word_on_who_comes_counts_only_behind_one(
    tmp_path: Path, behind: str, counted: str
) -> None:
    ask = "from django.conf import settings; print(settings.ALLAUTH_TRUSTED_PROXY_COUNT)"
    command = ["manage.py", "shell", "--no-imports", "-c", ask]
    started = start(tmp_path, {"BEHIND_PROXY": behind}, command)

    assert started.stdout.strip() == counted, started.stderr

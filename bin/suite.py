"""What `bin/test` does: the checks, then the tests on both databases at once, then one total."""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree  # what is read is what pytest has just written

from bin import virtual_environment
from bin.virtual_environment import PYTHON, ROOT

DESCRIPTION = """\
Runs the linters, the type checker, Django's own checks, and all tests: on SQLite and on PostgreSQL,
with the journeys in a real browser. Exit code 0 when all is well; a skipped test counts as a
failure. The first run makes .venv. DATABASE_URL names a PostgreSQL to use; without it one is
started from a Python package. A Chromium is installed where that is possible."""

# Journeys and chaos take minutes; `--fast` leaves them out.
SLOW = ["tests/journeys", "tests/chaos"]
# What these promise does not lie in the site's database, so each runs on one of the two, shared out
# so that both take as long. All others run on both.
ONCE = {
    "SQLite": [
        "tests/sandbox",
        "tests/test_bin.py",
        "tests/test_linters.py",
        "tests/test_settings.py",
        # What servers answer, and how they fail. test_every_source.py stores each one's people on both.
        "tests/importer/test_carddav.py",
        "tests/importer/test_fault_matrix.py",
        "tests/importer/test_faults.py",
        "tests/importer/test_outgoing.py",
    ],
    "PostgreSQL": [
        # A browser's way through the pages. The whole way runs on both, and so do the requests by hand,
        # which take steps at once and write what a database might not take.
        "tests/journeys/test_along_the_way.py",
        "tests/journeys/test_looking_up.py",
        "tests/journeys/test_personal_links.py",
        "tests/journeys/test_recipients.py",
        # Whether bin/chaos and bin/races would see a broken promise; whether it is kept runs on both.
        "tests/chaos/test_chaos.py::test_without_the_intent_before_data_the_same_harness_sees_duplicates",
        "tests/chaos/test_races.py::test_pages_that_do_not_wait_for_a_mail_in_mid_air_are_caught",
    ],
}
LIMIT_SECONDS = 30 * 60  # longer than that, something hangs
STUCK_SECONDS = 150  # a test that takes longer has its stack printed


@dataclass(slots=True)
class Total:
    """How many checks or tests ended in which way."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    names: list[str] = field(default_factory=list)  # of what did not pass

    def add(self, other: Total) -> None:
        """Adds another one's numbers."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.names += other.names


def main(arguments: Sequence[str]) -> int:
    """Runs what is asked for. Returns 0 when everything passed and nothing was skipped, else 1."""
    parser = argparse.ArgumentParser(
        prog="bin/test",
        usage="bin/test [--fast] [PATH or pytest option ...]",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fast", action="store_true", help="SQLite only, without journeys and chaos"
    )
    options, for_pytest = parser.parse_known_args(arguments)
    virtual_environment.enter()
    started = time.monotonic()
    total = Total()
    try:
        total.add(_tests(for_pytest, fast=options.fast))
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    for name in total.names:
        print(f"Not passed: {name}")
    print(f"Took {time.monotonic() - started:.0f} s")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 0 if total.passed and not total.failed and not total.skipped else 1


def _checks() -> Total:
    """Linters, types, import directions, migrations, and a production's start."""
    scripts = sorted(str(path) for path in (ROOT / "bin").iterdir() if _is_script(path))
    tool = [sys.executable, "-m"]
    mypy, django = [*tool, "mypy", "--no-error-summary"], [sys.executable, "manage.py"]
    total = Total()
    with tempfile.TemporaryDirectory() as folder:
        ours = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
        for name, command, environment in (
            ("ruff check", [*tool, "ruff", "check", "--quiet", ".", *scripts], ours),
            ("ruff format", [*tool, "ruff", "format", "--check", "--quiet", ".", *scripts], ours),
            ("mypy", mypy, ours),
            ("mypy, sandbox", [*mypy, "--config-file", "sandbox/mypy.ini", "sandbox"], ours),
            ("import directions", [str(PYTHON.parent / "lint-imports"), "--no-cache"], ours),
            ("migrations", [*django, "makemigrations", "--check", "--dry-run"], ours),
            ("a production's release", ["sh", "-ec", _release()], production(Path(folder))),
        ):
            total.add(_check(name, command, environment))
    return total


def _is_script(path: Path) -> bool:
    return path.is_file() and not path.suffix


def _check(name: str, command: list[str], environment: dict[str, str]) -> Total:
    started = time.monotonic()
    print(f"{name} ...", end="", flush=True)
    ran = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    print(f" {'FAILED' if ran.returncode else 'ok'}, {time.monotonic() - started:.0f} s")
    if not ran.returncode:
        return Total(passed=1)
    print(ran.stdout)
    return Total(failed=1, names=[f"{name}: {shlex.join(command)}"])


def _release() -> str:
    """The command of Procfile's release line."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return next(line.partition(":")[2] for line in lines if line.startswith("release:"))


def production(folder: Path) -> dict[str, str]:
    """An environment as a site has it that is open to the world."""
    key = secrets.token_urlsafe(48)
    inherited = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    return inherited | {
        "PATH": os.pathsep.join([str(PYTHON.parent), os.environ.get("PATH", os.defpath)]),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": key,
        "TOKEN_KEY": key[::-1],
        "ADDRESS_KEY": key.swapcase(),
        "GRANT_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "LEDGER_KEY": b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": "handpicked.example",
        "SITE_URL": "https://handpicked.example",
        "POSTAL_ADDRESS": "1 Example Street, 1000 Example",
        "INVITATIONS_ADDRESS": "invitations@handpicked.example",
        "EMAIL_URL": "smtp+tls://handpicked:secret@mail.handpicked.example:587",
        "REDIS_URL": "redis://redis.handpicked.example:6379/0",
        "DATABASE_URL": f"sqlite:///{folder / 'production.sqlite3'}",
        "STATIC_ROOT": str(folder / "static"),
        "SOURCES": "google",
        "SOURCE_GOOGLE_CLIENT_ID": "handpicked",
        "SOURCE_GOOGLE_CLIENT_SECRET": "secret",
    }


@dataclass(slots=True)
class Suite:
    """The tests on one database, running in a process of their own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    report: Path

    def show(self) -> Total:
        """Prints what it says until it ends. Returns its numbers."""
        print(f"\n--- tests on {self.name} ---", flush=True)
        give_up = time.monotonic() + LIMIT_SECONDS
        with self.log.open("rb") as log:
            while True:
                running = self.process.poll() is None
                sys.stdout.write(log.read().decode(errors="replace"))
                sys.stdout.flush()
                if not running:
                    break
                if time.monotonic() > give_up:
                    print(f"\nNo end after {LIMIT_SECONDS} s.")
                    self.process.kill()
                time.sleep(0.3)
        return self._total()

    def _total(self) -> Total:
        total = Total()
        if self.report.exists():
            for case in ElementTree.parse(self.report).iter("testcase"):  # noqa: S314
                ended = {child.tag for child in case}
                if ended & {"failure", "error"}:
                    total.failed += 1
                elif "skipped" in ended:  # and what was expected to fail
                    total.skipped += 1
                else:
                    total.passed += 1
                    continue
                total.names.append(f"{case.get('classname')}::{case.get('name')} on {self.name}")
        if self.process.returncode and not total.names:
            total.failed += 1
            total.names.append(f"pytest on {self.name} ended with {self.process.returncode}")
        return total


def _tests(for_pytest: list[str], *, fast: bool) -> Total:
    """pytest on both databases side by side, and the checks meanwhile, for tests often wait; what they
    say is printed one after the other.
    """
    from bin import chromium
    from tests import servers

    total = Total()
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="tests-")))
        left_out = [f"--ignore={path}" for path in SLOW] if fast else []
        if not left_out:
            print(f"Chromium: {chromium.find_or_install()}", flush=True)
        urls = {"SQLite": ""}
        if not fast:
            urls["PostgreSQL"] = parts.enter_context(servers.postgresql())
        suites = []
        for name, url in urls.items():
            asked = [*left_out, *for_pytest]
            if not for_pytest and not fast:
                asked += [f"--deselect={path}" for path in _runs_elsewhere(name)]
            suites.append(parts.enter_context(_pytest(name, folder, asked, url)))
        if not for_pytest:
            total.add(_checks())
        for suite in suites:
            total.add(suite.show())
    print()
    return total


def _runs_elsewhere(name: str) -> list[str]:
    return [path for other, paths in ONCE.items() if other != name for path in paths]


@contextmanager
def _pytest(name: str, folder: Path, arguments: list[str], database_url: str) -> Iterator[Suite]:
    log, report = folder / f"{name}.log", folder / f"{name}.xml"
    command = [sys.executable, "-m", "pytest", "--tb=short", f"--junitxml={report}"]
    command += ["--durations=8", *arguments]
    command += ["-o", f"faulthandler_timeout={STUCK_SECONDS}"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "DATABASE_URL": database_url}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield Suite(name, process, log, report)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()

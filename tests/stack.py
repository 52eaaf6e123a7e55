"""The whole product on real parts, over HTTP: gunicorn, Celery worker and beat, Redis, SMTP, OAuth.

One per database and test run. Nothing in it is faked, and `refuse_fakes` says so before it starts.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from bin import sandbox_settings
from bin.virtual_environment import ROOT
from tests import servers
from tests.sandbox_process import SandboxProcess
from tests.servers import Process

UNDO_SECONDS = 3
CELERY = [sys.executable, "-m", "celery", "-A", "config"]
# Read back from the very settings that the stack's processes run with.
_READ_SETTINGS = """
import json, django
django.setup()
from django.conf import settings
from django.db import connection
from config.celery import app
print(json.dumps({
    "eager": app.conf.task_always_eager,
    "broker": app.conf.broker_url,
    "email_backend": settings.EMAIL_BACKEND,
    "email_peer": f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
    "oauth": [url for source in settings.SOURCES.values() for url in source.urls()],
    "sign_in": settings.SIGN_IN_SERVER_URL,
    "undo_seconds": settings.UNDO_SECONDS,
    "database": connection.vendor,
}))
"""


class FakePart(AssertionError):
    """The stack's settings would run a journey on something that is not the real thing."""


def refuse_fakes(found: Mapping[str, Any], *, sandbox_url: str, smtp: str) -> None:
    """Raises FakePart when a part is faked, as `found` (from `_READ_SETTINGS`) tells."""
    if found["eager"]:
        raise FakePart("Celery is eager: tasks would run inside the web process")
    if not str(found["broker"]).startswith(("redis://", "rediss://", "redis+socket://")):
        raise FakePart(f"the broker is {found['broker']}, not a Redis")
    if found["email_backend"] != "invites.delivery.AccountMailBackend":
        raise FakePart(f"mail goes to {found['email_backend']}, not out of the one door")
    if found["email_peer"] != smtp:
        raise FakePart(f"mail goes to {found['email_peer']}, not to the SMTP server at {smtp}")
    strangers = [
        url for url in (*found["oauth"], found["sign_in"]) if not _lies_in(url, sandbox_url)
    ]
    if strangers or not found["oauth"]:
        raise FakePart(f"OAuth goes to {strangers or 'nobody'}, not to the server at {sandbox_url}")


def _lies_in(url: str, server: str) -> bool:
    return urlsplit(url)[:2] == urlsplit(server)[:2]


@dataclass
class Stack:
    """The running product.

    `url` is the site's address, `sandbox` the outside world with its mailbox, `smtp` the SMTP peer
    as host:port, `log` the folder with one log file per process, and `line` names all of it.
    """

    url: str
    sandbox: SandboxProcess
    smtp: str
    redis_url: str
    database_url: str
    log: Path
    env: dict[str, str] = field(repr=False)
    vendor: str = ""
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """Who plays which part, for the log of a test run."""
        people = ", ".join(f"{name} {process.pid}" for name, process in self.processes.items())
        return (
            f"Stack on {self.vendor}: site {self.url} (processes: {people}), "
            f"Redis {self.redis_url}, SMTP peer {self.smtp}, OAuth {self.sandbox.url}"
        )

    def manage(self, *arguments: str) -> str:
        """What `manage.py …` prints, run on the stack's database. Raises CalledProcessError."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.env, check=True, text=True, stdout=subprocess.PIPE,
        ).stdout  # fmt: skip

    def start_worker(self) -> Process:
        """A Celery worker with two processes, which takes the place of the one before it."""
        if "worker" in self.processes:
            self.processes["worker"].stop()
        quiet = ["--without-mingle", "--without-gossip", "--without-heartbeat"]
        name = f"{self.env['CELERY_QUEUE']}@%h"
        command = [*CELERY, "worker", "--concurrency", "2", "--hostname", name, *quiet]
        return self._start("worker", [*command, "--loglevel", "INFO"])

    def _start(self, name: str, command: list[str]) -> Process:
        process = Process(command, log=self.log / f"{name}.log", env=self.env, cwd=ROOT)
        self.processes[name] = process
        return process

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            raise RuntimeError(
                f"the site answered {error.code}:\n{self.last_words('web')}"
            ) from None
        except OSError:
            return False

    def last_words(self, name: str) -> str:
        """The end of that process's log."""
        return self.processes[name].last_words()


@contextmanager
def running_stack(folder: Path, database_url: str = "") -> Iterator[Stack]:
    """A stack that has ended, with every process of it, when the block is left.

    `folder` takes logs and state. `database_url` is a PostgreSQL server, on which the stack makes a
    database of its own; empty: an SQLite file in `folder`.
    """
    with ExitStack() as parts:
        [port] = servers.free_ports(1)
        url = f"http://localhost:{port}"
        if database_url.startswith("postgres"):
            database_url = parts.enter_context(servers.new_database(database_url))
        else:
            database_url = f"sqlite:///{folder / 'handpicked.sqlite3'}"
        redis_url = parts.enter_context(servers.redis())
        sandbox = parts.enter_context(SandboxProcess(folder, site_urls=[url]))
        smtp = f"127.0.0.1:{sandbox.smtp_port}"
        stack = Stack(
            url=url,
            sandbox=sandbox,
            smtp=smtp,
            redis_url=redis_url,
            database_url=database_url,
            log=folder,
            env=_environment(url, sandbox, redis_url, database_url)
            | {"LEDGER_HEAD_FILE": str(folder / "ledger-head.txt")},
        )
        found = json.loads(_python(stack, "-c", _READ_SETTINGS))
        refuse_fakes(found, sandbox_url=sandbox.url, smtp=smtp)
        stack.vendor = found["database"]
        stack.manage("migrate", "--verbosity", "0", "--no-input")
        stack.manage("createcachetable")
        try:
            _start_all(stack, port)
            yield stack
        finally:
            # The worker first: it hands back what it holds while its database still listens.
            for name in ("worker", "beat", "web"):
                if name in stack.processes:
                    stack.processes[name].stop()


def _start_all(stack: Stack, port: int) -> None:
    bind = ["--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    gunicorn = [sys.executable, "-m", "gunicorn", "config.wsgi", *bind]
    web = stack._start("web", [*gunicorn, "--workers", "2", "--threads", "4"])
    worker = stack.start_worker()
    schedule = str(stack.log / "beat")
    stack._start("beat", [*CELERY, "beat", "--schedule", schedule, "--pidfile="])
    web.wait_until(stack._answers, "the site")
    worker.wait_until(lambda: " ready." in worker.last_words(), "the worker")


def _python(stack: Stack, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env=stack.env, check=True, text=True, stdout=subprocess.PIPE,
    ).stdout  # fmt: skip


def _environment(
    url: str, sandbox: SandboxProcess, redis_url: str, database_url: str
) -> dict[str, str]:
    """The site's real settings: nothing of tests/settings.py, only shorter times."""
    return os.environ | {
        **sandbox_settings.connected_to(sandbox.url, sandbox.smtp_port),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEVELOPMENT": "1",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "TOKEN_KEY": secrets.token_urlsafe(48),
        "ADDRESS_KEY": secrets.token_urlsafe(48),
        "GRANT_KEYS": Fernet.generate_key().decode(),
        "LEDGER_KEY": b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SITE_URL": url,
        "POSTAL_ADDRESS": "1 Example Street, 1000 Example",
        "INVITATIONS_ADDRESS": "invitations@handpicked.example",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        # A Redis that was handed to us may serve others too.
        "CELERY_QUEUE": f"handpicked-{secrets.token_hex(4)}",
        "UNDO_SECONDS": str(UNDO_SECONDS),
        "OUTCOME_SECONDS": "1",
        "LEASE_SECONDS": "2",
        "SWEEP_SECONDS": "1",
        "PYTHONUNBUFFERED": "1",
    }

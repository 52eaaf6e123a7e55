"""New databases for a run, and copies of them, so that every round starts from the same state."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bin.virtual_environment import ROOT
from tests import servers

KINDS = ("sqlite", "postgresql")


def asked_for() -> str:
    """The kind of database that DATABASE_URL names: `sqlite` or `postgresql`."""
    return "postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"


def on_each(command: str, arguments: Sequence[str]) -> int:
    """Runs `bin/<command>` once for each kind, each in a process of its own: Django knows one site per
    process. Returns the worst exit code.
    """
    codes = []
    for kind in KINDS:
        environment = dict(os.environ)
        if kind != asked_for():
            environment.pop("DATABASE_URL", None)
        asked = [sys.executable, str(ROOT / "bin" / command), *arguments, "--database", kind]
        codes.append(subprocess.run(asked, env=environment, check=False).returncode)
    return max(codes)


class Databases(Protocol):
    """Where databases come from. Both answers are addresses as DATABASE_URL wants them."""

    def empty(self) -> str:
        """A new one with nothing in it."""

    def copy_of(self, url: str) -> str:
        """A new one with everything that is in that one, to which nobody may be connected."""


@contextmanager
def of_kind(kind: str, folder: Path, *, durable: bool) -> Iterator[Databases]:
    """Databases that are gone when the block is left.

    `durable`: a commit waits for the disk. A PostgreSQL that tests start doesn't; SQLite always does.
    """
    if kind == "sqlite":
        yield Files(folder)
        return
    with ExitStack() as parts:
        url = parts.enter_context(servers.postgresql())
        if durable and url != os.environ.get("DATABASE_URL"):
            with closing(psycopg.connect(url, autocommit=True)) as connection:
                connection.execute("ALTER SYSTEM RESET fsync")
                connection.execute("SELECT pg_reload_conf()")
        yield Server(url, parts)


@dataclass(frozen=True)
class Files:
    """SQLite files in a folder."""

    folder: Path

    def empty(self) -> str:
        """A file that does not exist yet."""
        return f"sqlite:///{self.folder / uuid.uuid4().hex}.sqlite3"

    def copy_of(self, url: str) -> str:
        """A copy of the file."""
        copy = self.empty()
        shutil.copyfile(url.removeprefix("sqlite:///"), copy.removeprefix("sqlite:///"))
        return copy


@dataclass(frozen=True)
class Server:
    """Databases on a PostgreSQL server."""

    url: str
    parts: ExitStack = field(repr=False)

    def empty(self) -> str:
        """A database of a random name."""
        return self.parts.enter_context(servers.new_database(self.url))

    def copy_of(self, url: str) -> str:
        """The same with that one as its template."""
        copy = self.empty()
        names = [sql.Identifier(urlsplit(one).path.strip("/")) for one in (copy, url)]
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(names[0]))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return copy

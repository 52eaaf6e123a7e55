"""A real CardDAV server, Radicale, started from its Python package, with people in it."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from sandbox.people import Person
from tests.importer import far_away
from tests.servers import free_ports, running

USER, PASSWORD = "ana@diaz.example", "app-pass-1234-ü"


@dataclass(frozen=True)
class Radicale:
    """Where it listens. Its one user is USER with PASSWORD."""

    port: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def name(self) -> str:
        """As the site's PRIVATE_SERVERS has it."""
        return f"localhost:{self.port}"

    def put_book(self, name: str, cards: Iterable[str]) -> None:
        """Makes an address book, or replaces it."""
        self.ask("PUT", f"{USER}/{name}/", "".join(cards).encode(), "text/vcard; charset=utf-8")

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> None:
        answer = requests.request(
            method,
            f"{self.url}/{path}",
            data=body,
            headers={"Content-Type": kind} if kind else {},
            auth=(USER.encode(), PASSWORD.encode()),
            timeout=60,
        )
        assert answer.ok, (answer.status_code, answer.text)


def card(person: Person, uid: str) -> str:
    """A person as a vCard 3.0 with more on it than we want, CRLF and all."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{person.name or ' '}"]
    lines += [f"N:{person.family};{person.given};;;", f"ORG:{person.organization}"]
    lines += [f"TITLE:{person.title}", "NOTE:Owes me a favour", f"REV:{person.updated}"]
    lines += [f"TEL;TYPE=CELL:{person.phone}"] if person.phone else []
    for address in person.addresses:
        lines.append(f"EMAIL;TYPE={address.label.upper() or 'INTERNET'}:{address.value}")
    return "\r\n".join([*lines, "END:VCARD", ""])


@contextmanager
def radicale(folder: Path) -> Iterator[Radicale]:
    """The server, gone with all its books when the block is left."""
    (port,) = free_ports(1)
    users = folder / "users"
    users.write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
    command = [sys.executable, "-m", "radicale", "--config", "", "--server-hosts"]
    command += [f"localhost:{port}", "--auth-type", "htpasswd", "--auth-htpasswd-filename"]
    command += [str(users), "--auth-htpasswd-encryption", "plain", "--auth-delay", "0"]
    command += ["--storage-filesystem-folder", str(folder / "books"), "--web-type", "none"]
    with running(command, log=folder / "radicale.log", cwd=folder) as process:

        def answers() -> bool:
            try:
                return requests.get(f"http://localhost:{port}/", timeout=2).status_code < 500
            except requests.ConnectionError:
                return False

        process.wait_until(answers, "Radicale")
        yield Radicale(port)


@dataclass
class Gate:
    """A proxy before Radicale. It lets nobody in but who shows a token that `is_alive` takes, or the
    user with the password; and it can answer something else: `faults` are taken one for each REPORT."""

    port: int = 0
    is_alive: Callable[[str], bool] = lambda token: False
    faults: list[Callable[[Any], None] | None] = field(default_factory=list)
    reports: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def name(self) -> str:
        return f"localhost:{self.port}"


@contextmanager
def gate(server: Radicale) -> Iterator[Gate]:
    """The proxy, listening."""
    mine = Gate()
    basic = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def answer(handler: Any) -> None:
        scheme, _, token = handler.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and not mine.is_alive(token):
            far_away.says(b"", 401)(handler)
            return
        if handler.command == "REPORT":
            mine.reports += 1
            fault = mine.faults.pop(0) if mine.faults else None
            if fault is not None:
                fault(handler)
                return
        headers = {
            name: handler.headers[name]
            for name in ("Depth", "Content-Type")
            if handler.headers[name]
        }
        shown = basic if scheme == "Bearer" else handler.headers.get("Authorization", "")
        got = requests.request(
            handler.command,
            f"{server.url}{handler.path}",
            data=handler.body,
            headers=headers | ({"Authorization": shown} if shown else {}),
            allow_redirects=False,
            timeout=30,
        )
        more = {
            name: got.headers[name] for name in ("Location", "Content-Type") if name in got.headers
        }
        far_away.says(got.content, got.status_code, **more)(handler)

    with far_away.server(answer) as (port, _):
        mine.port = port
        yield mine

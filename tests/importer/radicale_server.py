"""A real CardDAV server, Radicale, started from its Python package, with people in it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from sandbox.people import Person
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

"""The sandbox as a real process on free ports, for tests that talk to it as a browser, a site or
a mail server would. Needs no Django settings.
"""

import base64
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import requests

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 20.0
STOP_SECONDS = 5.0


class SandboxFailed(RuntimeError):
    """The process ended or stayed silent instead of becoming ready; the message has its words."""


@dataclass
class SandboxProcess:
    """One running sandbox. `start` it, use `url` and `smtp_port`, and `stop` it.

    `control` is the client of its fault controls, `state_dir` the folder of its database. Ports of
    0 let the sandbox choose free ones."""

    state_dir: Path
    port: int = 0
    smtp_port: int = 0
    site_urls: Sequence[str] = ("http://localhost:8000",)
    with_control: bool = True
    url: str = field(default="", init=False)
    process: subprocess.Popen[str] | None = field(default=None, init=False)

    def start(self) -> Self:
        """Start it and wait until it is ready.

        Raises SandboxFailed with what it said, if it does not get there in START_SECONDS."""
        self.process = subprocess.Popen(
            self.command(),
            cwd=ROOT,
            env=os.environ | {"SANDBOX_DATABASE": str(self.state_dir / "sandbox.sqlite3")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        _, http, smtp = self._ready_line(self.process).split()
        self.url = http
        self.port = int(http.rpartition(":")[2])
        self.smtp_port = int(smtp.rpartition(":")[2])
        return self

    def command(self) -> list[str]:
        """The command line that starts it."""
        command = [sys.executable, "-m", "sandbox", "--port", str(self.port)]
        command += ["--smtp-port", str(self.smtp_port)]
        for site_url in self.site_urls:
            command += ["--site-url", site_url]
        return command + (["--control"] if self.with_control else [])

    def _ready_line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        said: list[str] = []
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            readable, _, _ = select.select([process.stdout], [], [], 0.2)
            line = process.stdout.readline() if readable else None
            if line and line.startswith("Ready: "):
                return line
            if line == "":
                break
            said.append(line or "")
        self.stop()
        raise SandboxFailed("The sandbox did not start: " + "".join(said))

    def stop(self) -> int:
        """Ask it to end (SIGTERM) and wait; returns its exit code. Stopping twice is fine."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def control(self) -> "SandboxControl":
        """Fault orders, logs and reset."""
        return SandboxControl(self.url)

    def mails(self, to: str = "", since_id: int = 0) -> list[dict[str, Any]]:
        """The mails in the mailbox, oldest first, with `raw` as bytes."""
        answer = requests.get(
            f"{self.url}/mailbox/api/messages",
            params={"to": to, "since_id": str(since_id)},
            timeout=10,
        )
        answer.raise_for_status()
        return [mail | {"raw": base64.b64decode(mail["raw"])} for mail in answer.json()["messages"]]

    def wait_for_mails(
        self, count: int, to: str = "", since_id: int = 0, seconds: float = 10.0
    ) -> list[dict[str, Any]]:
        """The mails as soon as there are `count` of them.

        Raises TimeoutError when there are still fewer after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            mails = self.mails(to, since_id)
            if len(mails) >= count:
                return mails
            if time.monotonic() > end:
                raise TimeoutError(f"{len(mails)} of {count} mails came in {seconds} seconds.")
            time.sleep(0.05)


@dataclass(frozen=True)
class SandboxControl:
    """The sandbox's /control/ endpoints; sandbox/faults.py has the table of faults."""

    url: str

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = requests.request(method, f"{self.url}/control/{path}", json=body, timeout=10)
        if not answer.ok:
            raise ValueError(f"{answer.status_code} {answer.text}")
        return answer.json()

    def fault(self, endpoint: str, kind: str, **order: Any) -> None:
        """Order a fault, for example `fault("connections", "rate_limit", page=3)`.

        Raises ValueError with the sandbox's words when there is no such fault."""
        self._call("POST", "faults/", {"endpoint": endpoint, "kind": kind, **order})

    def faults(self) -> list[dict[str, Any]]:
        """The faults still to come."""
        return list(self._call("GET", "faults/")["faults"])

    def clear_faults(self) -> None:
        """No more faults."""
        self._call("DELETE", "faults/")

    def requests(self, endpoint: str = "", since_id: int = 0) -> list[dict[str, Any]]:
        """The API requests that were seen, oldest first."""
        seen = self._call("GET", f"requests/?since_id={since_id}")["requests"]
        return [request for request in seen if endpoint in ("", request["endpoint"])]

    def tokens(self) -> list[dict[str, Any]]:
        """The issued tokens as fingerprints, with `access_alive` and `refresh_alive`."""
        return list(self._call("GET", "tokens/")["tokens"])

    def add_redirect(self, client_id: str, redirect_uri: str) -> list[str]:
        """Register one more redirect address; returns all of that client."""
        body = {"client_id": client_id, "redirect_uri": redirect_uri}
        return list(self._call("POST", "clients/", body)["redirect_uris"])

    def reset(self) -> None:
        """Back to a fresh start."""
        self._call("POST", "reset/")


def fingerprint(token: str) -> str:
    """What the sandbox's logs hold instead of a token: its SHA-256 in hex."""
    return sha256(token.encode()).hexdigest()

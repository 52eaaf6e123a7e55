"""One command starts it, explains itself, keeps to this machine, and ends when asked."""

import smtplib
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.sandbox_process import ROOT, SandboxFailed, SandboxProcess


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_it_explains_itself() -> None:
    answer = _run("--help")

    assert answer.returncode == 0
    assert "ana@diaz.example" in answer.stdout
    assert "--site-url" in answer.stdout


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
def test_it_listens_on_this_machine_only(host: str) -> None:
    answer = _run("--host", host)

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert f"{host} is not a loopback address" in answer.stderr


@pytest.mark.parametrize("option", ["--port", "--smtp-port"])
def test_a_taken_port_is_said_in_one_sentence(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        other = "--smtp-port" if option == "--port" else "--port"

        answer = _run(option, port, other, "0")

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert f"Port {port} can't be used" in answer.stderr
    assert option in answer.stderr


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sandbox = SandboxProcess(tmp_path, port=taken.getsockname()[1])

        with pytest.raises(SandboxFailed, match="can't be used"):
            sandbox.start()


def test_it_keeps_mail_and_key_and_stops_cleanly(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path, with_control=False)

    sandbox.start()
    keys = requests.get(f"{sandbox.url}/oauth/jwks.json", timeout=10).json()
    with smtplib.SMTP("localhost", sandbox.smtp_port, timeout=10) as smtp:
        smtp.sendmail("a@site.example", ["b@example.org"], b"Subject: x\r\n\r\nx\r\n")
        # A connection that stays open must not hold up the end.
        requests.get(f"{sandbox.url}/", timeout=10, stream=True)
        start = time.monotonic()
        assert sandbox.stop() == 0
        assert time.monotonic() - start < 10  # not until the client gives up

    with sandbox:
        assert sandbox.mails()[0]["raw"] == b"Subject: x\r\n\r\nx\r\n"
        assert requests.get(f"{sandbox.url}/oauth/jwks.json", timeout=10).json() == keys


def test_without_control_nobody_orders_faults_or_deletes_mail(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path, with_control=False) as sandbox:
        for path in ("faults", "requests", "tokens", "clients", "reset"):
            assert requests.post(f"{sandbox.url}/control/{path}/", timeout=10).status_code == 404
        delete = requests.delete(f"{sandbox.url}/mailbox/api/messages", timeout=10)
        assert delete.status_code == 404


def test_a_foreign_host_name_is_refused(sandbox: SandboxProcess) -> None:
    """A page of the web whose name resolves to loopback (DNS rebinding) gets nothing."""
    answer = requests.get(sandbox.url, headers={"Host": "thief.example"}, timeout=10)

    assert answer.status_code == 400

"""What `bin/dev` does: prepares var/, then runs everything of Procfile.dev until Ctrl-C."""

from __future__ import annotations

import argparse
import base64
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bin import local_redis, sandbox_settings, virtual_environment
from bin.virtual_environment import PYTHON, ROOT

# What a start leaves in the state folder, and what it means to a person. `--reset` removes these.
KEPT = {
    "handpicked.sqlite3*": "members, contacts, invitations",
    "sandbox.*": "the sandbox's accounts, mailbox and signing key",
    "dev.env": "generated keys",
    "dkim.pem": "the key that signs mail",
    "beat*": "when each task last ran",
}
READY_SECONDS = 60
STOP_SECONDS = 15
MEMBER = ("ana@diaz.example", "handpicked-ana")
STAFF = ("staff@handpicked.example", "handpicked-staff")

DESCRIPTION = """\
Starts Handpicked on this machine: the site, a Celery worker, beat, a Redis, and a sandbox that
plays the outside world (sign-in and address books behind real OAuth, and a mailbox behind real
SMTP). Nothing leaves this machine. Ctrl-C stops it all."""
EPILOG = """\
The first start makes .venv and installs the locked requirements into it. State lives in var/: a
SQLite database, the sandbox's, and generated keys. Variables that are set already win over those
that this command would set, as in: UNDO_SECONDS=5 bin/dev. REDIS_URL and DATABASE_URL name servers
of your own. docs/settings.md explains all of them."""


def main(arguments: Sequence[str]) -> int:
    """Runs until Ctrl-C or SIGTERM. Returns the exit code."""
    options = _parse(arguments)
    try:
        return _start(options)
    except KeyboardInterrupt:
        print("\nStopped.", flush=True)
        return 130


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/dev",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8000,
        metavar="N",
        help="the site's port (8000); the sandbox takes the next one, its SMTP server N + 25",
    )
    parser.add_argument(
        "--state", type=Path, default=ROOT / "var", metavar="DIR", help="where state lives (var/)"
    )
    parser.add_argument(
        "--reset", action="store_true", help="start over: remove what earlier starts left in var/"
    )
    options = parser.parse_args(arguments)
    if not 1024 <= options.port <= 65000:
        parser.error("--port must lie between 1024 and 65000")
    return options


def _start(options: argparse.Namespace) -> int:
    ports = {
        "SITE_PORT": options.port,
        "SANDBOX_PORT": options.port + 1,
        "SMTP_PORT": options.port + 25,
    }
    for port in ports.values():
        if _is_taken(port):
            sys.exit(
                f"Port {port} is taken. Stop what uses it, or choose others: "
                f"bin/dev --port {options.port + 100}"
            )
    virtual_environment.enter()

    state: Path = options.state.resolve()
    (state / "static").mkdir(parents=True, exist_ok=True)
    with _alone_in(state):
        (state / "worker.pid").unlink(missing_ok=True)
        if options.reset:
            _reset(state)
        environment = _environment(state, ports)
        processes = ["sandbox", "web", "worker", "beat"]
        if "REDIS_SERVER" in environment:
            processes.insert(0, "redis")
        print("Preparing the database", flush=True)
        prepare = [sys.executable, "-m", "bin.development_data"]
        if subprocess.run(prepare, cwd=ROOT, env=environment, check=False).returncode:  # noqa: S603
            sys.exit("The database could not be prepared. The words above say why.")
        return _run(processes, environment, state)


def _is_taken(port: int) -> bool:
    """True when something listens on the port, on either of localhost's addresses."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with closing(socket.socket(family)) as caller:
                if caller.connect_ex((host, port)) == 0:
                    return True
        except OSError:
            continue  # a machine without IPv6
    return False


@contextmanager
def _alone_in(state: Path) -> Iterator[None]:
    """Two starts in one folder would share a database and send each other's mail."""
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(
                f"bin/dev runs in {state} already. Stop it, or choose another folder with --state."
            )
        yield


def _reset(state: Path) -> None:
    for pattern, meaning in KEPT.items():
        found = sorted(state.glob(pattern))
        for path in found:
            path.unlink()
        if found:
            print(f"Removed {', '.join(path.name for path in found)} ({meaning})")
    if os.environ.get("DATABASE_URL"):
        print("Left alone: the database of DATABASE_URL")


def _environment(state: Path, ports: dict[str, int]) -> dict[str, str]:
    """Everything the processes read: what is set already, then the kept keys, then the defaults."""
    site, sandbox = (f"http://localhost:{ports[name]}" for name in ("SITE_PORT", "SANDBOX_PORT"))
    found = {
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SITE_URL": site,
        "POSTAL_ADDRESS": "1 Example Street, 1000 Example",
        "INVITATIONS_ADDRESS": "invitations@handpicked.example",
        "UNDO_SECONDS": "60",
        "OUTCOME_SECONDS": "10",
        "DATABASE_URL": f"sqlite:///{state / 'handpicked.sqlite3'}",
        **sandbox_settings.connected_to(sandbox, ports["SMTP_PORT"]),
        **_keys(state / "dev.env"),
        **dkim(state / "dkim.pem"),
        **os.environ,
        # These are what makes it bin/dev.
        "DEVELOPMENT": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SANDBOX_DATABASE": str(state / "sandbox.sqlite3"),
        "STATE_DIR": str(state),
        "STATIC_ROOT": str(state / "static"),
        "LEDGER_HEAD_FILE": str(state / "ledger-head.txt"),
        "PATH": os.pathsep.join([str(PYTHON.parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        **{name: str(port) for name, port in ports.items()},
    }
    if "REDIS_URL" not in found:
        server = local_redis.server()
        if server is None:
            sys.exit(local_redis.HOW_TO_GET_ONE)
        path = local_redis.socket_path(state)
        path.unlink(missing_ok=True)
        found |= {
            "REDIS_SERVER": server,
            "REDIS_SOCKET": str(path),
            "REDIS_URL": f"redis+socket://{path}",
        }
    return found


def _keys(path: Path) -> dict[str, str]:
    """The generated keys, the same at every start: new ones would break links and stored data."""
    kept = path.read_text() if path.exists() else ""
    keys = dict(line.split("=", 1) for line in kept.splitlines())
    for name in ("SECRET_KEY", "TOKEN_KEY", "ADDRESS_KEY"):
        keys.setdefault(name, secrets.token_urlsafe(48))
    # As Fernet wants it, and 32 bytes in base64.
    keys.setdefault("GRANT_KEYS", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    keys.setdefault("LEDGER_KEY", base64.b64encode(secrets.token_bytes(32)).decode())
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={key}\n" for name, key in keys.items()))
    return keys


def dkim(path: Path) -> dict[str, str]:
    """The site's signing key, the same at every start, and its DNS record, which the sandbox plays."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from invites import signing

    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(
            Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    record = signing.load("dev", path.read_bytes()).record
    if os.environ.get("MAIL_PROVIDER"):  # which signs
        return {}
    return {"DKIM_KEYS": f"dev:{path}", "SANDBOX_DKIM_RECORD": record}


def _run(processes: list[str], environment: dict[str, str], state: Path) -> int:
    """Runs the processes under honcho until one of them or a person ends it."""
    command = [sys.executable, "-m", "honcho", "start", "--env", os.devnull]
    # A session of its own: Ctrl-C reaches this process alone, which stops the others in order.
    honcho = subprocess.Popen(  # noqa: S603
        [*command, "--procfile", str(ROOT / "Procfile.dev"), *processes],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: asked.append(received))

    worker_pid = state / "worker.pid"
    ready, give_up = False, time.monotonic() + READY_SECONDS
    while honcho.poll() is None and not asked:
        if not ready and worker_pid.exists() and _answers(environment):
            ready = True
            print(_welcome(environment), flush=True)
        elif not ready and time.monotonic() > give_up:
            print(f"The site did not answer within {READY_SECONDS} s. The log above says why.")
            break
        time.sleep(0.2)

    stopped_by_itself = honcho.poll() is not None
    _stop(honcho, worker_pid)
    _forget_socket(environment, state)
    if asked:
        print("Stopped.", flush=True)
        return 0
    if stopped_by_itself:
        print("A process ended, so all were stopped. The log above says which and why.")
    return 1


def _answers(environment: dict[str, str]) -> bool:
    """True when site and sandbox answer over HTTP and the mailbox accepts connections."""
    for name in ("SITE_PORT", "SANDBOX_PORT"):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{environment[name]}/", timeout=5):
                pass
        except (urllib.error.URLError, OSError):
            return False
    return _is_taken(int(environment["SMTP_PORT"]))


def _welcome(environment: dict[str, str]) -> str:
    site, sandbox = environment["SITE_URL"], f"http://localhost:{environment['SANDBOX_PORT']}"
    return f"""
Ready: {site}
  member   {MEMBER[0]}, password {MEMBER[1]}
  staff    {STAFF[0]}, password {STAFF[1]}, at {site}/admin/
  mailbox  {sandbox}/mailbox/ (every mail lands here, none leaves this machine)
  sandbox  {sandbox} (address books to connect; its accounts are listed there)
Ctrl-C stops everything.
"""


def _stop(honcho: subprocess.Popen[bytes], worker_pid: Path) -> None:
    """Lets the worker finish the mail in its hands, then ends the rest.

    honcho ends everything as soon as one process has ended, and would end the worker's children in
    the middle of a mail. So the worker is asked first, and alone.
    """
    if honcho.poll() is None:
        try:
            os.kill(int(worker_pid.read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            honcho.terminate()
    try:
        honcho.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        honcho.terminate()
        honcho.wait()


def _forget_socket(environment: dict[str, str], state: Path) -> None:
    if "REDIS_SOCKET" in environment:
        path = Path(environment["REDIS_SOCKET"])
        path.unlink(missing_ok=True)
        if path.parent != state:
            path.parent.rmdir()  # the short folder made for it

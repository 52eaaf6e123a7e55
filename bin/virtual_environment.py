"""Makes .venv from the two locks and goes on inside it. Needs nothing but the standard library."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
STAMP = VENV / "locks.sha256"


def enter() -> None:
    """Returns inside an up-to-date .venv. From outside, the same command is run again in it.

    Ends the process with a sentence when .venv can't be made.
    """
    if STAMP.exists() and PYTHON.exists() and STAMP.read_text() == _fingerprint():
        if Path(sys.prefix).resolve() == VENV.resolve():
            return
    else:
        _make()
    os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606


def _fingerprint() -> str:
    """Tells one pair of locks from another."""
    digest = hashlib.sha256()
    for lock in LOCKS:
        digest.update(lock.read_bytes())
    return digest.hexdigest()


def _make() -> None:
    started = time.monotonic()
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        number = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"This Python {number} has no venv module. Install it and start again; "
            f"on Debian and Ubuntu: apt install python{number}-venv"
        )
    if not (VENV / "bin" / "pip").exists():
        print("Making .venv", flush=True)
        _run([sys.executable, "-m", "venv", str(VENV)])
    wanted = sum(lock.read_text().count("==") for lock in LOCKS)
    print(f"Installing up to {wanted} packages into .venv", end="", flush=True)
    _run(
        [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--disable-pip-version-check"]
        + ["--no-input", "--progress-bar", "off"]
        + [part for lock in LOCKS for part in ("-r", str(lock))]
    )
    print(f" done, {time.monotonic() - started:.0f} s", flush=True)
    STAMP.write_text(_fingerprint())


def _run(command: list[str]) -> None:
    """Runs it with a dot for every tenth line. Its words are shown only when it fails."""
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if len(said) % 10 == 0:
                print(".", end="", flush=True)
    if process.returncode:
        print("\n" + "".join(said[-20:]), file=sys.stderr)
        sys.exit(
            f"Could not make .venv: `{' '.join(command[:4])} …` failed. Its last words are above."
        )

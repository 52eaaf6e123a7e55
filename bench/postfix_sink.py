"""Postfix's smtp-sink, the fastest SMTP server there is for throwing mail away."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bin.virtual_environment import ROOT
from tests import servers

CACHE = ROOT / "var" / "postfix"
HOW_TO_GET_IT = (
    "bin/bench sends to Postfix's smtp-sink, and none was found. On Debian and Ubuntu: "
    "apt install postfix; elsewhere put Postfix's smtp-sink on the PATH."
)


def find_or_unpack() -> Path:
    """An installed smtp-sink, else the one of Debian's package, unpacked in var/ without installing.

    Ends the process with a sentence when there is none.
    """
    unpacked = CACHE / "usr" / "sbin" / "smtp-sink"
    installed = shutil.which("smtp-sink", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
    if installed:
        return Path(installed)
    if not unpacked.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        CACHE.mkdir(parents=True, exist_ok=True)
        print("Unpacking Postfix's smtp-sink", flush=True)
        quiet: dict[str, Any] = {"cwd": CACHE, "check": False, "capture_output": True}
        subprocess.run(["apt-get", "download", "-qq", "postfix"], **quiet)
        for package in CACHE.glob("postfix_*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(CACHE)], **quiet)
    if not unpacked.exists():
        sys.exit(HOW_TO_GET_IT)
    return unpacked


@contextmanager
def smtp_sink(folder: Path) -> Iterator[int]:
    """A running smtp-sink on 127.0.0.1; gives its port. It announces PIPELINING, as Postfix does."""
    program = find_or_unpack()
    [port] = servers.free_ports(1)
    command = [str(program), f"127.0.0.1:{port}", "100"]
    if os.geteuid() == 0:
        command[1:1] = ["-u", "nobody"]  # it refuses to run as root
    libraries = {"LD_LIBRARY_PATH": str(CACHE / "usr" / "lib" / "postfix")}
    env = os.environ | (libraries if CACHE in program.parents else {})
    with servers.running(command, log=folder / "sink.log", env=env) as process:
        process.wait_until(lambda: _listens(port), "smtp-sink")
        yield port


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0

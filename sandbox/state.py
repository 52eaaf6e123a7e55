"""What the sandbox keeps between two starts: a database file and a signing key beside it.

Imports nothing of Django, so that the settings and the command line can both use it.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def database_path() -> Path:
    """The SQLite file, from SANDBOX_DATABASE, else var/sandbox.sqlite3 in the working folder."""
    return Path(os.environ.get("SANDBOX_DATABASE") or "var/sandbox.sqlite3").absolute()


def key_path() -> Path:
    """The RSA key that signs ID tokens. It lives beside the database and is never committed."""
    return database_path().with_suffix(".oidc-key.pem")


def read_key() -> str:
    """The signing key as PEM, or an empty string before the first start."""
    path = key_path()
    return path.read_text("ascii") if path.exists() else ""


def prepare() -> None:
    """Make the state folder and the signing key, unless they are there already."""
    database_path().parent.mkdir(parents=True, exist_ok=True)
    path = key_path()
    if path.exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Written aside and renamed: a start that is killed half-way must not leave half a key.
    unfinished = path.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(pem)
    unfinished.replace(path)


def forget() -> None:
    """Remove database and key: the next start begins with an empty world."""
    database = database_path()
    for path in (database, Path(f"{database}-wal"), Path(f"{database}-shm"), key_path()):
        path.unlink(missing_ok=True)

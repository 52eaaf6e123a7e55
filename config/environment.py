"""Reads the environment and refuses to start on an unsafe one. Used by config.settings alone."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, MultiFernet
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from importer.sources import KINDS, typed
from importer.sources.contract import Source

KEY_BYTES = 32
LONGEST_LABEL = 60
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def required(env: Env, name: str, purpose: str) -> str:
    """The variable's text. Raises ImproperlyConfigured with a sentence when it is missing or empty."""
    value = str(env.str(name, ""))
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. It is {purpose}. See docs/settings.md.")
    return value


def secret(env: Env, name: str, purpose: str) -> bytes:
    """A key of at least 32 characters, as bytes. Raises ImproperlyConfigured otherwise."""
    return _long_enough(name, required(env, name, purpose))


def old_keys(env: Env, name: str) -> list[bytes]:
    """Keys that were used before, separated by commas; none is fine. Raises ImproperlyConfigured."""
    texts = [text.strip() for text in str(env.str(name, "")).split(",")]
    return [_long_enough(name, text) for text in texts if text]


def _long_enough(name: str, value: str) -> bytes:
    if len(value) < KEY_BYTES:
        raise ImproperlyConfigured(
            f"{name} has {len(value)} characters, at least {KEY_BYTES} are needed. "
            'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return value.encode()


def refuse_equal_keys(keys: dict[str, bytes | list[bytes]]) -> None:
    """Each key has one job; a copied one would have two. Raises ImproperlyConfigured."""
    owner: dict[bytes, str] = {}
    for name, value in keys.items():
        for key in value if isinstance(value, list) else [value]:
            if key in owner:
                both = f"{owner[key]} and {name} are the same key"
                if owner[key] == name:
                    both = f"{name} names one key twice"
                raise ImproperlyConfigured(f"{both}. Each needs a key of its own.")
            owner[key] = name


def fernet_keys(env: Env, name: str, purpose: str) -> list[bytes]:
    """Fernet keys, separated by commas. Raises ImproperlyConfigured when one is not a Fernet key."""
    keys = [key.strip().encode() for key in required(env, name, purpose).split(",")]
    try:
        MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} holds something that is not a Fernet key. Make one with: python -c "
            '"from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        ) from None
    return keys


def ledger_key(env: Env, name: str) -> bytes:
    """The 32 bytes of an Ed25519 key in base64, or none. Raises ImproperlyConfigured otherwise."""
    try:
        seed = base64.b64decode(env.str(name, ""), validate=True)
    except binascii.Error:
        seed = b"?"
    if len(seed) not in (0, KEY_BYTES):
        raise ImproperlyConfigured(
            f"{name} is not 32 bytes in base64. Make one with: python -c "
            '"import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())"'
        )
    return seed


def webhook(env: Env, name: str, *, development: bool) -> str:
    """An address of the operator's own to which something is posted; "" without one.

    Raises ImproperlyConfigured for one that is not https, except in development.
    """
    url = str(env.str(name, ""))
    parts = urlsplit(url)
    secure = parts.scheme == "https" or (development and parts.scheme == "http")
    if url and not (secure and parts.hostname):
        raise ImproperlyConfigured(f"{name} must begin with https:// and name a host.")
    return url


def webhook_secrets(env: Env, name: str, url: str) -> list[bytes]:
    """What is posted to `url` is signed with these: `whsec_` and base64, separated by commas.

    Raises ImproperlyConfigured when one is missing, or has not the 24 to 64 bytes of the standard.
    """
    if not url:
        return []
    found = []
    for one in required(env, name, "what signs the posts to STAFF_WEBHOOK_URL").split(","):
        try:
            secret = base64.b64decode(one.strip().removeprefix("whsec_"), validate=True)
        except binascii.Error:
            secret = b""
        if not one.strip().startswith("whsec_") or not 24 <= len(secret) <= 64:
            raise ImproperlyConfigured(
                f"{name} is not whsec_ and 24 to 64 bytes in base64. Make one with: python -c "
                "\"import base64, secrets; print('whsec_' + "
                'base64.b64encode(secrets.token_bytes(32)).decode())"'
            )
        found.append(secret)
    return found


def sources(env: Env) -> dict[str, Source]:
    """The address books named in SOURCES (comma-separated), each from its SOURCE_<NAME>_… ones.

    What the environment leaves out is the provider's own. Raises ImproperlyConfigured.
    """
    found: dict[str, Source] = {}
    names: list[str] = env.list("SOURCES", [])
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or name == typed.NAME:
            raise ImproperlyConfigured(
                f"SOURCES names {name!r}: use lower-case letters and digits, not {typed.NAME!r}."
            )
        prefix = f"SOURCE_{name.upper()}_"
        kind_name = env.str(prefix + "KIND", name)
        if kind_name not in KINDS:
            raise ImproperlyConfigured(
                f"{prefix}KIND is {kind_name!r}. There are: {', '.join(sorted(KINDS))}."
            )
        kind = KINDS[kind_name]
        label = env.str(prefix + "LABEL", kind.provider)
        if not label or len(label) > LONGEST_LABEL:
            raise ImproperlyConfigured(
                f"{prefix}LABEL must have 1 to {LONGEST_LABEL} characters: people read it."
            )
        issuer = env.str(prefix + "ISSUER", "")
        client_id = env.str(prefix + "CLIENT_ID", "")
        client_secret = env.str(prefix + "CLIENT_SECRET", "")
        if client_id or kind.own_server is None:
            required(env, prefix + "CLIENT_ID", f"the OAuth client id for {name}")
            required(env, prefix + "CLIENT_SECRET", f"the OAuth secret for {name}")
            for own, variable in (
                (kind.authorize_url, "AUTHORIZE_URL"),
                (kind.token_url, "TOKEN_URL"),
                (kind.api_url, "API_URL"),
            ):
                if not own:
                    required(env, prefix + variable, f"an address of the server for {name}")
        found[name] = Source(
            name=name,
            kind=kind_name,
            label=label,
            client_id=client_id,
            client_secret=client_secret,
            authorize_url=env.str(prefix + "AUTHORIZE_URL", kind.authorize_url),
            token_url=env.str(prefix + "TOKEN_URL", kind.token_url),
            revoke_url=env.str(prefix + "REVOKE_URL", kind.revoke_url),
            api_url=env.str(prefix + "API_URL", kind.api_url).rstrip("/"),
            issuer=issuer or kind.issuer,
            iss_required=bool(issuer),
            noun=kind.noun,
            scope=env.str(prefix + "SCOPE", kind.scope),
        )
    return found


def private_servers(env: Env, *, development: bool) -> frozenset[str]:
    """PRIVATE_SERVERS: host:port of servers on this machine that members may name all the same.

    Raises ImproperlyConfigured anywhere but in development: whoever may sign up would reach them.
    """
    found: list[str] = env.list("PRIVATE_SERVERS", [])
    if found and not development:
        raise ImproperlyConfigured(
            "PRIVATE_SERVERS is set. It opens private servers to every member, and is for development "
            "and tests only. Unset it."
        )
    for one in found:
        if not re.fullmatch(r"[^:/@\s]+:\d{1,5}", one):
            raise ImproperlyConfigured(
                f"PRIVATE_SERVERS names {one!r}: write each as host:port, separated by commas."
            )
    return frozenset(found)


def name_server(env: Env) -> tuple[str, int] | None:
    """DNS_SERVER as `address` or `address:port`; None without it. Raises ImproperlyConfigured."""
    given = str(env.str("DNS_SERVER", ""))
    found = re.fullmatch(r"([0-9.]+|\[[0-9a-fA-F:]+\])(?::([0-9]{1,5}))?", given)
    if given and not found:
        raise ImproperlyConfigured(
            f"DNS_SERVER is {given!r}: use an IP address, as in 192.0.2.53 or 192.0.2.53:5353."
        )
    return (found[1].strip("[]"), int(found[2] or 53)) if found else None


def refuse_loose_ends(
    *, development: bool, hosts: list[str], site_url: str, outside: list[str]
) -> None:
    """Stops the start when a production is half a sandbox, or a development is open to the world.

    `outside` are the addresses of the providers. Raises ImproperlyConfigured with a sentence.
    """
    if development:
        strangers = [host for host in hosts if host.strip("[]") not in LOOPBACK]
        if strangers:
            raise ImproperlyConfigured(
                f"DEVELOPMENT is on, but ALLOWED_HOSTS names {strangers[0]}. "
                "Unset DEVELOPMENT where other people can reach the site."
            )
        return
    if "*" in hosts:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS is *. Name the site's hosts, separated by commas."
        )
    if not site_url.startswith("https://"):
        raise ImproperlyConfigured(f"SITE_URL is {site_url}. It must begin with https://.")
    for url in outside:
        if url and (not url.startswith("https://") or urlsplit(url).hostname in LOOPBACK):
            raise ImproperlyConfigured(
                f"A provider's address is {url}: that is a sandbox. Remove it from SOURCES or "
                "SIGN_IN_SERVER_URL; in production every provider is reached by https."
            )


def database(env: Env, state_dir: Path) -> dict[str, Any]:
    """Django's DATABASES entry: DATABASE_URL for PostgreSQL, else SQLite in `state_dir`.

    SQLite waits 20 s for its one writer, takes the write lock at BEGIN, and flushes every commit to
    the disk: a mail's outcome must survive a power cut. Raises ImproperlyConfigured for any other
    kind: the guards are written for these two.
    """
    url = env.str("DATABASE_URL", "")
    if url and not url.startswith("sqlite:"):
        found = env.dj_db_url("DATABASE_URL")
        if found["ENGINE"] != "django.db.backends.postgresql":
            raise ImproperlyConfigured("DATABASE_URL must begin with postgresql:// or sqlite:///.")
        return {**found, "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    state_dir.mkdir(exist_ok=True)
    path = url.removeprefix("sqlite:///")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path or str(state_dir / "handpicked.sqlite3"),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        },
    }

"""An address book on a server that the member names, opened with a password or token that they type.

The password lives where tokens live: encrypted, for one import or look-up, an hour at most. It is in no
log, no session, no ledger entry, and no page shows it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache

from importer import actions
from importer.models import Import, Purpose
from importer.sources import KINDS, connection, server_address
from importer.sources.contract import (
    PROBLEMS,
    Access,
    AccessRevoked,
    KnownServer,
    Redirected,
    Source,
    SourceError,
)
from importer.sources.server_address import BadAddress

SECONDS = 20.0  # for finding the address book, while the member waits
MOST_TRIES, TRY_SECONDS = 10, 600  # of one member: we are nobody's tool for trying out passwords


@dataclass(frozen=True, slots=True)
class Typed:
    """What the member typed. `known` is a key of the kind's known servers, or "" for `server`."""

    known: str
    server: str
    user: str
    secret: str = field(repr=False)


class NotOpened(Exception):
    """There is no access: a sentence, and the name of the field that it is about ("" for all)."""

    def __init__(self, about: str, sentence: str) -> None:
        super().__init__(sentence)
        self.about, self.sentence = about, sentence


def connect(
    *,
    member: AbstractBaseUser,
    source: Source,
    typed: Typed,
    purpose: Purpose,
    continues: UUID | None = None,
) -> Import:
    """Finds the address book, and begins to read it or to look people up in it. Raises NotOpened."""
    kind = KINDS[source.kind]
    assert kind.own_server is not None
    actions.touch(member)
    known = kind.own_server.known.get(typed.known)
    try:
        start = server_address.read(known.url if known else typed.server, settings.PRIVATE_SERVERS)
    except BadAddress as refusal:
        raise NotOpened("server", str(refusal)) from None
    if not typed.user and not kind.own_server.takes_token:
        raise NotOpened("user", "Type your user name. It is often your e-mail address.")
    _count_try(member)
    family = known.family if known else ""
    access = Access(typed.secret, typed.user, start.url, family)
    try:
        with connection.opened(access, "", kind.headers, seconds=SECONDS) as server:
            home = kind.own_server.find(server, start.url)
    except SourceError as error:
        raise _not_opened(error, start.host, known) from None
    token = {"access_token": typed.secret, "user": typed.user, "server": home, "family": family}
    label = f"{known.name} {kind.noun}" if known else source.book
    return actions.begin(
        member=member,
        source=source,
        label=label,
        token=token,
        purpose=purpose,
        continues=str(continues or ""),
    )


def _count_try(member: AbstractBaseUser) -> None:
    key = f"own-server-tries-{member.pk}"
    cache.add(key, 0, TRY_SECONDS)
    if cache.incr(key) > MOST_TRIES:
        raise NotOpened("", "These were many tries in a short time. Wait ten minutes, then go on.")


def _not_opened(error: SourceError, host: str, known: KnownServer | None) -> NotOpened:
    """What went wrong, in words that give away nothing but what the member typed."""
    if isinstance(error, AccessRevoked):
        return NotOpened(
            "secret",
            f"{known.name if known else host} did not accept this. Check the user name, and that it is "
            "an app password or token rather than the password that you sign in with.",
        )
    if isinstance(error, Redirected):
        sentence = f"{host} sends us to another server, and we don’t take your password there."
        try:
            elsewhere = server_address.read(error.to, settings.PRIVATE_SERVERS)
        except BadAddress:
            return NotOpened("server", sentence)
        return NotOpened("server", f"{sentence} If {elsewhere.host} is yours, too, type that.")
    about = "server" if error.code in ("not_public", "no_book") else ""
    return NotOpened(about, PROBLEMS[error.code].format(provider=host))

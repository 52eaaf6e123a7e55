"""The pages of `bin/bench alike`, each asked for a stranger, a member and somebody who is suppressed."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from invites import outbox
from invites.actions import confirming
from invites.actions.suppressing import Reason, suppress
from invites.models import Invitation
from tests import people
from tests.smtp_sink import smtp_sink

STRANGER, MEMBER, SUPPRESSED = "stranger", "member", "suppressed"
OTHERS = (MEMBER, SUPPRESSED)
NUMBERS = {STRANGER: 1, MEMBER: 2, SUPPRESSED: 3}
BACKEND = "django.contrib.auth.backends.ModelBackend"
PASSWORD = "a long enough pass phrase"
ANSWERS = {"sent": 200, "stop": 200}  # the other pages lead on when all is well
_CHANGING = re.compile(
    r'name="csrfmiddlewaretoken" value="[^"]+"'  # of the form, another each time
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"  # ids that mean nothing
    r"|(?<=class=\"fingerprint\">)[0-9a-f]{8}"
    r"|<time .*?</time>"  # the senders confirmed one after the other
    r"|\('(?:Expires|Content-Length)', '[^']*'\)"
)


@dataclass(slots=True)
class Measured:
    """Times in seconds, and how many pairs had the same bytes."""

    strangers: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    same: int = 0


class Pages:
    """A site with three equal senders, one for each kind of person, who differ in a digit alone."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._paths: dict[str, str] = {}
        self._chosen: dict[str, int] = {}
        self._fingerprints: dict[str, str] = {}
        self._requests: dict[str, Callable[[str], Any]] = {
            "type": self._type,
            "choose": self._choose,
            "confirm": self._confirm,
            "sent": lambda kind: self._clients[kind].get(self._paths[kind]),
            "stop": lambda kind: _browser().post("/stop/", {"address": address(kind)}),
            "reset": lambda kind: _browser().post(
                "/accounts/password/reset/", {"email": address(kind)}
            ),
            "sign-up": self._sign_up,
        }
        self.names = list(self._requests)

    def __enter__(self) -> Pages:
        call_command("createcachetable")
        member = people.member("Mem Ber", address(MEMBER))
        member.set_password(PASSWORD)
        member.save()
        suppress(address(SUPPRESSED), reason=Reason.OWNER)
        for kind, number in NUMBERS.items():
            self._sender(kind, f"sender{number}@diaz.example", f"earlier{number}@diaz.example")
        self._clients["typing"] = _browser()
        self._clients["typing"].force_login(people.member("Ana Diaz"), backend=BACKEND)
        self._send()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not connection.in_atomic_block:
            connection.close()

    def _sender(self, kind: str, email: str, earlier: str) -> None:
        """Two accounts: one with a mail that has left, one in whose draft the person is reviewed."""
        sender = people.member("Ana Diaz", earlier)
        people.reviewed(sender, "Bea Sousa", address(kind))
        self._paths[kind] = f"/invitations/sent/{people.confirm(sender).uid}/"
        self._clients[kind] = _browser()
        self._clients[kind].force_login(sender, backend=BACKEND)
        drafting = people.member("Ana Diaz", email)
        people.reviewed(drafting, "Bea Sousa", address(kind))
        self._fingerprints[kind] = confirming.check(member=drafting).fingerprint
        self._drafting(kind).force_login(drafting, backend=BACKEND)
        choosing = people.member("Ana Diaz", email.replace("sender", "chooses"))
        self._chosen[kind] = people.contact(choosing, "Bea Sousa", address(kind)).pk
        self._clients[f"{kind} choosing"] = _browser()
        self._clients[f"{kind} choosing"].force_login(choosing, backend=BACKEND)

    def _drafting(self, kind: str) -> Client:
        return self._clients.setdefault(f"{kind} drafting", _browser())

    def _send(self) -> None:
        with smtp_sink() as sink:
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
            outbox.send_due()
        states = set(Invitation.objects.exclude(batch=None).values_list("state", flat=True))
        assert states == {"sent", "requested", "blocked"}, states

    def _type(self, kind: str) -> Any:
        return self._clients["typing"].post(
            "/contacts/type/", {"name": "Bea Sousa", "address": address(kind)}
        )

    def _choose(self, kind: str) -> Any:
        person = self._chosen[kind]
        return self._clients[f"{kind} choosing"].post(
            "/invitations/choose/", {"shown": person, "person": person}
        )

    def _confirm(self, kind: str) -> Any:
        return self._drafting(kind).post(
            "/invitations/check/", {"fingerprint": self._fingerprints[kind]}
        )

    def _sign_up(self, kind: str) -> Any:
        asked = {"first_name": "Bea", "last_name": "Sousa", "password1": PASSWORD}
        return _browser().post("/accounts/signup/", asked | {"email": address(kind)})

    def ask(self, name: str, kind: str) -> tuple[float, bytes]:
        """One request, rolled back: its time, and its bytes but for what differs by itself."""
        with transaction.atomic():
            started = time.perf_counter()
            answer = self._requests[name](kind)
            took = time.perf_counter() - started
            transaction.set_rollback(True)
        assert answer.status_code == ANSWERS.get(name, 302), (name, answer.status_code)
        said = f"{answer.status_code} {sorted(answer.headers.items())} {answer.content.decode()}"
        said = _CHANGING.sub("~", said.replace(str(NUMBERS[kind]) + "@", "~@"))
        return took, said.encode()

    def queries(self, name: str, kind: str) -> list[str]:
        """How each statement of one request begins: the same code path has the same list."""
        said: list[str] = []

        def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if "SAVEPOINT" not in sql:  # each has a name of its own
                said.append(sql[:60])
            return execute(sql, params, many, context)

        with connection.execute_wrapper(listen):
            self.ask(name, kind)
        return said

    def compare(self, name: str, other: str, pairs: int, chance: random.Random) -> Measured:
        """So many pairs, each in an order drawn by lot."""
        measured = Measured()
        for kind in (STRANGER, other):  # templates and the like are read once
            self.ask(name, kind)
        for _ in range(pairs):
            answers = {}
            for kind in chance.sample([STRANGER, other], 2):
                took, answers[kind] = self.ask(name, kind)
                (measured.strangers if kind == STRANGER else measured.others).append(took)
            measured.same += answers[STRANGER] == answers[other]
        return measured


def _browser() -> Client:
    return Client(SERVER_NAME="localhost")


def address(kind: str) -> str:
    """They differ in a digit, so that nothing can be told by their length."""
    return f"bea{NUMBERS[kind]}@norte.example"

"""The people in `bin/races`: who stops which mail at which moment, and what the mail server saw."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from django.db import DatabaseError
from django.test import RequestFactory

from bench import confirmed
from invites import scopes, tokens
from invites.actions import answering, leaving, taking_back
from invites.actions.holding import hold, lift
from invites.actions.suppressing import Reason, suppress
from invites.consent import State
from invites.models import Invitation
from invites.recipients import views
from invites.recipients.models import AnswerKind
from ledger import clock
from ledger.subjects import of_member

ALONE = "left alone"
MOMENTS = ("WAITING", "WAITING", "WAITING", "MAIL", "RCPT", "DATA", "DOT", "TAKEN", "REFUSED")
ON_THE_WAY = [State.CONFIRMED, State.CLAIMED, State.SENDING]
TOOK_IT_BUT = "451 try again later"


def _stop(invitation: Invitation) -> bool:
    request = RequestFactory().post("/", {"stop": "everyone"})
    return views.stop(request, token=tokens.token(invitation.uid)).status_code == 302


def _cancel(invitation: Invitation) -> bool:
    batch = invitation.batch
    assert batch is not None
    done = taking_back.take_back(member=invitation.sender, batch=batch, uid=invitation.uid)
    return done.taken_back == 1


# Each returns whether the page says "done".
WAYS: dict[str, Callable[[Invitation], bool]] = {
    "stopped": _stop,
    "suppressed": lambda one: suppress(one.recipient_address, reason=Reason.STAFF),
    "declined": lambda one: answering.give(token=tokens.token(one.uid), kind=AnswerKind.DECLINED),
    "withdrawn": lambda one: taking_back.withdraw(member=one.sender, uid=one.uid),
    "cancelled": _cancel,
}


@dataclass(slots=True)
class Race:
    """One mail: who wants to stop it, when, and what happened at which moment of one clock."""

    invitation: Invitation
    way: str
    moment: str
    pause: float
    started: bool = False
    done_at: float | None = None
    data_at: list[float] = field(default_factory=list)
    taken: int = 0

    @property
    def began_after_done(self) -> bool:
        """What must never be."""
        return self.done_at is not None and any(at > self.done_at for at in self.data_at)


class Racers:
    """Threads that stop mails, and the mail server's side of every race."""

    def __init__(self, chance: random.Random, *, hasty: bool) -> None:
        self._chance = chance
        self._races: dict[str, Race] = {}
        self._finished: list[Race] = []
        self._pool = ThreadPoolExecutor(max_workers=6)
        self._running: list[Future[None]] = []
        self._errors: list[str] = []
        self._restless = 0
        self._moments, self._pause = MOMENTS, 0.008
        if hasty:
            leaving._wait = lambda which: None
            self._moments, self._pause = ("MAIL", "RCPT"), 0.3  # where haste shows

    def __enter__(self) -> Racers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def race(self, first: int, count: int, *, seconds: float) -> None:
        """So many invitations, from their confirmation until each has come to rest."""
        staff = of_member(0)
        hold(scopes.SITE, reason="races are being set up", actor=staff)
        confirmed.make(count, start=first)
        self._races = {
            one.recipient_address: self._drawn(number, one, count)
            for number, one in enumerate(
                Invitation.objects.select_related("sender", "batch")
                .filter(state=State.CONFIRMED)
                .order_by("id")
            )
        }
        lift(scopes.SITE, reason="races begin", actor=staff)
        began = time.monotonic()
        waiting = sorted(
            (race for race in self._races.values() if race.moment == "WAITING"),
            key=lambda race: race.pause,
        )
        second_look = 0.0
        while (waiting or self._is_moving()) and time.monotonic() < began + seconds:
            while waiting and time.monotonic() > began + waiting[0].pause:
                self._start(waiting.pop(0), 0)
            if time.monotonic() > second_look:
                # Second attempts are due at once; a site waits for minutes.
                Invitation.objects.filter(
                    state=State.CONFIRMED, attempts__gt=0, send_after__gt=clock.now()
                ).update(send_after=clock.now())
                second_look = time.monotonic() + 0.3
            time.sleep(0.02)
        self._restless += Invitation.objects.filter(state__in=ON_THE_WAY).count()
        self._finished += self._races.values()
        self._running.clear()

    def _drawn(self, number: int, invitation: Invitation, total: int) -> Race:
        way = ALONE if number % 10 == 9 else self._chance.choice(list(WAYS))
        moment, pause = self._chance.choice(self._moments), self._chance.uniform(0, self._pause)
        return Race(invitation, way, moment, pause)

    def _is_moving(self) -> bool:
        racing = any(not one.done() for one in self._running)
        return racing or Invitation.objects.filter(state__in=ON_THE_WAY).exists()

    def answer(self, verb: str, recipient: str) -> str | None:
        """The mail server's answer at each step, and the starting gun."""
        race = self._races.get(recipient)
        if race is None:
            return None
        if verb == "DATA":
            race.data_at.append(time.monotonic())
        refuses = verb == "TAKEN" and race.moment == "REFUSED" and race.taken == 0
        if verb == "TAKEN":
            race.taken += 1
        if verb == race.moment or refuses:
            self._start(race, race.pause if refuses else 0)
            time.sleep(race.pause)
        return TOOK_IT_BUT if refuses else None

    def _start(self, race: Race, after: float) -> None:
        if race.way == ALONE or race.started:
            return
        race.started = True
        self._running.append(self._pool.submit(self._run, race, after))

    def _run(self, race: Race, after: float) -> None:
        time.sleep(after)
        try:
            if WAYS[race.way](race.invitation):
                race.done_at = time.monotonic()
        except (DatabaseError, TypeError, ValueError) as error:
            self._errors.append(repr(error))  # told in the figures, which then are not good

    def figures(self) -> dict[str, Any]:
        """What happened, in numbers."""
        alone = [race for race in self._finished if race.way == ALONE]
        done = [race for race in self._finished if race.done_at is not None]
        return {
            "races": len(self._finished) - len(alone),
            "said_done": len(done),
            "nothing_began": sum(not race.data_at for race in done),
            "began_before_done": sum(bool(race.data_at) for race in done),
            "began_after_done": sum(race.began_after_done for race in done),
            "by_way": dict(Counter(race.way for race in done)),
            "by_moment": dict(Counter(race.moment for race in done)),
            "second_attempts": sum(len(race.data_at) > 1 for race in self._finished),
            "alone": len(alone),
            "alone_arrived": sum(race.taken > 0 for race in alone),
            "restless": self._restless,
            "errors": len(self._errors),
            "first_errors": self._errors[:3],
        }

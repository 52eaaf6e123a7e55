"""Kills (or stops for a while) the very worker that is at a chosen moment of a mail."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import Process
from tests.smtp_sink import HANG_UP, VERBS

TIMER = "TIMER"  # at any time: between mails, at a claim, in a commit
STAGES = (*VERBS, TIMER)
KILL, KILL_ALL, PAUSE = "kill", "kill all", "pause"


@dataclass
class Worker:
    """One Celery worker with one process that sends, and an SMTP server of its own.

    `note` is the file in which the sending process leaves its id, so that a kill needs no search.
    """

    name: str
    note: Path
    start: Callable[[], Process]
    process: Process | None = None

    def sender(self) -> int | None:
        """The id of the process that sends; None while there is none."""
        try:
            return int(self.note.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def kill(self, *, everything: bool) -> bool:
        """SIGKILL to the process that sends, or to the whole worker. False: there was none."""
        pid = self.sender()
        if pid is None or self.process is None:
            return False
        self.note.unlink()  # its successor writes a new one
        if everything:
            self.process.kill()
        else:
            os.kill(pid, signal.SIGKILL)
        return True

    def pause(self, seconds: float) -> bool:
        """SIGSTOP to the process that sends, SIGCONT after `seconds`. False: there was none."""
        pid = self.sender()
        if pid is None:
            return False
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(seconds, self._go_on, [pid]).start()
        return True

    def _go_on(self, pid: int) -> None:
        if self.sender() == pid:  # else it was killed meanwhile
            os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens to a worker at the next `stage` after so many mails."""

    after_mails: int
    stage: str
    action: str


def plan(chance: random.Random, *, kills: int, pauses: int, mails: int) -> list[Blow]:
    """Every stage in turn, in shuffled order, spread over the first four fifths of the mails."""
    stages: list[str] = []
    while len(stages) < kills + pauses:
        stages += chance.sample(STAGES, len(STAGES))
    stages = stages[: kills + pauses]
    if stages and stages[-1] == "EHLO":
        # A later greeting follows upon another blow's reconnection, so it can't be the last one.
        stages[0], stages[-1] = stages[-1], stages[0]
    # Every eighth kill takes the whole worker, as the end of its machine would.
    actions = [KILL_ALL if number % 8 == 7 else KILL for number in range(kills)] + [PAUSE] * pauses
    chance.shuffle(actions)
    step = 0.8 * mails / max(1, len(stages))
    moments = [int((number + chance.random()) * step) for number in range(len(stages))]
    if "EHLO" in stages:
        moments[stages.index("EHLO")] = 0  # the one greeting that is sure to come is the first
    return [Blow(*blow) for blow in zip(moments, stages, actions, strict=True)]


@dataclass
class Killer:
    """Carries out a plan. `dealt` counts the blows by (action, stage) as they really fell."""

    blows: list[Blow]
    workers: list[Worker]
    pause_seconds: float
    chance: random.Random
    dealt: Counter[tuple[str, str]] = field(default_factory=Counter)
    mails: int = 0  # begun so far
    _in_body: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer_for(self, worker: Worker) -> Callable[[str, str], str | None]:
        """What that worker's SMTP server asks at each verb; the blow falls before it goes on."""
        return lambda verb, recipient: self._at(worker, verb, recipient)

    def by_time(self) -> None:
        """Called every few milliseconds by the clock of the run."""
        with self._lock:
            self._strike(self.chance.choice(self.workers), TIMER)

    def kills_by_stage(self) -> dict[str, int]:
        """How many kills fell at each stage."""
        return {
            stage: sum(self.dealt[action, stage] for action in (KILL, KILL_ALL)) for stage in STAGES
        }

    def count(self, *actions: str) -> int:
        """How many blows of these kinds fell."""
        return sum(number for (action, _), number in self.dealt.items() if action in actions)

    def _at(self, worker: Worker, verb: str, recipient: str) -> str | None:
        with self._lock:
            if verb == "MAIL":
                self.mails += 1
            if verb == "DOT" and self._in_body.pop(worker.name, "") == recipient:
                self._was_too_late()
                return None
            action = self._strike(worker, verb)
            if verb == "BODY" and action in (KILL, KILL_ALL):
                self._in_body[worker.name] = recipient
        # The server falls with the worker here: nobody has the mail, and nobody can know.
        return HANG_UP if verb == "DOT" and action in (KILL, KILL_ALL) else None

    def _strike(self, worker: Worker, stage: str) -> str | None:
        """Deals the first blow that is due at this stage. Returns what it did, None for nothing."""
        for blow in self.blows:
            if blow.stage == stage and blow.after_mails <= self.mails:
                if blow.action == PAUSE:
                    hit = worker.pause(self.pause_seconds)
                else:
                    hit = worker.kill(everything=blow.action == KILL_ALL)
                if hit:
                    self.blows.remove(blow)
                    self.dealt[blow.action, stage] += 1
                    return blow.action
                return None
        return None

    def _was_too_late(self) -> None:
        """A kill meant for BODY came when the dot had left already: it counts as what it was."""
        action = KILL if self.dealt[KILL, "BODY"] else KILL_ALL
        self.dealt[action, "BODY"] -= 1
        self.dealt[action, "DOT"] += 1
        self.blows.append(Blow(self.mails, "BODY", KILL))
        for blow in self.blows:
            if blow.stage == "DOT":
                self.blows.remove(blow)
                break

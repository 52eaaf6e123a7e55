"""The stack that journeys run on: real in every part, and refusing to be anything else."""

from __future__ import annotations

import urllib.request

import psutil
import pytest

from tests.stack import FakePart, Stack, refuse_fakes

SANDBOX, SMTP = "http://localhost:4001", "127.0.0.1:4002"
REAL = {
    "eager": False,
    "broker": "redis+socket:///tmp/redis.sock",
    "email_backend": "invites.delivery.AccountMailBackend",
    "email_peer": SMTP,
    "oauth": [f"{SANDBOX}/oauth/authorize/", f"{SANDBOX}/oauth/token/"],
    "sign_in": SANDBOX,
}


def test_real_parts_are_let_in() -> None:
    refuse_fakes(REAL, sandbox_url=SANDBOX, smtp=SMTP)


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        ({"eager": True}, "Celery is eager"),
        ({"broker": "memory://"}, "not a Redis"),
        ({"email_backend": "django.core.mail.backends.locmem.EmailBackend"}, "one door"),
        ({"email_peer": "mail.example:25"}, "not to the SMTP server"),
        ({"oauth": []}, "OAuth goes to nobody"),
        ({"oauth": ["http://localhost:9/token"]}, "not to the server at"),
        ({"sign_in": ""}, "not to the server at"),
    ],
)
def test_a_fake_part_is_refused(fake: dict[str, object], words: str) -> None:
    with pytest.raises(FakePart, match=words):
        refuse_fakes({**REAL, **fake}, sandbox_url=SANDBOX, smtp=SMTP)


def test_the_stack_runs_and_names_its_parts(stack: Stack) -> None:
    worker = stack.processes["worker"]

    assert f"worker {worker.pid}" in stack.line
    assert stack.redis_url in stack.line
    assert f"SMTP peer {stack.smtp}" in stack.line
    assert len(psutil.Process(worker.pid).children()) == 2
    with urllib.request.urlopen(f"{stack.url}/accounts/login/", timeout=10) as answer:
        assert answer.status == 200


def test_beat_wakes_the_worker_through_redis(stack: Stack) -> None:
    worker = stack.processes["worker"]

    worker.wait_until(
        lambda: "invites.tasks.sweep_outbox" in worker.log.read_text(), "a sweep", seconds=15
    )

"""No page tells a stranger's address from a member's or a suppressed one. `bin/bench alike` times them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.test import Client

from bench.alike import rank_test
from bench.alike_pages import OTHERS, STRANGER, Pages
from config import even_times

# allauth looks at an account only where there is one; `bin/bench alike` has the times of its pages.
ONE_PATH = {"type", "choose", "confirm", "sent", "stop"}


@pytest.mark.django_db
def test_answers_have_the_same_bytes_and_ask_the_database_the_same_questions(
    settings: Any,
) -> None:
    settings.UNDO_SECONDS = 0
    with Pages() as pages:
        assert set(pages.names) == ONE_PATH | {"reset", "sign-up"}
        for name in pages.names:
            stranger = pages.ask(name, STRANGER)[1]
            for other in OTHERS:
                assert pages.ask(name, other)[1] == stranger, (name, other)
                if name in ONE_PATH:
                    assert pages.queries(name, other) == pages.queries(name, STRANGER), name


def test_the_rank_test_sees_a_small_shift_and_nothing_where_there_is_none() -> None:
    chance = random.Random(1)
    first, second = ([chance.gauss(10, 1) for _ in range(2000)] for _ in range(2))

    z, larger = rank_test(first, second)
    assert abs(z) < 3
    assert abs(larger - 0.5) < 0.03
    z, larger = rank_test(first, [value + 0.2 for value in second])
    assert z > 4
    assert larger > 0.53
    assert rank_test([1, 2, 2], [2, 2, 3]) == pytest.approx((1.2910, 0.7778), abs=0.001)
    assert rank_test([1, 1], [1, 1]) == (0.0, 0.5)


@pytest.mark.django_db
def test_where_the_work_differs_the_answer_waits_for_a_full_step(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    moments = iter([100.0, 100.3, 200.0, 202.25, 300.0])
    monkeypatch.setattr(even_times, "monotonic", lambda: next(moments))
    monkeypatch.setattr(even_times, "sleep", waited.append)
    settings.EVEN_SECONDS = 1.0
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    browser.post("/accounts/signup/", {})
    browser.get("/accounts/signup/")  # nothing to learn from
    assert waited == pytest.approx([0.7, 0.75])

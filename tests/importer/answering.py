"""A server of whose answers only the shape matters: it says the same, and remembers what was asked."""

from __future__ import annotations

from collections.abc import Mapping


class Answering:
    """Stands where a connection would, and answers everything with `answer`."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[str, object]] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> object:
        self.asked.append((url, dict(params or {})))
        return self.answer

    def post(self, url: str, body: object) -> object:
        self.asked.append((url, body))
        return self.answer

"""A server of whose answers only the shape matters: it says the same, and remembers what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from importer.sources.contract import Found, SourceError, T


class Answering:
    """Stands where a connection would, and answers everything with `answer`; an error is raised."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.url = ""
        self.asked: list[tuple[str, object]] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> object:
        self.asked.append((url, dict(params or {})))
        if isinstance(self.answer, SourceError):
            raise self.answer
        return self.answer

    def post(self, url: str, body: object) -> object:
        self.asked.append((url, body))
        return self.answer

    def dav(self, method: str, url: str, body: str, depth: int = 0) -> Iterator[Found]:
        raise AssertionError("this source is not read by WebDAV")

    def home_of(self, url: str, method: str = "GET") -> str:
        return url

    def once(self, name: str, make: Callable[[], T]) -> T:
        return make()

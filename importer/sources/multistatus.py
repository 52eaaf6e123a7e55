"""Reads a WebDAV answer (RFC 4918, section 13) piece by piece, and holds one thing found at a time.

By expat itself, with two handlers that the standard library's own readers don't offer: a document
type is refused outright, and with it every entity (defusedxml does the same, in Python code for each
element, and wants the whole answer first); and what was read is dropped, so that 30,000 entries take
no more memory than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from importer.sources.contract import Found, SourceError

DEEPEST = 40
_DAV = "{DAV:}"
_SUCCESS = " 200"


def read(pieces: Iterable[bytes]) -> Iterator[Found]:
    """What was found, one `response` after the other, with the properties that are there.

    Raises SourceError for what is not XML, has a document type, or is no `multistatus`.
    """
    reader = _Reader()
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.feed(b"", is_last=True)


class _Reader:
    def __init__(self) -> None:
        # Namespaces come as "DAV:}response"; ElementTree's way of writing adds "{".
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        self._parser = parser
        self._depth = 0
        self._response: TreeBuilder | None = None
        self._done: list[Found] = []

    def feed(self, piece: bytes, *, is_last: bool = False) -> list[Found]:
        """What these bytes complete. Raises SourceError for anything that we don’t read."""
        try:
            self._parser.Parse(piece, is_last)
        except (expat.ExpatError, ValueError):
            raise SourceError("not_xml", permanent=False) from None
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            _refuse()
        name = _as_written(name)
        if self._depth == 1 and name != f"{_DAV}multistatus":
            raise SourceError("not_xml", permanent=False)
        if self._depth == 2 and name == f"{_DAV}response":
            self._response = TreeBuilder()
        if self._response is not None:
            self._response.start(name, {})

    def _end(self, name: str) -> None:
        if self._response is not None:
            self._response.end(_as_written(name))
            if self._depth == 2:
                self._done.append(_found(self._response.close()))
                self._response = None
        self._depth -= 1

    def _text(self, text: str) -> None:
        if self._response is not None:
            self._response.data(text)


def _refuse(*_: object) -> NoReturn:
    raise SourceError("not_xml", permanent=True)


def _as_written(name: str) -> str:
    return "{" + name if "}" in name else name


def _found(response: Element) -> Found:
    properties: dict[str, Element] = {}
    for propstat in response.iterfind(f"{_DAV}propstat"):
        status = propstat.findtext(f"{_DAV}status") or _SUCCESS
        if _SUCCESS in status:
            for one in propstat.iterfind(f"{_DAV}prop/*"):
                properties[one.tag] = one
    return Found((response.findtext(f"{_DAV}href") or "").strip(), properties)

"""What is true of every page: one h1, a title that starts with it, unique ids, no writes.

`look(client, path)` gets a page and checks all of it; page tests use it instead of `client.get`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import html5lib
from django.apps import apps
from django.http import HttpResponse
from django.test import Client

# Tables that a GET may touch: who is signed in, and for how long, is not what the site is about.
_MAY_CHANGE = {"sessions.Session"}

_INSIDE_A_LINE = {"a", "b", "bdi", "code", "em", "i", "kbd", "small", "span", "strong", "time"}


def look(client: Client, path: str, *, status: int = 200, **extra: Any) -> HttpResponse:
    """GET a page as a person would, and hold it to the rules. Returns the response."""
    before = every_row()
    response: Any = client.get(path, **extra)
    assert response.status_code == status, f"{path} answered {response.status_code}"
    assert every_row() == before, f"looking at {path} changed a table"
    if response.headers.get("Content-Type", "").startswith("text/html"):
        hold_to_rules(response.content.decode(), path)
    result: HttpResponse = response
    return result


def hold_to_rules(html: str, name: str = "the page") -> ElementTree.Element:
    """Raise AssertionError if this is no valid page with one h1; return its tree."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    try:
        tree: ElementTree.Element = parser.parse(html)
    except html5lib.html5parser.ParseError as error:
        raise AssertionError(f"{name} is not valid HTML: {error}") from error
    headings = [words(h1) for h1 in tree.iter("h1")]
    assert len(headings) == 1, f"{name} has {len(headings)} h1: {headings}"
    title = words(next(tree.iter("title")))
    assert headings[0], f"{name} has an empty h1"
    assert title.startswith(headings[0]), f"{name}: “{title}” does not start with “{headings[0]}”"
    ids = Counter(element.get("id") for element in tree.iter() if element.get("id"))
    assert not [one for one, times in ids.items() if times > 1], f"{name} repeats ids: {ids}"
    for label in tree.iter("label"):
        target = label.get("for")
        assert target is None or target in ids, f"{name}: a label points to “{target}”, not there"
    for link in tree.iter("a"):
        href = link.get("href") or ""
        if href.startswith("#") and len(href) > 1:
            assert href[1:] in ids, f"{name}: a link points to “{href}”, which is not there"
    for element in tree.iter():
        assert element.get("style") is None, f"{name} has an inline style, which the CSP refuses"
        inline = element.tag == "script" and not element.get("src")
        assert not inline, f"{name} has an inline script, which the CSP refuses"
    return tree


def words(element: ElementTree.Element) -> str:
    """The words of an element as a person reads them: single spaces, and one around each block."""
    return re.sub(r"\s+", " ", "".join(_pieces(element))).strip()


def _pieces(element: ElementTree.Element) -> Iterator[str]:
    gap = "" if element.tag in _INSIDE_A_LINE else " "
    yield gap + (element.text or "")
    for child in element:
        yield from _pieces(child)
        yield child.tail or ""
    yield gap


def text_of(response: HttpResponse) -> str:
    """All words of a page's main part."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree: ElementTree.Element = parser.parse(response.content.decode())
    return words(next(tree.iter("main")))


def every_row() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables but the sessions', to compare before and after."""
    return {
        model._meta.label: sorted(model._default_manager.values_list(), key=repr)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and model._meta.label not in _MAY_CHANGE
    }

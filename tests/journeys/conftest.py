"""A Chromium and the people who use it. Gone when the journeys end: an event loop of Playwright's
would make Django refuse its database to the tests that follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Browser, sync_playwright

from bin import chromium
from tests.journeys import by_hand, mailbox
from tests.journeys.by_hand import Hand
from tests.journeys.member import MEMBERS, How, Member
from tests.stack import Stack

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = How("at a desk", photographed=True)


class Arrive(Protocol):
    """Somebody opens a browser; with a `hand`, one in which that member has signed in."""

    def __call__(self, name: str, how: How = DESK, hand: Hand | None = None) -> Member: ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium with a profile of its own."""
    path = chromium.find()
    assert path, chromium.HOW_TO_GET_ONE
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def arrives(stack: Stack, browser: Browser) -> Iterator[Arrive]:
    """Somebody opens a browser. At the end of the test nothing may have gone wrong in it."""
    here: list[Member] = []

    def one(name: str, how: How = DESK, hand: Hand | None = None) -> Member:
        email = hand.email if hand else f"{'.'.join(name.lower().split())}@{MEMBERS}"
        session = hand.session if hand else ""
        here.append(Member(name, email, how, stack, browser, session=session))
        return here[-1]

    yield one
    for member in here:
        member.closes_the_browser()


@pytest.fixture(scope="session")
def everybody(stack: Stack) -> Iterator[Hand]:
    """Members enough for every test by hand: one who has confirmed has less room."""
    return iter(by_hand.members(stack, 100))


@pytest.fixture
def ana(everybody: Iterator[Hand]) -> Hand:
    """A member with an empty address book."""
    return next(everybody)


@pytest.fixture
def bruno(everybody: Iterator[Hand]) -> Hand:
    """Another one."""
    return next(everybody)


@pytest.fixture(scope="session")
def confirmed() -> set[str]:
    """The addresses to which one mail each has to leave in the tests by hand."""
    return set()


@pytest.fixture
def since(stack: Stack) -> int:
    """The number of the last mail before this test."""
    return mailbox.newest(stack)

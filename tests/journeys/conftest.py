"""A Chromium and the people who use it. Gone when the journeys end: an event loop of Playwright's
would make Django refuse its database to the tests that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from bin import chromium
from tests.journeys import mailbox
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
Arrive = Callable[..., Member]


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

    def one(name: str, how: How) -> Member:
        email = f"{'.'.join(name.lower().split())}@{MEMBERS}"
        here.append(Member(name, email, how, stack, browser))
        return here[-1]

    yield one
    for member in here:
        member.closes_the_browser()


@pytest.fixture
def since(stack: Stack) -> int:
    """The number of the last mail before this test."""
    return mailbox.newest(stack)

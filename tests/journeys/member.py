"""A person in front of a real browser: what they press, tick and type, and what they see.

By pointer or by keyboard alone, with or without script, on any width: the steps stay the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Response,
    expect,
)

from tests.journeys import screenshots
from tests.page_rules import hold_to_rules
from tests.servers import wait_until
from tests.stack import Stack

SECONDS = 20  # for a page, an import, or a mail on a busy machine
MOST_TABS = 200
Role = Literal["button", "link", "checkbox"]
MEMBERS = "members.example"  # whoever has an address here has signed up or is about to
_COVERED = """one => {
  const target = one.closest("label") ?? one, box = target.getBoundingClientRect();
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return !(target === there || target.contains(there) || there?.contains(target));
}"""


@dataclass(frozen=True, slots=True)
class How:
    """The way in which somebody uses their browser. `width` and `height` are CSS pixels."""

    name: str
    width: int = 1280
    height: int = 900
    script: bool = True
    keyboard: bool = False
    photographed: bool = False


@dataclass
class Member:
    """Somebody with a browser. `troubles` must stay empty: errors of the console, refused loads.
    `session` is that of somebody who has signed in before the browser opens."""

    name: str
    email: str
    how: How
    stack: Stack
    browser: Browser
    password: str = "a long walk by the river"
    session: str = ""
    troubles: list[str] = field(default_factory=list)
    context: BrowserContext = field(init=False)
    page: Page = field(init=False)
    _documents: list[Response] = field(default_factory=list)
    _looked_at: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.opens_a_new_browser()

    def opens_a_new_browser(self) -> None:
        """Nothing is left of an earlier one: no cookie, no memory, no history."""
        self.context = self.browser.new_context(
            viewport={"width": self.how.width, "height": self.how.height},
            java_script_enabled=self.how.script,
        )
        self.context.set_default_timeout(SECONDS * 1000)
        if self.session:
            self.context.add_cookies(
                [{"name": "handpicked_session", "value": self.session, "url": self.stack.url}]
            )
        self.page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("response", self._answered)

    def closes_the_browser(self) -> None:
        """Every page that was opened was looked at, and none had trouble."""
        self.context.close()
        assert not self.troubles, self.troubles
        opened = {_page_of(document.url) for document in self._documents}
        assert opened <= self._looked_at, f"opened, not looked at: {opened - self._looked_at}"

    def goes_to(self, address: str) -> None:
        """Types an address, or a path of the site, into the browser."""
        self.page.goto(address if "://" in address else self.stack.url + address)

    def sees(self, heading: str | re.Pattern[str]) -> None:
        """Waits for the page with this heading and holds it to the rules of every page."""
        h1 = self.page.get_by_role("heading", level=1)
        expect(h1).to_have_text(heading, timeout=SECONDS * 1000)
        self.page.wait_for_load_state()
        if not self.page.url.startswith(self.stack.url):
            return  # somebody else's page
        document = self._documents[-1]
        assert document.status < 500, f"{document.url} answered {document.status}"
        hold_to_rules(document.text(), document.url)
        self._looked_at.add(_page_of(document.url))
        wide = self.page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= self.how.width, f"{document.url} is {wide} px wide"
        if self.how.photographed:
            screenshots.store(self.page, h1.inner_text())

    def reads(self, *sentences: str | re.Pattern[str]) -> None:
        """Waits until the page says all of this where it can be read."""
        for sentence in sentences:
            found = self.page.get_by_text(sentence).filter(visible=True).first
            expect(found).to_be_visible(timeout=SECONDS * 1000)

    def reloads_until(self, sentence: str) -> None:
        """Reloads the page until it says this: its words only move on when somebody asks."""

        def says_so() -> bool:
            self.page.reload()
            return sentence in self.page.inner_text("main")

        wait_until(says_so, f"“{sentence}”")
        self.reads(sentence)

    def does_not_read(self, sentence: str) -> None:
        """The page does not say this. Ask only once `sees` or `reads` has found it loaded."""
        assert sentence not in self.page.inner_text("body")

    def presses(self, name: str | re.Pattern[str], role: Role = "button") -> None:
        """A button, a link, or whatever else has this name."""
        target = self._named(name, role)
        if self.how.keyboard:
            self._tabs_to(target)
            self.page.keyboard.press("Enter")
        else:
            target.click()

    def follows(self, name: str | re.Pattern[str]) -> None:
        """A link."""
        self.presses(name, "link")

    def ticks(self, name: str | re.Pattern[str]) -> None:
        """One person's box."""
        target = self._named(name, "checkbox")
        expect(target).not_to_be_checked()
        if self.how.keyboard:
            self._tabs_to(target)
            self.page.keyboard.press("Space")
        else:
            target.check()
        expect(target).to_be_checked()

    def types(self, label: str | re.Pattern[str], text: str) -> None:
        """Into the field with this label, which is empty."""
        target = self.page.get_by_label(label)
        assert target.input_value() == ""
        if self.how.keyboard:
            self._tabs_to(target)
            self.page.keyboard.insert_text(text)
        else:
            target.fill(text)

    def rewrites(self, label: str, text: str) -> None:
        """Replaces what stands in a field."""
        target = self.page.get_by_label(label)
        if self.how.keyboard:
            self._tabs_to(target)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(text)
        else:
            target.fill(text)

    def unfolds(self, summary: str) -> Locator:
        """Opens what is folded under these words; returns it."""
        folded = self.page.locator("details").filter(
            has=self.page.locator("summary", has_text=re.compile(rf"^\s*{re.escape(summary)}"))
        )
        folded = folded.last
        target = folded.locator("summary").first
        if self.how.keyboard:
            self._tabs_to(target)
            self.page.keyboard.press("Enter")
        else:
            target.click()
        expect(folded).to_have_attribute("open", "")
        return folded

    def _named(self, name: str | re.Pattern[str], role: Role) -> Locator:
        main = self.page.get_by_role("main")
        return main.get_by_role(role, name=name, exact=isinstance(name, str))

    def _tabs_to(self, target: Locator) -> None:
        """Presses Tab until the target has the focus, in full view."""
        target.wait_for()
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("one => one === document.activeElement"):
                break
        else:
            raise AssertionError(f"{target} can't be reached with {MOST_TABS} tabs")
        assert not target.evaluate(_COVERED), f"{target} has the focus, and something covers it"

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.location.get('url')}: {message.text}")

    def _answered(self, answer: Response) -> None:
        request = answer.request
        if not answer.url.startswith(self.stack.url):
            return
        if answer.status >= 500:
            self.troubles.append(f"{answer.url} answered {answer.status}")
        if not request.is_navigation_request() or request.frame != self.page.main_frame:
            return
        if not 300 <= answer.status < 400:
            self._documents.append(answer)


def _page_of(address: str) -> str:
    """The address without what changes on a page that is still the same one."""
    return urlsplit(address).path

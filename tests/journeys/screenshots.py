"""Pictures of the pages, for people to look at: SCREENSHOTS=folder bin/test tests/journeys.

Each page on a phone and on a desktop, light and dark. Without the variable nothing happens.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def store(page: Page, heading: str) -> None:
    """Takes four pictures of the page, named by number and heading, and puts everything back."""
    wanted = os.environ.get("SCREENSHOTS", "")
    if not wanted:
        return
    folder = Path(wanted)
    folder.mkdir(parents=True, exist_ok=True)
    number = len({path.name[:2] for path in folder.glob("*.png")}) + 1
    words = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")[:48]
    before = page.viewport_size
    for device, (width, height) in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        # As tall as the page, so that the bar stands below it and not across.
        tall = max(height, page.evaluate("document.scrollingElement.scrollHeight"))
        page.set_viewport_size({"width": width, "height": tall})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            path = folder / f"{number:02}-{words}-{device}-{scheme}.png"
            page.screenshot(path=path, full_page=True)
    page.emulate_media(color_scheme="null")
    if before is not None:
        page.set_viewport_size(before)

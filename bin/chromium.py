"""Finds a Chromium for the journeys, or gets one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW_TO_GET_ONE = (
    "The journeys need a Chromium, and none was found. Install one (on Debian: apt install "
    "chromium; elsewhere: .venv/bin/playwright install chromium), or leave the journeys out with "
    "bin/test --fast."
)


def find() -> str | None:
    """The path of a Chromium: one on the PATH, else the one that Playwright installed."""
    for name in NAMES:
        installed = shutil.which(name)
        if installed:
            return installed
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def find_or_install() -> str:
    """As `find`; installs one where it can be had. Ends the process with a sentence otherwise."""
    found = find()
    if found:
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium with apt-get", flush=True)
        unasked = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        _try(["apt-get", "update", "-qq"], unasked)
        _try(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], unasked)
    else:
        print("Installing Chromium with Playwright", flush=True)
        _try([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))
    found = find()
    if not found:
        sys.exit(HOW_TO_GET_ONE)
    return found


def _try(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(  # noqa: S603
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
    )

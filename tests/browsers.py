"""The browser of the tests that need one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

# The headless shell has no window to paint, and half the work of a page.
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module only: Playwright's event loop would be in the way of other modules' tests."""
    with launched() as browser:
        yield browser


def _chromium() -> str:
    named = os.environ.get("CHROMIUM", "")
    found = next(filter(None, map(shutil.which, (named, *_BROWSERS))), None)
    if found is None or not Path(found).exists():
        pytest.fail("The browser tests need Chromium: apt-get install chromium, or set CHROMIUM.")
    return found

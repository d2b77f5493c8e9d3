"""The browser of the tests that need one."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module only: Playwright's event loop would be in the way of other modules' tests."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=_chromium(), args=_ARGUMENTS)
        yield launched
        launched.close()


def _chromium() -> str:
    named = os.environ.get("CHROMIUM", "")
    found = next(filter(None, map(shutil.which, (named, *_BROWSERS))), None)
    if found is None or not Path(found).exists():
        pytest.fail("The browser tests need Chromium: apt-get install chromium, or set CHROMIUM.")
    return found

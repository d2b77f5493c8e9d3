"""A real server, a scripted model host, and a browser that fails the test on any page error."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from testkit.app import App, Family
from testkit.ollama.server import OllamaServer

# A name that the app takes for a model which writes Hebrew, too.
MODEL = "gemma3:12b"
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def _host() -> Iterator[OllamaServer]:
    with OllamaServer(model=MODEL) as server:
        yield server


@pytest.fixture
def model_host(_host: OllamaServer, app: App) -> OllamaServer:
    """The model host, without a script of an earlier test, or a story that it left unfinished."""
    _host.script(prose=[], structured=[], judge=[])
    _host.tokens_per_second = 0
    _host.release()
    app.finish_stories()
    return _host


@pytest.fixture(scope="session")
def app(_host: OllamaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("data"), _host.url, _host.model)
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def family(app: App) -> Family:
    return Family(app)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module only: Playwright's event loop would be in the way of other modules' tests."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=_chromium(), args=_ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, app: App, family: Family) -> Any:
    """The cookies of a parent who came in by the log-in page."""
    context = browser.new_context(base_url=app.url)
    page = context.new_page()
    log_in(page, family)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def context(browser: Browser, app: App, signed_in: Any) -> Iterator[BrowserContext]:
    made = browser.new_context(
        base_url=app.url,
        storage_state=signed_in,
        locale="en-US",
        viewport={"width": 360, "height": 800},
        reduced_motion="reduce",
    )
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    problems = watch(opened)
    yield opened
    assert problems == []


def watch(page: Page) -> list[str]:
    """Fills with what the page's scripts throw and what its content policy refuses; what the page
    asks for, and is answered, stands in a failing test's output."""
    problems: list[str] = []
    page.on("request", lambda asked: _tell(">", asked.method, asked.url))
    page.on("response", lambda answer: _tell("<", answer.status, answer.url))
    page.on("requestfailed", lambda asked: _tell("!", asked.failure, asked.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: (
            problems.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    return problems


def _tell(*words: object) -> None:
    print(f"{time.monotonic():.2f}", *words)  # noqa: T201 - pytest keeps it for a failure


def log_in(page: Page, family: Family) -> None:
    page.goto("/accounts/login/")
    page.get_by_label(re.compile("E-?mail")).fill(family.email)
    page.get_by_label("Password", exact=True).fill(family.password)
    page.locator("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("/")


def _chromium() -> str:
    named = os.environ.get("CHROMIUM", "")
    found = next(filter(None, map(shutil.which, (named, *_BROWSERS))), None)
    if found is None or not Path(found).exists():
        pytest.fail("The browser tests need Chromium: apt-get install chromium, or set CHROMIUM.")
    return found

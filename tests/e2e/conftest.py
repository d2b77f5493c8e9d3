"""A real server, a scripted model host, and a browser that fails the test on any page error."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from testkit.app import App, Family
from testkit.hosts import MULTILINGUAL_MODEL
from testkit.ollama.server import OllamaServer
from tests import browsers
from tests.e2e.pages import TIMEOUT_MS, log_in, watch
from tests.isolation import shared

browser = browsers.browser
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
def model_host() -> Iterator[OllamaServer]:
    with OllamaServer(model=MULTILINGUAL_MODEL) as server, shared(server):
        yield server


@pytest.fixture(scope="session")
def app(model_host: OllamaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("data"), model_host.url, model_host.model)
    served.start()
    with shared(served):
        yield served
    served.stop()


@pytest.fixture(scope="session")
def family(app: App) -> Family:
    return Family(app)


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
    made.set_default_timeout(TIMEOUT_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    problems = watch(opened)
    yield opened
    assert problems == []

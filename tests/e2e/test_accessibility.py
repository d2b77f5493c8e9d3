"""Every page, by day and by night, on a phone and on a desk: axe finds nothing serious."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from stories.safety.prose import sentences_of
from testkit.app import App, Family, Reader
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import problems_of

PUBLIC = ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nowhere/")
FAMILY = (
    "/",
    "/children/new/",
    "/children/{maya}/edit/",
    "/children/{maya}/delete/",
    "/children/{maya}/new-story/",
    "/children/{maya}/stories/",
    "/connected-apps/",
    "/family/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
)


@pytest.fixture(scope="module")
def guest(browser: Browser, app: App) -> Iterator[Page]:
    context = browser.new_context(base_url=app.url, locale="en-US", reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def parent(browser: Browser, app: App, signed_in: Any) -> Iterator[Page]:
    context = browser.new_context(
        base_url=app.url, storage_state=signed_in, locale="en-US", reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def finished(app: App, family: Family, browser: Browser, signed_in: Any) -> Reader:
    """A story of one chapter, read to its end."""
    reader = family.start_story("a well kept garden", chapters=1)
    context = browser.new_context(base_url=app.url, storage_state=signed_in)
    page = context.new_page()
    page.goto(reader.path)
    page.wait_for_selector("#ending:not([hidden])")
    context.close()
    return reader


@pytest.mark.parametrize("path", PUBLIC)
def test_a_visitors_page_is_accessible(guest: Page, path: str) -> None:
    guest.goto(path)
    assert problems_of(guest) == []


@pytest.mark.parametrize("path", FAMILY)
def test_a_parents_page_is_accessible(
    parent: Page, family: Family, finished: Reader, path: str
) -> None:
    parent.goto(path.format(**family.ids))
    assert problems_of(parent) == []


def test_a_storys_page_is_accessible(parent: Page, finished: Reader) -> None:
    parent.goto(f"/stories/{finished.story_id}/")
    assert problems_of(parent) == []


def test_the_page_that_reports_a_sentence_is_accessible(
    parent: Page, family: Family, finished: Reader
) -> None:
    chapter = family.chapters(finished)[0]
    sentence = sentences_of(chapter["text"], "en")[0]
    family.call("POST", f"/chapters/{chapter['id']}/reports", {"sentence": sentence})
    parent.goto(f"/chapters/{chapter['id']}/report/")
    parent.get_by_role("radio").first.check(force=True)
    assert problems_of(parent) == []
    parent.goto(f"/stories/{finished.story_id}/")
    assert problems_of(parent) == []


def _is_thinking(page: Page, open_story: Callable[..., None], host: OllamaServer) -> None:
    host.script(prose=[Reply(hold=Hold(after=0))])
    open_story()
    expect(page.locator("#words")).to_have_text("Thinking up your story")


def _is_writing(page: Page, open_story: Callable[..., None], host: OllamaServer) -> None:
    host.script(prose=[Reply(hold=Hold(after=40))])
    open_story()
    expect(page.locator(".sentence").first).to_be_visible()


def _asks_what_happens_next(
    page: Page, open_story: Callable[..., None], host: OllamaServer
) -> None:
    open_story()
    expect(page.locator("#next")).to_be_visible()


def _asks_in_hebrew(page: Page, open_story: Callable[..., None], host: OllamaServer) -> None:
    open_story(child="noa")
    expect(page.locator("#next")).to_be_visible()


def _has_ended(page: Page, open_story: Callable[..., None], host: OllamaServer) -> None:
    open_story(chapters=1)
    expect(page.locator("#ending")).to_be_visible()


def _apologises(page: Page, open_story: Callable[..., None], host: OllamaServer) -> None:
    host.script(prose=Reply(status=500))
    open_story()
    expect(page.locator("#trouble")).to_be_visible()


def _shows_its_settings(page: Page, open_story: Callable[..., None], host: OllamaServer) -> None:
    open_story()
    page.locator("#preferences summary").click()


STATES = (
    _is_thinking,
    _is_writing,
    _asks_what_happens_next,
    _asks_in_hebrew,
    _has_ended,
    _apologises,
    _shows_its_settings,
)


@pytest.mark.parametrize("bring_about", STATES, ids=lambda state: state.__name__.strip("_"))
def test_the_reader_is_accessible_when_it(
    page: Page,
    family: Family,
    model_host: OllamaServer,
    request: pytest.FixtureRequest,
    bring_about: Callable[..., None],
) -> None:
    def open_story(**how: Any) -> None:
        page.goto(family.start_story(request.node.name, **how).path)

    bring_about(page, open_story, model_host)
    assert problems_of(page) == []

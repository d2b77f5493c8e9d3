"""One story on two devices: they agree on where it is, and nothing is offered twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from testkit.app import App, Family, Reader
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import TIMEOUT_MS, shown_text, watch

MOVED_ON = "This story went on in another window or on another device."
ASK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def other_device(browser: Browser, app: App, signed_in: Any) -> Iterator[BrowserContext]:
    made = browser.new_context(
        base_url=app.url, storage_state=signed_in, locale="en-US", reduced_motion="reduce"
    )
    made.set_default_timeout(TIMEOUT_MS)
    yield made
    made.close()


@pytest.fixture
def other(other_device: BrowserContext) -> Iterator[Page]:
    opened = other_device.new_page()
    problems = watch(opened)
    yield opened
    assert problems == []


@pytest.fixture
def reader(family: Family, model_host: OllamaServer) -> Reader:
    started = family.start_story("two lanterns")
    family.finished(started)
    return started


def test_a_choice_made_on_another_device_is_followed_by_itself_with_a_kind_word(
    page: Page, other: Page, reader: Reader, model_host: OllamaServer
) -> None:
    hold = Hold(after=40)
    page.goto(reader.path)
    other.goto(reader.path)
    expect(other.locator(".choice").first).to_be_enabled()
    model_host.script(prose=[Reply(hold=hold)])
    taken = page.locator(".choice__text").first.inner_text()
    page.locator(".choice").first.click()
    hold.reached.wait(TIMEOUT_MS / 1000)
    other.evaluate(ASK_AGAIN)
    expect(other.locator(".moved-on")).to_contain_text(MOVED_ON)
    expect(other.locator(".chapter.is-open .chapter__choice")).to_have_text(taken)
    expect(other.locator(".choice:visible")).to_have_count(0)
    hold.release()
    for device in (page, other):
        expect(device.locator("#next")).to_be_visible()
    assert shown_text(other) == shown_text(page)
    other.reload()
    expect(other.locator("#next")).to_be_visible()
    expect(other.locator(".moved-on")).to_have_count(0)


def test_a_choice_that_comes_too_late_begins_nothing_and_shows_what_was_chosen(
    page: Page, other: Page, reader: Reader, family: Family, model_host: OllamaServer
) -> None:
    page.goto(reader.path)
    other.route("**/page-state", lambda route: route.abort())
    other.goto(reader.path)
    expect(other.locator(".choice").first).to_be_enabled()
    taken = page.locator(".choice__text").first.inner_text()
    page.locator(".choice").first.click()
    expect(page.get_by_role("heading", name="Chapter 2")).to_be_visible()
    expect(page.locator("#next")).to_be_visible()
    other.locator(".choice").nth(1).click()
    expect(other.locator(".moved-on")).to_contain_text(MOVED_ON)
    expect(other.locator(".chapter.is-open .chapter__taken")).to_contain_text(taken)
    assert shown_text(other) == shown_text(page)
    assert [chapter["number"] for chapter in family.chapters(reader)] == [1, 2]


def test_a_chapter_that_is_discarded_on_one_device_is_chosen_anew_on_both(
    page: Page, other: Page, reader: Reader, model_host: OllamaServer
) -> None:
    page.goto(reader.path)
    model_host.script(prose=[Reply(hold=Hold(after=60))])
    page.locator(".choice").first.click()
    expect(page.locator("#chapter-2 .sentence").first).to_be_attached()
    other.goto(reader.path)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Discard this chapter").click()
    expect(page.locator(".choice").first).to_be_enabled()
    other.evaluate(ASK_AGAIN)
    expect(other.locator(".moved-on")).to_be_visible()
    expect(other.locator(".choice").first).to_be_enabled()
    other.locator(".choice").nth(1).click()
    expect(other.get_by_role("heading", name="Chapter 2")).to_be_visible()
    expect(other.locator("#next")).to_be_visible()
    page.evaluate(ASK_AGAIN)
    expect(page.locator(".moved-on")).to_be_visible()
    assert shown_text(other) == shown_text(page)


def test_a_page_that_goes_on_by_itself_is_never_told_that_the_story_moved_on(
    page: Page, reader: Reader
) -> None:
    page.goto(reader.path)
    for _ in range(2):
        page.locator(".choice:enabled").first.click()
        page.evaluate(ASK_AGAIN)
        expect(page.locator("#words")).to_be_attached()
        page.evaluate(ASK_AGAIN)
        expect(page.locator(".dot[data-state=writing]")).to_have_count(0)
        with page.expect_response("**/page-state"):
            page.evaluate(ASK_AGAIN)
    expect(page.get_by_role("heading", name="The end")).to_be_visible()
    expect(page.locator(".moved-on")).to_have_count(0)


def test_a_story_opens_on_another_device_at_the_paragraph_where_it_was_left(
    page: Page, other: Page, reader: Reader
) -> None:
    page.goto(reader.path)
    expect(page.locator(".choice").first).to_be_enabled()
    last = page.locator(".chapter.is-open .story-text p").last
    last.evaluate("(p) => p.scrollIntoView({ block: 'start' })")
    with page.expect_response("**/reading") as told:
        page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert told.value.status == 204
    other.goto(reader.path)
    expect(other.locator(".choice").first).to_be_enabled()
    paragraph = other.locator(".chapter.is-open .story-text p").last
    expect(paragraph).to_be_in_viewport()
    assert 40 < paragraph.evaluate("(p) => p.getBoundingClientRect().top") < 160
    assert other.evaluate("scrollY") > 100

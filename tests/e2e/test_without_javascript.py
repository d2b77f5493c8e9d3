"""A whole story without JavaScript: begun, waited for, read, chosen, stopped, carried on, ended."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from testkit.app import App, Family
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import TIMEOUT_MS

PICTURE = "The shy dragon"
# By their text Playwright finds no elements in <noscript>.
NOTICE = ".plain .notice"
IDEA = "they find a kite that can sing"


@pytest.fixture
def plain(browser: Browser, app: App, signed_in: Any) -> Iterator[Page]:
    context = browser.new_context(
        base_url=app.url,
        storage_state=signed_in,
        locale="en-US",
        java_script_enabled=False,
        viewport={"width": 360, "height": 800},
    )
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


def text_of(page: Page, number: int) -> list[str]:
    return page.locator(f"#chapter-{number} .story-text p").all_inner_texts()


def test_a_story_of_three_chapters_is_begun_chosen_stopped_carried_on_and_read_to_its_end(
    plain: Page, family: Family, model_host: OllamaServer
) -> None:
    hold = Hold(after=60)
    model_host.script(prose=[Reply(hold=hold)])
    plain.goto(f"/children/{family.ids['maya']}/new-story/")
    plain.get_by_role("radio", name=PICTURE).check(force=True)
    plain.get_by_role("radio", name="3 chapters").check(force=True)
    plain.get_by_role("button", name="Begin the story").click()
    expect(plain.locator(NOTICE)).to_contain_text("Your story is being written.")
    hold.reached.wait(TIMEOUT_MS / 1000)
    expect(plain.locator(".story-text p").first).to_be_visible()
    hold.release()
    expect(plain.locator(".choice").first).to_be_visible()
    session = plain.url.rstrip("/").rsplit("/", 1)[1]
    story = family.call("GET", f"/sessions/{session}")["story_id"]

    held = Hold(after=60)
    model_host.script(prose=[Reply(hold=held)])
    taken = plain.locator(".choice__text").first.inner_text()
    plain.locator(".choice").first.click()
    held.reached.wait(TIMEOUT_MS / 1000)
    expect(plain.locator(".chapter__taken")).to_contain_text(taken)
    plain.get_by_role("button", name="Stop").click()
    expect(plain.locator(NOTICE)).to_contain_text("What was written so far is kept.")
    plain.get_by_role("button", name="Carry on from here").click()
    expect(plain.get_by_role("heading", name="Chapter 2")).to_be_visible()
    expect(plain.locator(".choice").first).to_be_visible()

    plain.get_by_role("textbox", name="Or tell your own idea").fill(IDEA)
    plain.get_by_role("button", name="Let it happen").click()
    expect(plain.get_by_role("heading", name="The end")).to_be_visible()
    expect(plain.locator("#chapter-3 .chapter__taken")).to_contain_text(IDEA)
    chapters = family.call("GET", f"/stories/{story}")["chapters"]
    assert [chapter["number"] for chapter in chapters] == [1, 2, 3]
    for chapter in chapters:
        assert text_of(plain, chapter["number"]) == chapter["paragraphs"]
    plain.get_by_role("link", name="To the bookshelf").click()
    expect(plain).to_have_url(f"{family.app.url}/children/{family.ids['maya']}/stories/")


def test_an_idea_that_is_not_for_children_is_turned_down_and_stays_to_be_changed(
    plain: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a tin drum")
    family.finished(reader)
    plain.goto(reader.path)
    plain.get_by_role("textbox", name="Or tell your own idea").fill(
        "they take a gun and shoot everybody"
    )
    plain.get_by_role("button", name="Let it happen").click()
    expect(plain.get_by_role("alert")).to_be_visible()
    expect(plain.get_by_role("textbox", name="Or tell your own idea")).to_have_value(
        "they take a gun and shoot everybody"
    )


def test_a_choice_on_an_old_page_begins_nothing_and_shows_where_the_story_is(
    plain: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a tin boat")
    family.finished(reader)
    plain.goto(reader.path)
    choices = family.chapters(reader)[0]["choices"]
    family.finished(family.go_on(reader, "maya", choice_id=choices[0]["id"]))
    plain.locator(".choice").nth(1).click()
    expect(plain.locator(".moved-on")).to_be_visible()
    expect(plain.get_by_role("heading", name="Chapter 2")).to_be_visible()
    assert [chapter["number"] for chapter in family.chapters(reader)] == [1, 2]


def test_a_chapter_that_was_stopped_is_discarded_and_chosen_anew(
    plain: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a tin whistle")
    family.finished(reader)
    plain.goto(reader.path)
    hold = Hold(after=60)
    model_host.script(prose=[Reply(hold=hold)])
    plain.locator(".choice").first.click()
    hold.reached.wait(TIMEOUT_MS / 1000)
    plain.get_by_role("button", name="Stop").click()
    plain.get_by_role("button", name="Discard this chapter").click()
    expect(plain.locator(".choice").first).to_be_visible()
    plain.locator(".choice").nth(1).click()
    expect(plain.get_by_role("heading", name="Chapter 2")).to_be_visible()
    expect(plain.locator(".choice").first).to_be_visible()

"""A parent reports a sentence: from the reader, and from the story's page without JavaScript."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from testkit.app import Family, Reader
from testkit.ollama.server import OllamaServer


def reports(family: Family, reader: Reader) -> list[dict[str, Any]]:
    chapter = family.chapters(reader)[0]
    found: list[dict[str, Any]] = family.call("GET", f"/chapters/{chapter['id']}/reports")
    return found


def test_a_sentence_of_the_open_chapter_is_reported_from_the_reader_with_the_keyboard(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a loud bell")
    page.goto(reader.path)
    expect(page.locator("#next")).to_be_visible()
    link = page.get_by_role("link", name="Something wrong here?")
    expect(link).to_be_visible()
    link.focus()
    page.keyboard.press("Enter")
    sentences = page.get_by_role("radio")
    sentences.first.focus()
    page.keyboard.press("ArrowDown")
    expect(sentences.nth(1)).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("It gave her a fright.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reader.path}#chapter-1")
    thanks = page.get_by_role("status").filter(has_text="Thank you for telling us")
    expect(thanks).to_be_in_viewport(ratio=1)
    (told,) = reports(family, reader)
    assert told["sentence"] in " ".join(family.chapters(reader)[0]["text"].split())
    assert told["remark"] == "It gave her a fright."


def test_a_chapter_that_is_being_told_cannot_be_reported_and_a_page_turned_back_to_can(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a long bridge")
    page.goto(reader.path)
    expect(page.locator("#next")).to_be_visible()
    page.locator(".choice").first.click()
    expect(page.get_by_role("heading", name="Chapter 2")).to_be_visible()
    expect(page.locator("#next")).to_be_visible()
    first, second = family.chapters(reader)
    link = page.locator("#report")
    expect(link).to_have_attribute("href", f"/chapters/{second['id']}/report/?from=reader")
    page.get_by_role("link", name="Chapter 1").click()
    expect(link).to_have_attribute("href", f"/chapters/{first['id']}/report/?from=reader")


def test_a_sentence_is_reported_from_the_storys_page_without_javascript(
    browser: Browser, signed_in: Any, page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("פעמון קטן", child="noa")
    page.goto(reader.path)
    expect(page.locator("#next")).to_be_visible()
    address = page.url.split("/read/")[0]
    plain = browser.new_context(
        base_url=address, storage_state=signed_in, java_script_enabled=False, locale="en-US"
    )
    bare = plain.new_page()
    bare.goto(f"/stories/{reader.story_id}/")
    bare.get_by_role("link", name="Something wrong here?").click()
    line = bare.locator(".pick__line").nth(1)
    sentence = line.inner_text()
    line.click()
    bare.get_by_role("button", name="Tell us").click()
    expect(bare.get_by_text("Thank you for telling us")).to_be_visible()
    expect(bare.locator(".leaf__reports q")).to_have_text(sentence)
    assert [told["sentence"] for told in reports(family, reader)] == [sentence]
    plain.close()

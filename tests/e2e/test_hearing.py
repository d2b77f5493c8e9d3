"""The reader's page for those who hear it: each sentence once, and a focus that stays."""

import pytest
from playwright.sync_api import Page, expect

from testkit.app import Family
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import shown_text

LISTEN = """
  window.heard = [];
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      if (target.id === "heard") heard.push(...Array.from(addedNodes, (p) => p.textContent));
    }
  }).observe(document, { childList: true, subtree: true });
"""
FOCUSED = "document.activeElement.tagName"


@pytest.fixture
def listener(page: Page) -> Page:
    page.add_init_script(LISTEN)
    return page


def test_each_new_sentence_is_announced_once_and_the_focus_stays_with_the_reader(
    listener: Page, family: Family, model_host: OllamaServer
) -> None:
    hold = Hold(after=1)
    model_host.script(prose=[Reply(hold=hold)])
    reader = family.start_story("a bell in the fog")
    listener.goto(reader.path)
    expect(listener.get_by_role("button", name="Stop")).to_be_visible()
    assert listener.locator("#heard").get_attribute("role") == "log"
    hold.release()
    expect(listener.locator("#next")).to_be_visible()
    heard = listener.evaluate("heard")
    assert " ".join(heard) == shown_text(listener).replace("\n\n", " ")
    assert len(heard) > 10
    assert listener.evaluate(FOCUSED) == "BODY"
    assert listener.evaluate("scrollY") == 0


def test_text_that_stands_there_when_the_page_opens_is_not_announced(
    listener: Page, family: Family, model_host: OllamaServer
) -> None:
    hold = Hold(after=60)
    model_host.script(prose=[Reply(hold=hold)])
    reader = family.start_story("a bell in the snow")
    listener.goto(reader.path)
    expect(listener.locator(".sentence").nth(2)).to_be_attached()
    listener.reload()
    expect(listener.locator(".sentence").nth(2)).to_be_attached()
    before = shown_text(listener)
    assert listener.evaluate("heard") == []
    hold.release()
    expect(listener.locator("#next")).to_be_visible()
    whole = shown_text(listener)
    assert whole.startswith(before)
    heard = " ".join(listener.evaluate("heard"))
    assert heard == whole.removeprefix(before).strip().replace("\n\n", " ")


def test_a_stop_by_keyboard_leads_the_focus_to_the_way_on_in_sight(
    listener: Page, family: Family, model_host: OllamaServer
) -> None:
    model_host.script(prose=[Reply(hold=Hold(after=150))])
    listener.goto(family.start_story("a bell at sea").path)
    expect(listener.locator(".sentence").nth(8)).to_be_attached()
    listener.get_by_role("button", name="Stop").focus()
    listener.keyboard.press("Enter")
    way = listener.get_by_role("button", name="What now?")
    expect(way).to_be_focused()
    expect(way).to_be_in_viewport()

"""Many windows of one browser: six connections to a server over HTTP/1.1 are all that it has."""

from playwright.sync_api import BrowserContext, Page, expect

from testkit.app import Family
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import TIMEOUT_MS, shown_text, watch

# A browser without windows takes every page for one that is seen.
TURNABLE = """
  let state = "visible";
  Object.defineProperty(Document.prototype, "visibilityState", { get: () => state });
  window.turn = (turned) => {
    state = turned;
    document.dispatchEvent(new Event("visibilitychange"));
  };
"""


def turn(page: Page, state: str) -> None:
    page.evaluate(f"turn('{state}')")


def test_a_seventh_tab_shows_its_story_and_the_first_one_goes_on_when_it_is_seen_again(
    context: BrowserContext, family: Family, model_host: OllamaServer
) -> None:
    hold = Hold(after=60)
    model_host.script(prose=[Reply(hold=hold)])
    reader = family.start_story("seven windows")
    hold.reached.wait(TIMEOUT_MS / 1000)
    context.add_init_script(TURNABLE)
    tabs: list[Page] = []
    problems: list[list[str]] = []
    for _ in range(7):
        for tab in tabs[-1:]:
            turn(tab, "hidden")
        tabs.append(context.new_page())
        problems.append(watch(tabs[-1]))
        tabs[-1].goto(reader.path)
        expect(tabs[-1].locator(".sentence").nth(2)).to_be_attached()
    first, seventh = tabs[0], tabs[-1]
    hold.release()
    expect(seventh.locator("#next")).to_be_visible()
    expect(first.locator("#next")).to_be_hidden()
    turn(first, "visible")
    expect(first.locator("#next")).to_be_visible()
    assert shown_text(first) == shown_text(seventh)
    assert not any(problems)

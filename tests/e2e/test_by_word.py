"""Word by word in the browser: the writing is seen, and what is withdrawn goes without a flash."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from testkit.app import App, Family
from testkit.hosts import Hold, Reply, words
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import shown_text
from tests.isolation import shared

FIRST = "On a bright morning a small fox found a brass lantern on the path."
SECOND = "It was still warm, and nobody knew who had left it there."
CRUDE = "That grumpy old goat was a big sucker and a jerk."
KINDER = "The old pig looked at it for a long time."
KEEP_SCREENS = """() => {
  window.screens = [];
  window.first = document.querySelector(".story-text p");
  new MutationObserver(() => screens.push(document.querySelector(".story-text").textContent))
    .observe(document.getElementById("book"), { childList: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def app(model_host: OllamaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("by-word"), model_host.url, model_host.model)
    served.variables["STORYTELLER_SHOW"] = "words"
    served.start()
    with shared(served):
        yield served
    served.stop()


@pytest.fixture(scope="module")
def family(app: App) -> Family:
    return Family(app)


def test_words_arrive_as_they_are_written_and_half_a_sentence_goes_without_the_rest(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    begun, crude = Hold(after=20), Hold(after=len(words(f"{FIRST} {SECOND}")) + 7)
    told = f"{FIRST} {SECOND}\n\n{CRUDE} {FIRST}"
    model_host.script(prose=[Reply(told, holds=(begun, crude))], rewording=KINDER)
    reader = family.start_story("a lantern")
    page.goto(reader.path)
    begun.reached.wait()
    expect(page.locator(".story-text")).to_contain_text(f"{FIRST} It was still")
    assert shown_text(page) in f"{FIRST} {SECOND}", "in mid-sentence"
    page.evaluate(KEEP_SCREENS)
    begun.release()
    crude.reached.wait()
    expect(page.locator(".story-text")).to_contain_text("That grumpy old")
    page.reload()
    expect(page.locator(".story-text")).to_contain_text("That grumpy old")
    page.evaluate(KEEP_SCREENS)
    crude.release()
    expect(page.locator("#next")).to_be_visible()
    whole = f"{FIRST} {SECOND}\n\n{KINDER} {FIRST}"
    assert shown_text(page) == whole == family.chapters(reader)[0]["text"]
    screens = page.evaluate("screens")
    assert all(screen.startswith(f"{FIRST} {SECOND}") for screen in screens), "the rest stays"
    assert page.evaluate("first.isConnected"), "and is not drawn anew"
    page.reload()
    assert shown_text(page) == whole

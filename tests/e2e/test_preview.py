"""A parent decides to look first: what the child's page shows meanwhile, and how it goes on."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from testkit.app import Family, Reader
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import problems_of, watch

COVER = "A grown-up looks at it first"
KEEP_WHAT_IS_HEARD = """
  const keep = (text) => { sessionStorage.heard = (sessionStorage.heard ?? "") + text; };
  const { fetch, EventSource } = window;
  window.fetch = async (...asked) => {
    const answer = await fetch(...asked);
    keep(await answer.clone().text());
    return answer;
  };
  window.EventSource = class extends EventSource {
    constructor(...asked) {
      super(...asked);
      this.addEventListener("story_chunk", ({ data }) => keep(data));
    }
  };
"""


@pytest.fixture
def looked_at(page: Page) -> Iterator[Page]:
    """The page of a parent who has decided to look at every chapter; for this test only."""
    decide(page, "Every chapter")
    yield page
    decide(page, "Nothing: a story is read while it is written")


def decide(page: Page, what: str) -> None:
    page.goto("/")
    page.locator(".site-header summary").click()
    page.get_by_role("link", name="Family settings").click()
    page.get_by_role("radio", name=what, exact=True).check()
    page.get_by_role("button", name="Keep changes").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("radio", name=what, exact=True)).to_be_checked()


def told(page: Page) -> str:
    """All that the child's page is, and was ever told."""
    return str(page.content() + page.evaluate("sessionStorage.heard"))


def test_the_childs_page_is_a_closed_book_until_a_parent_opens_it_and_then_goes_on_by_itself(
    looked_at: Page, context: BrowserContext, family: Family, model_host: OllamaServer
) -> None:
    parent, child = looked_at, context.new_page()
    problems = watch(child)
    child.add_init_script(KEEP_WHAT_IS_HEARD)
    hold = Hold(after=120)
    model_host.script(prose=[Reply(hold=hold)])
    reader = family.start_story("a drum that hums")
    child.goto(reader.path)
    expect(child.locator(".closed")).to_contain_text(COVER)
    expect(child.get_by_role("button", name="Stop")).to_be_visible()
    hold.reached.wait()
    expect(child.locator("#words")).to_have_text("Writing it down")
    assert child.locator(".sentence").count() == 0
    assert problems_of(child) == []
    hold.release()
    expect(child.locator(".closed")).to_contain_text("it opens here by itself")
    chapter = family.chapters(reader)[0]
    assert chapter["awaits_preview"]
    first_words = chapter["text"][:40]
    assert first_words not in told(child)
    child.reload()
    way = child.get_by_role("link", name="For a grown-up")
    expect(way).to_be_visible()
    assert way.get_attribute("href") == f"/chapters/{chapter['id']}/preview/"
    assert first_words not in told(child)
    expect(child.locator("#next")).to_be_hidden()

    parent.goto(f"/chapters/{chapter['id']}/preview/")
    assert problems_of(parent) == []
    decide_on(parent, family, reader, "Read it together")
    parent.wait_for_url(f"**{reader.path}#chapter-1")
    expect(parent.locator("#next")).to_be_visible()
    assert parent.evaluate("scrollY") == 0, "bar, dots and picture are seen, too"
    expect(child.locator("#next")).to_be_visible()
    expect(child.locator(".story-text").first).to_contain_text(first_words)

    child.locator(".choice").first.click()
    expect(child.locator(".chapter.is-open .closed")).to_contain_text("it opens here by itself")
    first, second = family.chapters(reader)
    new = [line for line in second["text"].split(". ") if line not in first["text"]]
    assert new
    assert not [line for line in new if line in told(child)]
    decide_on(parent, family, reader, "Not this one")
    expect(parent.get_by_text("That chapter is gone.")).to_be_visible()
    expect(child.locator(".choice").first).to_be_enabled()
    expect(child.get_by_role("heading", name=re.compile("Chapter 1"))).to_be_visible()
    assert [kept["number"] for kept in family.chapters(reader)] == [1]
    assert problems == []


def decide_on(parent: Page, family: Family, reader: Reader, verdict: str) -> None:
    """From the bookshelf, as a parent would: what waits, the whole of it, and the decision."""
    waiting = family.chapters(reader)[-1]
    parent.goto(f"/children/{family.ids['maya']}/stories/")
    book = parent.locator(".cover", has_text="A chapter waits for your look").first
    expect(book).to_be_visible()
    parent.goto(f"/stories/{reader.story_id}/")
    parent.get_by_role("link", name="Look at it first").click()
    expect(parent.locator(".story-text")).to_contain_text(waiting["text"][:40])
    parent.get_by_role("button", name=verdict).click()

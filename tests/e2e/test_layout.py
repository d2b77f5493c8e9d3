"""Where things stand on the reader's page: what opens, what moves, what is in sight."""

import pytest
from playwright.sync_api import Page, Route, expect

from testkit.app import Family, Reader
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import shown_text

PRINTED_TITLE = """() => {
  const { animationName, opacity } = getComputedStyle(document.querySelector(".chapter__name"));
  const { breakBefore } = getComputedStyle(document.querySelector("#chapter-2"));
  return [animationName, opacity, breakBefore];
}"""
WATCH_SHIFTS = """
  window.shift = 0;
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) shift += value;
  }).observe({ type: "layout-shift", buffered: true });
"""
PAINTED = """() => new Promise((painted) => {
  new PerformanceObserver((list) => {
    if (list.getEntriesByName("first-contentful-paint").length) painted(true);
  }).observe({ type: "paint", buffered: true });
})"""
TOP_OF_TEXT = "document.querySelector('.chapter.is-open .story-text').getBoundingClientRect().top"
TITLE_OF_TWO_LINES = "The Lighthouse That Whistled"


@pytest.fixture
def reader(family: Family, model_host: OllamaServer) -> Reader:
    """A story of three chapters, two of them written."""
    first = family.start_story("a lighthouse keeper")
    family.finished(first)
    choice = family.chapters(first)[0]["choices"][0]["id"]
    second = family.go_on(first, "maya", choice_id=choice)
    family.finished(second)
    return second


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_while_a_story_opens_however_late_its_script_comes(
    page: Page, reader: Reader, family: Family, width: int
) -> None:
    late: list[Route] = []
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(WATCH_SHIFTS)
    page.route("**/reader.js", lambda route: late.append(route))  # noqa: PLW0108
    page.goto(reader.path, wait_until="commit")
    page.evaluate(PAINTED)
    expect(page.locator("#chapter-2")).to_be_visible()
    expect(page.locator("#chapter-1")).to_be_hidden()
    assert shown_text(page) == family.chapters(reader)[1]["text"]
    late[0].continue_()
    expect(page.locator("#next")).to_be_visible()
    assert page.evaluate("shift") < 0.02


def test_the_chapter_that_the_address_names_is_the_first_that_is_seen(
    page: Page, reader: Reader
) -> None:
    page.route("**/reader.js", lambda route: route.abort())
    page.goto(f"{reader.path}#chapter-1")
    expect(page.locator("#chapter-1")).to_be_visible()
    expect(page.locator("#chapter-2")).to_be_hidden()
    assert page.evaluate("scrollY") == 0


def test_text_does_not_move_when_its_title_arrives(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    hold = Hold(after=40)
    model_host.script(prose=[Reply(hold=hold)], structured=[{"title": TITLE_OF_TWO_LINES}])
    page.goto(family.start_story("a whistle").path)
    page.wait_for_selector(".sentence")
    before = page.evaluate(TOP_OF_TEXT)
    hold.release()
    expect(page.locator(".chapter__name")).to_have_text(TITLE_OF_TWO_LINES)
    assert page.evaluate(TOP_OF_TEXT) == before


def test_a_story_that_is_continued_has_a_way_to_its_choices_on_the_last_chapter_only(
    page: Page, reader: Reader
) -> None:
    page.goto(reader.path)
    way = page.get_by_role("button", name="What happens next?")
    expect(way).to_be_visible()
    page.get_by_role("link", name="Chapter 1").click()
    expect(page.get_by_role("link", name="Turn the page")).to_be_visible()
    expect(way).to_be_hidden()
    page.get_by_role("link", name="Turn the page").click()
    way.click()
    expect(page.locator(".choice").first).to_be_in_viewport()
    expect(way).to_be_hidden()


def test_a_finished_story_opens_at_its_first_page(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a very short walk", chapters=1)
    family.finished(reader)
    page.goto(reader.path)
    expect(page.get_by_role("heading", name="The end")).to_be_attached()
    assert page.evaluate("scrollY") == 0
    expect(page.locator("#statusbar")).to_be_hidden()


def test_after_a_stop_the_kind_sentence_stands_beside_the_button_at_the_bottom(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    model_host.script(prose=[Reply(hold=Hold(after=150))])
    page.goto(family.start_story("a long river").path)
    expect(page.locator(".sentence").nth(8)).to_be_attached()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="What now?")).to_be_in_viewport()
    words = page.locator("#words")
    expect(words).to_contain_text("What was written so far is kept.")
    box = words.bounding_box()
    assert box is not None
    assert box["height"] > 20
    assert 0 < box["y"] < 800


def test_why_a_choice_was_not_taken_is_said_under_it(page: Page, reader: Reader) -> None:
    page.goto(reader.path)
    busy = {"detail": "Not now.", "code": "QUEUE_FULL"}
    page.route("**/generations", lambda route: route.fulfill(status=503, json=busy))
    problem = page.locator("#choice-problem")
    for choice in (page.locator("#choices li").first, page.locator("#choices li").nth(1)):
        choice.get_by_role("button").click()
        expect(choice.locator("#choice-problem")).to_be_in_viewport()
    page.locator("#idea-text").fill("the gulls sing a song")
    page.get_by_role("button", name="Let it happen").click()
    expect(page.locator("#idea").locator("#choice-problem")).to_be_in_viewport()
    expect(problem).to_have_count(1)


def test_the_box_of_an_idea_grows_with_it(page: Page, reader: Reader) -> None:
    page.goto(reader.path)
    box = page.locator("#idea-text")
    box.fill("They paint all the boats yellow and sail on to the next island. " * 3)
    assert box.evaluate("({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight")


def test_dots_show_their_numbers_where_there_is_room(page: Page, reader: Reader) -> None:
    shown = "() => getComputedStyle(document.querySelector('.dot'), '::before').content"
    page.goto(reader.path)
    expect(page.locator(".dot")).to_have_count(3)
    assert "1" not in page.evaluate(shown)
    page.set_viewport_size({"width": 480, "height": 800})
    assert page.evaluate(shown).startswith('"1"')
    expect(page.get_by_role("link", name="Chapter 1", exact=True)).to_be_visible()


def test_a_wrong_sentence_is_reported_by_a_link_big_enough_for_a_thumb(
    page: Page, reader: Reader
) -> None:
    page.goto(reader.path)
    box = page.get_by_role("link", name="Something wrong here?").bounding_box()
    assert box is not None
    assert box["height"] >= 44


def test_a_story_is_printed_whole_with_its_titles_and_a_page_for_each_chapter(
    page: Page, reader: Reader
) -> None:
    page.goto(reader.path)
    expect(page.locator("#next")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#chapter-1")).to_be_visible()
    expect(page.locator("#chapter-2")).to_be_visible()
    expect(page.locator("#next")).to_be_hidden()
    assert page.evaluate(PRINTED_TITLE) == ["none", "1", "page"]


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_while_a_chapter_is_written(
    page: Page, family: Family, model_host: OllamaServer, width: int
) -> None:
    hold = Hold(after=1)
    model_host.script(prose=[Reply(hold=hold)])
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(WATCH_SHIFTS)
    page.goto(family.start_story("a quiet whistle").path)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    hold.release()
    expect(page.locator("#next")).to_be_visible()
    assert page.evaluate("shift") < 0.02

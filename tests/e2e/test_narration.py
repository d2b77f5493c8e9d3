"""Reading aloud by the storyteller's own voice: the real one, through the real server."""

import itertools
import re
import statistics

from playwright.sync_api import BrowserContext, Page, Route, expect

from testkit.app import Family
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.heard import heard_on, late_marks, listen
from tests.e2e.speech import speech

PROSE = (
    "Maya found a small boat. It was blue and had a lantern. She rowed to the island. "
    "A fox was asleep on the sand."
)
SENTENCES = [
    "Maya found a small boat.",
    "It was blue and had a lantern.",
    "She rowed to the island.",
    "A fox was asleep on the sand.",
]
HOW_IT_LOOKS_AND_SOUNDS = "#preferences > summary"


def test_a_chapter_is_read_while_it_is_written_word_by_word_and_on_through_a_choice(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    listen(page)
    hold = Hold(after=14)
    model_host.script(prose=[Reply(PROSE, hold=hold), Reply("The fox woke up. It smiled.")])
    page.goto(family.start_story("a blue boat").path)
    button = page.get_by_role("button", name="Read aloud")
    button.click()
    expect(page.locator("html")).to_have_attribute("data-heard", "2")
    expect(page.locator(".is-spoken")).to_have_count(0)
    expect(button).to_have_attribute("aria-pressed", "true")
    hold.release()
    expect(page.locator("#next")).to_be_visible()
    expect(page.locator(".choice__text").first).to_have_class(re.compile("is-spoken"))
    question = page.locator("#question").text_content()
    choices = page.locator(".choice__text").all_text_contents()
    page.keyboard.press("2")
    expect(page.locator(".chapter.is-open .chapter__taken")).to_contain_text(choices[1])
    expect(page.locator(".is-spoken")).to_have_text("The fox woke up.")
    button.click()
    expect(page.locator(".is-spoken")).to_have_count(0)

    heard = heard_on(page)
    texts = [each["text"] for each in heard]
    assert texts[:6] == [*SENTENCES, question, choices[0]]
    assert f"1. {choices[0]}" in page.evaluate("told")
    # The pause between two sentences that are there is the voice's own.
    gaps = [after["began"] - before["ended"] for before, after in itertools.pairwise(heard[2:5])]
    assert statistics.median(gaps) < 100
    late = late_marks(page)
    assert len(late) > 15
    assert min(late) > -0.001, "no word is marked before it is said"
    assert statistics.quantiles(late, n=20)[-1] < 0.05


def test_a_pause_keeps_the_place_and_ten_seconds_back_go_over_sentences(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    listen(page)
    model_host.script(prose=[Reply(PROSE)])
    page.goto(family.start_story("a lantern boat").path)
    expect(page.locator("#next")).to_be_visible()
    button = page.get_by_role("button", name="Read aloud")
    button.click()
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[1])
    button.click()
    expect(page.locator(".is-spoken")).to_have_count(0)
    button.click()
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[1])
    back = page.get_by_role("button", name="ten seconds")
    back.click()
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[0])
    button.click()
    expect(back).to_be_hidden()
    texts = [each["text"] for each in heard_on(page)]
    assert texts.count(SENTENCES[0]) == 2
    assert SENTENCES[2] not in texts


def test_a_voice_of_the_device_reads_on_where_the_server_fails(
    context: BrowserContext, page: Page, family: Family, model_host: OllamaServer
) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=503, json={"code": "NARRATION_FAILED", "detail": "no"})

    context.add_init_script(speech("en"))
    page.route("**/narration", fail)
    model_host.script(prose=[Reply(PROSE)])
    page.goto(family.start_story("a green boat").path)
    expect(page.locator("#next")).to_be_visible()
    page.locator(HOW_IT_LOOKS_AND_SOUNDS).click()
    expect(page.locator("#voice")).to_have_value("narrator")
    page.get_by_role("button", name="Read aloud").click()
    expect(page.get_by_text("so a voice of this device reads on")).to_be_in_viewport()
    assert page.evaluate("saying.voice.name") == "Here"
    page.evaluate("saying.dispatchEvent(new Event('end'))")
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[0])

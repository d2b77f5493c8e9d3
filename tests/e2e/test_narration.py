"""Reading aloud by the storyteller's own voice: the real one, through the real server."""

import itertools
import json
import statistics
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Response, Route, expect

from testkit.app import Family
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.heard import LISTEN
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


@pytest.fixture
def times(page: Page) -> dict[str, list[float]]:
    """When the server says that each word of a text begins, by its place in it."""
    found: dict[str, Any] = {}

    def note(answer: Response) -> None:
        if answer.request.method == "POST" and answer.url.endswith("/narration") and answer.ok:
            words = answer.json()["words"]
            found[json.loads(answer.request.post_data or "")["text"]] = {
                word["start"]: word["begins"] for word in words
            }

    page.on("response", note)
    return found


def test_a_chapter_is_read_while_it_is_written_word_by_word_and_on_through_a_choice(
    page: Page, family: Family, model_host: OllamaServer, times: dict[str, Any]
) -> None:
    page.add_init_script(LISTEN)
    hold = Hold(after=14)
    model_host.script(prose=[Reply(PROSE, hold=hold), Reply("The fox woke up. It smiled.")])
    page.goto(family.start_story("a blue boat").path)
    expect(page.locator(".sentence").nth(1)).to_be_attached()
    listen = page.get_by_role("button", name="Read aloud")
    listen.click()
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[0])
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[1])
    expect(page.locator(".is-spoken")).to_have_count(0)
    expect(listen).to_have_attribute("aria-pressed", "true")
    hold.release()
    expect(page.locator("#next")).to_be_visible()
    expect(page.locator(".choice__text.is-spoken").nth(0)).to_be_visible()
    second = page.locator(".choice__text").nth(1).text_content() or ""
    page.keyboard.press("2")
    expect(page.locator(".chapter.is-open .chapter__taken")).to_contain_text(second)
    expect(page.locator(".is-spoken")).to_have_text("The fox woke up.")
    listen.click()
    expect(page.locator(".is-spoken")).to_have_count(0)

    heard = page.evaluate("heard")
    question, first = [each["text"] for each in heard[4:6]]
    assert [each["text"] for each in heard[:4]] == SENTENCES
    assert page.locator(".next__question").count() == 1
    assert question.endswith("?")
    assert f"1. {first}" in times
    # The two that were written one after the other are heard so: the pause is the voice's own.
    gaps = [
        following["began"] - before["ended"]
        for before, following in itertools.pairwise(heard)
        if before["text"] != SENTENCES[1] and "ended" in before
    ]
    assert statistics.median(gaps) < 100
    off = [
        mark["at"] - times[text][mark["start"]]
        for text, each in ((each["text"], each) for each in heard[:4])
        for mark in each["marks"]
        if each["from"] == 0
    ]
    assert len(off) > 15
    assert all(late >= -0.001 for late in off), "no word is marked before it is said"
    assert statistics.quantiles(off, n=20)[-1] < 0.05


def test_a_pause_keeps_the_place_and_ten_seconds_back_go_over_sentences(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    page.add_init_script(LISTEN)
    model_host.script(prose=[Reply(PROSE)])
    page.goto(family.start_story("a lantern boat").path)
    expect(page.locator("#next")).to_be_visible()
    listen = page.get_by_role("button", name="Read aloud")
    listen.click()
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[0])
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[1])
    listen.click()
    listen.click()
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[1])
    page.get_by_role("button", name="ten seconds").click()
    expect(page.locator(".chapter__name.is-spoken")).to_be_visible()
    expect(page.locator(".is-spoken")).to_have_text(SENTENCES[0])
    listen.click()
    expect(page.get_by_role("button", name="ten seconds")).to_be_hidden()


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

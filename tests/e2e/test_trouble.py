"""A story in the browser when something goes wrong: kind words, clear ways on, nothing lost."""

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from testkit.app import App, Family, Reader
from testkit.hosts import Hold, Reply, in_turn
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import shown_text


def stop_in_second_chapter(page: Page, family: Family, model_host: OllamaServer) -> Reader:
    """A story whose second chapter was stopped in the reader, after some of its text."""
    reader = family.start_story("a windmill")
    page.goto(reader.path)
    expect(page.locator("#next")).to_be_visible()
    model_host.script(prose=[Reply(hold=Hold(after=40))])
    page.locator(".choice").first.click()
    page.wait_for_selector("#chapter-2 .sentence")
    stop(page)
    return reader


def stop(page: Page) -> Locator:
    """Presses "Stop"; the part of the page that then says what can be done."""
    page.get_by_role("button", name="Stop").click()
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("What was written so far is kept.")
    return trouble


def test_a_story_that_was_stopped_keeps_its_text_and_is_carried_on_from_it(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = stop_in_second_chapter(page, family, model_host)
    model_host.calls_for("prose")[-1].disconnected.wait()
    kept = shown_text(page)
    assert kept
    page.reload()
    expect(page.locator("#trouble").get_by_role("button")).to_have_text(
        ["Carry on from here", "Discard this chapter"]
    )
    assert shown_text(page) == kept
    hold = Hold(after=20)
    model_host.script(prose=[Reply(hold=hold)])
    page.get_by_role("button", name="Carry on from here").click()
    hold.reached.wait()
    expect(page.locator("#trouble")).to_be_hidden()
    assert shown_text(page).startswith(kept), "nothing is taken off the page"
    hold.release()
    expect(page.locator("#next")).to_be_visible()
    assert shown_text(page) == family.chapters(reader)[1]["text"]
    assert shown_text(page).startswith(kept)
    page.reload()
    assert shown_text(page) == family.chapters(reader)[1]["text"]


def test_a_story_that_is_carried_on_and_has_to_wait_keeps_its_text_and_says_so(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = stop_in_second_chapter(page, family, model_host)
    kept = shown_text(page)
    model_host.script(prose=[Reply(hold=Hold(after=0)), Reply(hold=Hold(after=0))])
    family.start_story("a slow ferry")  # as many as a family may have written at once
    family.start_story("ים איטי", child="noa")
    page.get_by_role("button", name="Carry on from here").click()
    words = page.locator("#words")
    expect(words).to_have_text("Your story is the next one to be written")
    assert shown_text(page) == kept
    page.reload()
    expect(words).to_have_text("Your story is the next one to be written")
    assert shown_text(page) == kept
    model_host.release()
    expect(page.locator("#next")).to_be_visible()
    assert shown_text(page) == family.chapters(reader)[1]["text"]
    assert shown_text(page).startswith(kept)


def test_a_stopped_chapter_that_is_carried_on_survives_a_refresh(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = stop_in_second_chapter(page, family, model_host)
    kept = shown_text(page)
    hold = Hold(after=20)
    model_host.script(prose=[Reply(hold=hold)])
    page.get_by_role("button", name="Carry on from here").click()
    hold.reached.wait()
    page.reload()
    page.wait_for_selector("#chapter-2 .sentence")
    assert shown_text(page).startswith(kept)
    hold.release()
    expect(page.locator("#next")).to_be_visible()
    assert shown_text(page) == family.chapters(reader)[1]["text"]


def test_a_stopped_chapter_that_is_discarded_is_gone_and_its_choices_are_back(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = stop_in_second_chapter(page, family, model_host)
    page.get_by_role("button", name="Discard this chapter").click()
    expect(page.locator("#next")).to_be_visible()
    expect(page.get_by_role("heading", name="Chapter 2")).to_have_count(0)
    page.reload()
    expect(page.locator("#next")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden()
    page.locator(".choice").last.click()
    expect(page.get_by_role("heading", name="Chapter 2")).to_be_visible()
    expect(page.locator("#next")).to_be_visible()
    assert shown_text(page) == family.chapters(reader)[1]["text"]


def test_a_stopped_first_chapter_that_is_discarded_leads_to_a_new_story(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    model_host.script(prose=[Reply(hold=Hold(after=40))])
    reader = family.start_story("a puddle that sings")
    page.goto(reader.path)
    page.wait_for_selector(".sentence")
    stop(page)
    page.get_by_role("button", name="Discard this chapter").click()
    page.wait_for_url("**/new-story/")
    page.goto("/")
    expect(page.locator("main")).not_to_contain_text("a puddle that sings")
    page.goto(reader.path)
    page.wait_for_url("**/new-story/")


def test_a_first_chapter_that_was_not_right_is_not_met_again_in_the_library(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    grave = {"problem": "fear", "weight": 3, "reason": "It stays dark."}
    model_host.script(judge=[grave] * 3)
    reader = family.start_story("a cellar without a lamp")
    page.goto(reader.path)
    for _ in range(2):
        expect(page.locator("#trouble")).to_contain_text("not turning out right", timeout=30_000)
        assert shown_text(page) == "", "what was judged unfit is not on the page"
        page.reload()
    page.locator("#trouble").get_by_role("button", name="A new story").click()
    page.wait_for_url("**/new-story/")
    page.goto(reader.path)
    page.wait_for_url("**/new-story/")


def test_a_storyteller_that_went_away_in_mid_chapter_goes_on_from_what_was_read(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    model_host.script(prose=in_turn(Reply(cut_after=60), Reply(status=500)))
    reader = family.start_story("a slow tram")
    page.goto(reader.path)
    expect(page.locator("#trouble")).to_be_visible(timeout=30_000)
    kept = shown_text(page)
    assert kept
    model_host.script(prose=[])
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#next")).to_be_visible()
    assert shown_text(page).startswith(kept)
    assert shown_text(page) == family.chapters(reader)[0]["text"]


def test_a_chapter_that_is_written_anew_is_shown_only_as_it_is_kept(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    hold = Hold(after=40)
    first = "".join(f"Maya sat by the pond. The frogs sang song number {n}. " for n in range(8))
    grave = {"problem": "fear", "weight": 3, "reason": "It stays dark."}
    model_host.script(prose=[Reply(first, hold=hold)], judge=[grave])
    reader = family.start_story("a frog choir")
    page.goto(reader.path)
    expect(page.locator(".story-text")).to_contain_text("The frogs sang")
    hold.release()
    expect(page.locator("#next")).to_be_visible()
    expect(page.locator(".story-text")).to_have_count(1)
    assert "The frogs sang" not in shown_text(page)
    assert shown_text(page) == family.chapters(reader)[0]["text"]


def test_a_restart_of_the_server_in_mid_chapter_loses_no_word(
    page: Page, app: App, family: Family, model_host: OllamaServer
) -> None:
    hold = Hold(after=60)
    model_host.script(prose=[Reply(hold=hold)])
    reader = family.start_story("a sleepy volcano")
    page.goto(reader.path)
    page.wait_for_selector(".sentence")
    before = shown_text(page)
    app.stop()
    expect(page.locator("#words")).to_contain_text("The connection was lost")
    assert shown_text(page).startswith(before)
    app.start()
    expect(page.locator("#next")).to_be_visible(timeout=30_000)
    assert shown_text(page).startswith(before)
    assert shown_text(page) == family.chapters(reader)[0]["text"]


def test_a_device_that_was_offline_for_a_while_catches_up(
    context: BrowserContext, page: Page, family: Family, model_host: OllamaServer
) -> None:
    hold = Hold(after=40)
    model_host.script(prose=[Reply(hold=hold)])
    reader = family.start_story("a friendly whale")
    page.goto(reader.path)
    page.wait_for_selector(".sentence")
    context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#words")).to_contain_text("The connection was lost")
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    before = shown_text(page)
    hold.release()
    context.set_offline(False)
    expect(page.locator("#next")).to_be_visible()
    assert shown_text(page).startswith(before)
    assert shown_text(page) == family.chapters(reader)[0]["text"]


def test_a_storyteller_that_is_down_is_an_apology_and_a_button_that_works_later(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a hidden valley")
    page.goto(reader.path)
    expect(page.locator("#next")).to_be_visible()
    model_host.stop()
    try:
        page.locator(".choice").first.click()
        trouble = page.locator("#trouble")
        expect(trouble).to_contain_text("Please try again", timeout=30_000)
        assert trouble.get_by_role("button").count() == 1
    finally:
        model_host.start()
    trouble.get_by_role("button", name="Try again").click()
    expect(page.locator("#next")).to_be_visible()
    assert shown_text(page) == family.chapters(reader)[1]["text"]


def test_a_first_chapter_that_failed_can_be_tried_again(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    model_host.script(prose=Reply(status=500))
    page.goto(family.start_story("a lost mitten").path)
    expect(page.locator("#trouble")).to_be_visible(timeout=30_000)
    model_host.script(prose=[])
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#next")).to_be_visible()


def test_a_second_attempt_that_is_refused_says_why_and_leads_to_the_childs_bookshelf(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    model_host.script(prose=Reply(status=500))
    page.goto(family.start_story("a lost glove").path)
    trouble = page.locator("#trouble")
    expect(trouble).to_be_visible(timeout=30_000)
    page.route("**/continue", lambda route: route.fulfill(status=422, json={"detail": "No."}))
    page.get_by_role("button", name="Try again").click()
    expect(trouble).to_contain_text("Let's think of something else")
    trouble.get_by_role("button", name="To the bookshelf").click()
    page.wait_for_url(f"**/children/{family.ids['maya']}/stories/")


def test_a_choice_that_cannot_be_sent_can_be_made_again(
    context: BrowserContext, page: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a snow globe")
    page.goto(reader.path)
    expect(page.locator("#next")).to_be_visible()
    context.set_offline(True)
    page.locator(".choice").first.click()
    expect(page.locator("#choice-problem")).to_contain_text("no connection")
    context.set_offline(False)
    page.locator(".choice").first.click()
    expect(page.get_by_role("heading", name="Chapter 2")).to_be_visible()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((503, "QUEUE_FULL"), "So many stories are being written"),
        ((429, "TOO_MANY"), "Your family has asked for many chapters"),
    ],
)
def test_an_idea_that_is_put_off_keeps_its_words_and_can_be_sent_again(
    page: Page, family: Family, model_host: OllamaServer, answer: tuple[int, str], words: str
) -> None:
    status, code = answer
    page.goto(family.start_story(f"a kite and {code}").path)
    expect(page.locator("#next")).to_be_visible()
    busy = {"detail": "Not now.", "code": code}
    page.route("**/generations", lambda route: route.fulfill(status=status, json=busy), times=1)
    page.locator("#idea-text").fill("the kite sings a song")
    page.get_by_role("button", name="Let it happen").click()
    expect(page.locator("#choice-problem")).to_contain_text(words)
    expect(page.locator("#idea-text")).to_have_value("the kite sings a song")
    page.get_by_role("button", name="Let it happen").click()
    expect(page.get_by_role("heading", name="Chapter 2")).to_be_visible()


def test_who_was_logged_out_is_asked_to_log_in_and_sees_no_error(
    context: BrowserContext, page: Page, family: Family, model_host: OllamaServer
) -> None:
    page.goto(family.start_story("a brass bell").path)
    expect(page.locator("#next")).to_be_visible()
    context.clear_cookies()
    page.locator(".choice").first.click()
    expect(page.locator("#trouble")).to_contain_text("logged out")
    page.locator("#trouble").get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Password")).to_be_visible()

"""Who comes along: chosen on a phone by the keyboard, and without any script."""

from playwright.sync_api import Browser, Page, expect

from testkit.app import App, Family
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import log_in, problems_of, shown_text

SIZES = """() => Array.from(
  document.querySelectorAll(".more summary, .more .pill, .more .button"),
  (target) => target.getBoundingClientRect().height
)"""
FOCUSED_IS_COVERED = """() => {
  const { left, top, width, height } = document.activeElement.getBoundingClientRect();
  const above = document.elementFromPoint(left + width / 2, top + height / 2);
  return above !== document.activeElement;
}"""


def test_who_comes_along_is_chosen_by_the_keyboard_and_is_in_the_story_by_name(
    page: Page, family: Family, model_host: OllamaServer
) -> None:
    model_host.script(prose="Robin and Corin found a lantern. Corin laughed.")
    page.goto(f"/children/{family.ids['maya']}/new-story/")
    page.get_by_label("Or wish for something").fill("a lantern in the well")
    page.get_by_text("Who comes along, and the mood").press("Enter")
    assert min(page.evaluate(SIZES)) >= 44
    assert problems_of(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    sibling = page.get_by_role("checkbox", name="נועה")
    sibling.focus()
    assert not page.evaluate(FOCUSED_IS_COVERED)
    page.keyboard.press("Space")
    expect(sibling).to_be_checked()
    mood = page.get_by_role("group", name="It should be")
    mood.get_by_role("radio", name="as it comes").focus()
    page.keyboard.press("ArrowRight")
    expect(mood.get_by_role("radio", name="cosy")).to_be_checked()
    assert not page.evaluate(FOCUSED_IS_COVERED)
    page.get_by_role("button", name="Begin the story").press("Enter")
    expect(page.locator("#next")).to_be_visible()
    assert "נועה laughed." in shown_text(page)
    assert "נועה" not in model_host.heard


def test_a_friend_is_kept_met_again_and_forgotten_without_any_script(
    browser: Browser, app: App, family: Family, model_host: OllamaServer
) -> None:
    ended = family.start_story("a very small island", chapters=1)
    family.finished(ended)
    context = browser.new_context(base_url=app.url, java_script_enabled=False, locale="en-US")
    page = context.new_page()
    log_in(page, family)
    page.goto(f"/stories/{ended.story_id}/")
    keep = page.get_by_role("button", name="for other stories")
    name = keep.inner_text().split()[1]
    keep.click()
    expect(page.get_by_text(f"{name} is kept, and can be")).to_be_visible()
    page.goto(f"/children/{family.ids['maya']}/new-story/")
    page.get_by_label("Or wish for something").fill("a kite in the rain")
    page.get_by_text("Who comes along, and the mood").click()
    page.get_by_role("radio", name=name).check()
    page.get_by_role("button", name="Begin the story").click()
    page.wait_for_url("**/read/**")
    friend = family.call("GET", f"/children/{family.ids['maya']}/friends")[0]
    session = family.call("GET", f"/sessions/{page.url.rstrip('/').rpartition('/')[2]}")
    story = family.call("GET", f"/stories/{session['story_id']}")
    assert story["friend"] == friend["id"]
    page.goto(f"/children/{family.ids['maya']}/new-story/")
    page.get_by_text("Maya's kept friends").click()
    page.get_by_role("button", name=f"Forget {name}").click()
    expect(page.get_by_text(f"{name} is forgotten.")).to_be_visible()
    expect(page.get_by_text("Maya's kept friends")).to_have_count(0)
    context.close()

"""A moderator at work in a browser: from the queue to the decision, while a child reads."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from testkit.app import PASSWORD, App, Family
from testkit.hosts import Reply
from testkit.ollama.server import OllamaServer
from tests.e2e.pages import problems_of, watch

MODERATOR = "moderator@example.org"
_MODERATOR = f"""
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from children.models import User
user = User.objects.create_user({MODERATOR!r}, {PASSWORD!r}, is_staff=True)
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
user.groups.add(Group.objects.get(name="Moderators"))
"""
HELD = "He had a gun and blood was everywhere."
BEFORE = "The fox sat down by the old mill."
AFTER = "Then the sun came out behind the hill."
CALM = "".join(
    f"The fox smiled at star number {n} and walked on through the quiet wood. " for n in range(12)
)


@pytest.fixture(scope="module")
def moderator(browser: Browser, app: App) -> Iterator[Page]:
    app.manage("shell", "--no-imports", "--command", _MODERATOR)
    context = browser.new_context(
        base_url=app.url,
        locale="en-US",
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/admin/login/")
    page.get_by_label(re.compile("E-?mail")).fill(MODERATOR)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")
    yield page
    context.close()


@pytest.fixture
def held_back(page: Page, family: Family, model_host: OllamaServer) -> Page:
    """A child's page with a chapter in which one sentence was held back."""
    model_host.script(prose=[Reply(f"{BEFORE} {HELD} {AFTER} {CALM}"), Reply(f"{AFTER} {CALM}")])
    page.goto(family.start_story("a fox by the mill").path)
    expect(page.locator("#next")).to_be_visible()
    return page


def test_a_case_is_worked_from_the_queue_to_the_decision(
    held_back: Page, moderator: Page, family: Family
) -> None:
    expect(held_back.locator(".story-text")).to_contain_text(BEFORE)
    expect(held_back.locator(".story-text")).not_to_contain_text("gun")

    moderator.goto("/admin/")
    moderator.get_by_role("link", name="Cases", exact=True).first.click()
    moderator.get_by_role("link", name=re.compile("He had a gun")).first.click()

    # A moderator has to be able to say this, from this page alone.
    held = moderator.locator("#held")
    expect(held.get_by_role("heading")).to_contain_text("Held back by the rule en.")
    expect(held.locator(".is-context")).to_contain_text(BEFORE)
    expect(held.locator(".is-held")).to_have_text(HELD)
    expect(held.locator("code")).to_have_text(re.compile(r"^en\.\w+\.\w+$"))
    expect(held).to_contain_text("rules")
    expect(held).to_contain_text("1.00 / 0.50")
    expect(held).to_contain_text("no reader saw this")
    expect(held).to_contain_text("The child saw instead")
    expect(held.locator(".is-shown")).to_have_text(AFTER)
    expect(moderator.locator("#shown .held")).to_contain_text(HELD)
    expect(moderator.locator("body")).not_to_contain_text(family.email)
    assert problems_of(moderator) == []
    moderator.set_viewport_size({"width": 1280, "height": 900})

    moderator.get_by_role("button", name="Claim this case").click()
    moderator.get_by_role("button", name="Reject").click()
    expect(moderator.locator(".messagelist")).to_contain_text("Please give a reason.")
    moderator.get_by_label("Reason").select_option("violence")
    moderator.get_by_label("Why, in your words").fill("The mill is a sad place.")
    assert problems_of(moderator) == []
    moderator.get_by_role("button", name="Reject").click()
    told = moderator.locator(".messagelist")
    expect(told).to_contain_text("Rejected, and written into the log")
    told.get_by_role("link").click()
    expect(moderator.locator("#log")).to_contain_text("The mill is a sad place.")
    expect(moderator.locator("#log")).to_contain_text(MODERATOR)

    # The child's page, which nobody touched, says so by itself.
    expect(held_back.locator("#trouble")).to_contain_text("was taken back")
    expect(held_back.locator("body")).not_to_contain_text(BEFORE)
    held_back.get_by_role("button", name="Tell it anew").click()
    expect(held_back.locator("#next")).to_be_visible()


def test_of_a_judged_chapter_the_page_says_that_it_was_seen_and_what_came_instead(
    moderator: Page, family: Family, model_host: OllamaServer
) -> None:
    dark, kind = f"The fox was alone in the cellar. {CALM}", f"The fox sat by the pond. {CALM}"
    grave = {"problem": "fear", "weight": 3}
    model_host.script(prose=[Reply(dark), Reply(kind)], judge=[grave])
    family.finished(family.start_story("a cellar"))
    moderator.goto("/admin/stories/case/")
    moderator.get_by_role("link", name=re.compile("alone in the cellar")).first.click()
    held = moderator.locator("#held")
    expect(held.get_by_role("heading")).to_contain_text("by the layer judge: It is more frighten")
    expect(held).to_contain_text("readers saw it as it was written")
    expect(held.locator(".is-held")).to_have_text(dark.strip())
    expect(held.locator(".is-shown")).to_have_text(kind.strip())


def test_of_a_note_that_was_held_back_the_page_says_what_the_child_saw_there(
    moderator: Page, family: Family, model_host: OllamaServer
) -> None:
    choices = [
        {"text": "Look, she had a gun and blood was everywhere", "description": "Oh."},
        {"text": "Walk on", "description": "Down the lane."},
    ]
    model_host.script(prose=[Reply(CALM)], structured={"choices": choices})
    reader = family.start_story("a lane")
    family.finished(reader)
    moderator.goto("/admin/stories/case/")
    moderator.get_by_role("link", name=re.compile("Look, she had a gun")).first.click()
    held = moderator.locator("#held")
    expect(held).to_contain_text("a choice")
    expect(held).to_contain_text("All that the child saw there instead")
    offered = [choice["text"] for choice in family.chapters(reader)[0]["choices"]]
    assert offered[0] == "Walk on"
    for text in offered:
        expect(held.locator(".is-shown")).to_contain_text(text)


def test_a_chapter_that_is_sent_back_comes_anew_on_the_childs_page(
    page: Page, moderator: Page, family: Family, model_host: OllamaServer
) -> None:
    reader = family.start_story("a lighthouse of glass")
    page.goto(reader.path)
    expect(page.locator("#next")).to_be_visible()
    anew = "".join(f"The lighthouse hummed a new song for boat number {n}. " for n in range(12))
    model_host.script(prose=[Reply(anew)])
    moderator.goto(f"/admin/stories/story/{reader.story_id}/change/")
    moderator.get_by_role("button", name="Make it a case").click()
    moderator.get_by_label("Reason").select_option("quality")
    moderator.get_by_role("button", name="Send back for a rewrite").click()
    expect(moderator.locator(".messagelist")).to_contain_text("written into the log")
    expect(page.locator(".story-text")).to_contain_text("hummed a new song")
    expect(page.locator("#next")).to_be_visible()


PAGES = (
    "/admin/",
    "/admin/stories/case/",
    "/admin/stories/case/?state=all",
    "/admin/stories/case/numbers/",
    "/admin/stories/ruling/",
    "/admin/stories/story/",
    "/admin/stories/generation/",
    "/admin/stories/safetyfinding/",
    "/admin/stories/switch/",
    "/admin/stories/threshold/",
    "/admin/stories/threshold/6-8/change/?value=0.5",
)


def test_no_page_of_the_desk_breaks_the_content_policy(moderator: Page) -> None:
    page = moderator.context.new_page()
    problems = watch(page)
    for path in PAGES:
        page.goto(path)
    page.close()
    assert problems == []


def test_the_pages_about_a_chapter_with_a_finding_are_accessible(
    moderator: Page, family: Family, model_host: OllamaServer
) -> None:
    """The case's own page is looked at where it is worked."""
    shot = "She had a pistol and blood was everywhere."
    model_host.script(prose=[Reply(f"{BEFORE} {shot} {AFTER} {CALM}"), Reply(f"{AFTER} {CALM}")])
    family.finished(family.start_story("a fox and a mole"))
    moderator.goto("/admin/stories/case/")
    expect(moderator.get_by_role("link", name=re.compile("She had a pistol"))).to_be_visible()
    problems = problems_of(moderator)
    for model in ("story", "generation", "safetyfinding"):
        moderator.goto(f"/admin/stories/{model}/")
        problems += problems_of(moderator)
        moderator.locator("#result_list tbody a").first.click()
        expect(moderator.locator(".panel").first).to_be_visible()
        problems += problems_of(moderator)
    assert problems == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_desk_is_accessible(moderator: Page, path: str) -> None:
    moderator.goto(path)
    assert problems_of(moderator) == []

"""Pages in the browser: logging in, the text on the screen, and what is wrong with them."""

import re
import time
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from testkit.app import Family

TIMEOUT_MS = 15_000
SHOWN_TEXT = """() => Array.from(
  document.querySelectorAll(".chapter.is-open .story-text:not([inert]) p"), (p) => p.textContent
).join("\\n\\n")"""
SIZES = ((360, 800), (1280, 800))
# By night only the colours differ, so only they are looked at again.
RULES: dict[Literal["light", "dark"], list[str]] = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "dark": ["color-contrast"],
}
RUN_AXE = """async ([scheme, rules]) => {
  const frame = () => new Promise(requestAnimationFrame);
  while (!matchMedia(`(prefers-color-scheme: ${scheme})`).matches) await frame();
  const isMoving = () => document.getAnimations().some(({ playState }) => playState === "running");
  do {
    await frame();
    await frame();
  } while (isMoving());
  const { violations } = await axe.run({ runOnly: rules, resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) =>
      `${target.join(" ")} (${failureSummary})`).join(", ")}`);
}"""
WIDER_THAN_SCREEN = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def watch(page: Page) -> list[str]:
    """Fills with what the page's scripts throw and what its content policy refuses; what the page
    asks for, and is answered, stands in a failing test's output."""
    problems: list[str] = []
    page.on("request", lambda asked: _tell(">", asked.method, asked.url))
    page.on("response", lambda answer: _tell("<", answer.status, answer.url))
    page.on("requestfailed", lambda asked: _tell("!", asked.failure, asked.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: (
            problems.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    return problems


def _tell(*words: object) -> None:
    print(f"{time.monotonic():.2f}", *words)  # noqa: T201 - pytest keeps it for a failure


def log_in(page: Page, family: Family) -> None:
    page.goto("/accounts/login/")
    page.get_by_label(re.compile("E-?mail")).fill(family.email)
    page.get_by_label("Password", exact=True).fill(family.password)
    page.locator("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("/")


def shown_text(page: Page) -> str:
    """The open chapter, as it is stored: paragraphs with an empty line between them.

    What was withdrawn fades for a moment where it stood, inert: it is not the chapter's any more.
    """
    return str(page.evaluate(SHOWN_TEXT))


def problems_of(page: Page) -> list[str]:
    """Problems that axe finds, and pages that scroll sideways, in each size and light."""
    page.evaluate(AXE_SCRIPT)
    found: list[str] = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        if page.evaluate(WIDER_THAN_SCREEN):
            found.append(f"{width}: wider than the screen")
        for light, rules in RULES.items():
            page.emulate_media(color_scheme=light)
            problems = page.evaluate(RUN_AXE, [light, rules])
            found += [f"{width} {light} {problem}" for problem in problems]
    return found

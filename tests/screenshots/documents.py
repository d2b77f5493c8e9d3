"""The two pictures of README: a desktop by day and a phone by night, in one story."""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page

from testkit.hosts import Reply
from tests.screenshots.camera import Look, page_of, save_webp
from tests.screenshots.site import Site

DESKTOP = Look(1152, 800, "light", density=1.5)
PHONE = Look(360, 720, "dark", density=2)
DAY, NIGHT = "desktop-day.webp", "phone-night.webp"
_TILE = "forest"
# The end of the chapter and all choices, without what comes below them.
_SHOW_CHOICES = """() => {
  const last = [...document.querySelectorAll(".choice")].at(-1).getBoundingClientRect();
  const top = Math.round((scrollY + last.bottom - innerHeight + 36) / 2) * 2; // whole device pixels
  scrollTo({ top, behavior: "instant" });
}"""
_CHAPTER = """\
Every evening, when the wind went to sleep, the oldest tree in the forest told a secret. Maya had \
waited for it all day long, with her red boots on and her back against the bark.

“Tonight,” whispered the oak, “I will tell you where the first acorn came from.” A small hedgehog \
sat up in the leaves. “I know that one,” he said. “But you tell it better.”

The hedgehog moved a little closer, and a beetle stopped on its way up the trunk. Even the stream \
at the edge of the clearing seemed to run on tiptoe. “Is it a long secret?” asked Maya. “It is as \
long as a winter,” said the oak, “and as warm as a pocket.” Maya pulled her scarf up to her nose \
and nodded. She was ready.

So the oak began. Long ago there was only grass here, and a girl with red boots who carried one \
acorn in her pocket. Maya looked down at her feet. She put a hand into her pocket, very slowly, \
and felt something small and round."""
_NOTES = {
    "title": "The First Acorn",
    "question": "What does Maya do with the acorn?",
    "choices": [
        {"text": "Plant it beside the oak", "description": "It might grow before the morning."},
        {"text": "Show it to the hedgehog", "description": "He knows more than he says."},
        {"text": "Ask the oak who the girl was", "description": "The oak never forgets a name."},
    ],
}


def taken(browser: Browser, site: Site, into: Path) -> Iterator[Path]:
    site.host.script(prose=[Reply(_CHAPTER)], structured=[_NOTES])
    with page_of(browser, site.app, DESKTOP, site.family.email) as page:
        path = _begun(page, site)
        _open(page, path)
        page.evaluate(_SHOW_CHOICES)
        yield _saved(page, into / DAY)
    with page_of(browser, site.app, PHONE, site.family.email) as page:
        _open(page, path)
        yield _saved(page, into / NIGHT)


def _begun(page: Page, site: Site) -> str:
    """The address of a story that was begun like a family does, once its chapter is there."""
    page.goto(f"/children/{site.children['en']}/new-story/")
    page.locator(f".tile input[value={_TILE}]").check(force=True)
    page.locator(".begin .button--wide").click()
    page.wait_for_selector("#next:not([hidden])")
    return page.url


def _open(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("#next:not([hidden])")


def _saved(page: Page, path: Path) -> Path:
    save_webp(page, path)
    return path

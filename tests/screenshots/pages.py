"""Every page: on a phone and on a desktop, by day and by night, in each language."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import httpx
from playwright.sync_api import Browser, Page

from testkit.app import Reader
from testkit.hosts import Hold, Reply
from tests.screenshots.camera import Light, Look, page_of
from tests.screenshots.site import STAFF, Site

SIZES = {"phone": (360, 800), "desktop": (1280, 800)}
LIGHTS: dict[str, Light] = {"day": "light", "night": "dark"}
LOCALES = {"en": "en-US", "es": "es-ES", "he": "he-IL"}
_WISHES = {"en": "a fox who finds a lantern", "es": "un zorro y un farol", "he": "שועל שמוצא פנס"}
_HELD_BACK = "The fox sat by the mill. He had a gun and blood was everywhere. The sun came out."
_TIMEOUT_SECONDS = 90.0
_PREVIEW = "from children.models import Family; Family.objects.update(preview={!r})"

Who = Literal["visitor", "parent", "staff"]


@dataclass(frozen=True)
class Shot:
    """A page by its path, which may name ids of `arranged`; ready when `ready` is there, pictured
    after a click on `click`."""

    name: str
    path: str
    who: Who = "parent"
    ready: str = "body"
    click: str = ""


_ADMIN = (
    *("stories/case", "stories/safetyfinding", "stories/generation", "stories/story"),
    *("stories/ruling", "stories/switch", "stories/threshold"),
    *("children/child", "children/family", "children/user", "children/apitoken"),
)
_WITH_DETAILS = ("stories/case", "stories/safetyfinding", "stories/generation", "stories/story")
SHOTS = (
    Shot("landing", "/", "visitor"),
    Shot("log-in", "/accounts/login/", "visitor"),
    Shot("sign-up", "/accounts/signup/", "visitor"),
    Shot("password-reset", "/accounts/password/reset/", "visitor"),
    Shot("not-found", "/nowhere/", "visitor"),
    Shot("library", "/"),
    Shot("child-new", "/children/new/"),
    Shot("child-edit", "/children/{child}/edit/"),
    Shot("child-delete", "/children/{child}/delete/"),
    Shot("new-story", "/children/{child}/new-story/"),
    Shot("new-story-cast", "/children/{child}/new-story/", click=".more summary"),
    Shot("child-library", "/children/{child}/stories/"),
    Shot("story", "/stories/{ended_story}/"),
    Shot("report", "/chapters/{ended_chapter}/report/"),
    Shot("preview", "/chapters/{waiting_chapter}/preview/"),
    Shot("family-settings", "/family/"),
    Shot("connected-apps", "/connected-apps/"),
    Shot("email", "/accounts/email/"),
    Shot("password", "/accounts/password/change/"),
    Shot("log-out", "/accounts/logout/"),
    Shot("reader-thinking", "/read/{thinking}/", ready="#words"),
    Shot("reader-writing", "/read/{writing}/", ready=".sentence"),
    Shot("reader-choosing", "/read/{choosing}/", ready="#next:not([hidden])"),
    Shot("reader-comfort", "/read/{choosing}/", ready="#comfort", click="#comfort summary"),
    Shot("reader-ended", "/read/{ended}/", ready="#ending:not([hidden])"),
    Shot("reader-trouble", "/read/{failed}/", ready="#trouble:not([hidden])"),
    Shot("reader-closed", "/read/{waiting}/", ready=".closed"),
    Shot("staff", "/admin/", "staff"),
    Shot("staff-case-numbers", "/admin/stories/case/numbers/", "staff"),
    *(Shot(f"staff-{path.split('/')[1]}-list", f"/admin/{path}/", "staff") for path in _ADMIN),
    *(
        Shot(
            f"staff-{path.split('/')[1]}",
            f"/admin/{path}/",
            "staff",
            ready="#result_list",
            click="#result_list tbody th a",
        )
        for path in _WITH_DETAILS
    ),
)  # fmt: skip


def taken(browser: Browser, site: Site, into: Path) -> Iterator[Path]:
    emails: dict[Who, str] = {"visitor": "", "parent": site.family.email, "staff": STAFF}
    ids = arranged(site)
    for (language, locale), (who, email) in product(LOCALES.items(), emails.items()):
        (into / language).mkdir(exist_ok=True)
        with page_of(browser, site.app, Look(*SIZES["desktop"], "light", locale), email) as page:
            for shot in (shot for shot in SHOTS if shot.who == who):
                _open(page, shot, ids[language])
                yield from _pictures(page, into / language / shot.name)


def _open(page: Page, shot: Shot, ids: dict[str, str]) -> None:
    page.goto(shot.path.format(**ids))
    page.wait_for_selector(shot.ready, state="attached")
    if shot.click:
        page.locator(shot.click).first.click()
        page.wait_for_load_state()


def _pictures(page: Page, stem: Path) -> Iterator[Path]:
    for (size, (width, height)), (light, scheme) in product(SIZES.items(), LIGHTS.items()):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        path = stem.with_name(f"{stem.name}-{size}-{light}.png")
        page.screenshot(path=path, full_page=True, animations="disabled")
        yield path


# What the pages show -----------------------------------------------------------------------------


# The length of each story: as wishes, those that are under way at once have to differ in something.
_CHAPTERS = {
    "ended": 1,
    "held": 2,
    "thinking": 2,
    "choosing": 3,
    "failed": 3,
    "writing": 4,
    "waiting": 5,
}


def arranged(site: Site) -> dict[str, dict[str, str]]:
    """For each language, the ids that paths name, of stories in every state that a reader meets."""
    ids = {code: {"child": child} for code, child in site.children.items()}
    site.host.script(prose=[Reply(_HELD_BACK)])
    _finished(site, "en", "held")
    for code in site.children:
        ids[code] |= _finished(site, code, "ended") | _finished(site, code, "choosing")
        site.host.script(prose=[Reply(status=500)] * 20)
        ids[code] |= _finished(site, code, "failed")
        ids[code] |= _held(site, code, "thinking", after=0) | _held(site, code, "writing", after=40)
    site.app.manage("shell", "--no-imports", "--command", _PREVIEW.format("always"))
    site.host.script(prose=[])
    for code in site.children:
        ids[code] |= _finished(site, code, "waiting")
    site.app.manage("shell", "--no-imports", "--command", _PREVIEW.format("never"))
    return ids


def _held(site: Site, code: str, state: str, *, after: int) -> dict[str, str]:
    """A story whose model host has stopped after so many tokens."""
    hold = Hold(after=after)
    site.host.script(prose=[Reply(hold=hold)])
    reader = _started(site, code, state)
    hold.reached.wait(_TIMEOUT_SECONDS)
    return {state: reader.session_id}


def _finished(site: Site, code: str, state: str) -> dict[str, str]:
    """A story whose first run is over, with the chapter that came of it, if any did."""
    reader = _started(site, code, state)
    path = f"/api/v1/generations/{reader.generation_id}/events"
    headers = {"Authorization": f"Bearer {site.family.ids['token']}"}
    httpx.get(site.app.url + path, headers=headers, timeout=_TIMEOUT_SECONDS).raise_for_status()
    chapters = site.family.chapters(reader)
    ids = {state: reader.session_id, f"{state}_story": reader.story_id}
    return ids | ({f"{state}_chapter": chapters[0]["id"]} if chapters else {})


def _started(site: Site, code: str, state: str) -> Reader:
    names = {child: name for name, child in site.family.ids.items()}
    child = names[site.children[code]]
    return site.family.start_story(_WISHES[code], child=child, chapters=_CHAPTERS[state])

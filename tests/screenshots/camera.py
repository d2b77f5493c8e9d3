"""The browser, people logged in to it, and pictures of what it shows."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from testkit.app import PASSWORD, App

Light = Literal["light", "dark"]
_TIMEOUT_MS = 20_000
# Chromium draws WebP itself, so that nothing has to be installed for it.
_AS_WEBP = """async ([png, quality]) => {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


@dataclass(frozen=True)
class Look:
    """A way to look at a page: the screen in CSS pixels, the light, the language."""

    width: int
    height: int
    light: Light
    locale: str = "en-US"
    density: float = 1


@contextmanager
def page_of(browser: Browser, app: App, look: Look, email: str = "") -> Iterator[Page]:
    """A page of a browser in which the person with this address is logged in, or nobody."""
    context = browser.new_context(
        base_url=app.url,
        viewport={"width": look.width, "height": look.height},
        device_scale_factor=look.density,
        color_scheme=look.light,
        locale=look.locale,
        reduced_motion="reduce",
    )
    context.set_default_timeout(_TIMEOUT_MS)
    page = context.new_page()
    try:
        if email:
            _log_in(page, email)
        yield page
    finally:
        context.close()


def _log_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(lambda url: "/login/" not in url)


def save_webp(page: Page, into: Path, quality: float = 0.86) -> None:
    """Save what is on the screen; the page is left on an empty one."""
    png = base64.b64encode(page.screenshot(animations="disabled", caret="hide")).decode()
    page.goto("about:blank")
    into.write_bytes(base64.b64decode(page.evaluate(_AS_WEBP, [png, quality])))

"""Day and night: the system's wish, unless a reader or a member of staff says otherwise."""

from pathlib import Path
from typing import Literal

import pytest
from django.conf import settings
from django.contrib import admin
from playwright.sync_api import Browser

OURS = Path(settings.BASE_DIR) / "stories/static/stories"
ADMINS = Path(admin.__file__).parent / "static/admin/css"
FAMILY = [OURS / "base.css"]
STAFF = [ADMINS / "base.css", ADMINS / "dark_mode.css", OURS / "admin.css"]

System = Literal["light", "dark"]
DAY, NIGHT = "day", "night"
GROUNDS = {
    "rgb(246, 241, 231)": DAY,
    "rgb(255, 255, 255)": DAY,
    "rgb(21, 20, 43)": NIGHT,
}


def ground(browser: Browser, sheets: list[Path], system: System, theme: str) -> str:
    """Day or night, by the ground that a page with these style sheets is drawn on."""
    page = browser.new_page(color_scheme=system)
    style = "\n".join(sheet.read_text("utf-8") for sheet in sheets)
    page.set_content(f'<!doctype html><html data-theme="{theme}"><style>{style}</style>')
    shown = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.close()
    return GROUNDS[shown]


@pytest.mark.parametrize(
    ("system", "theme", "expected"),
    [
        ("light", "", DAY),
        ("dark", "", NIGHT),
        ("light", "night", NIGHT),
        ("dark", "day", DAY),
        ("light", "day", DAY),
        ("dark", "night", NIGHT),
    ],
)
def test_a_familys_page_follows_the_system_until_a_reader_chooses(
    browser: Browser, system: System, theme: str, expected: str
) -> None:
    assert ground(browser, FAMILY, system, theme) == expected


@pytest.mark.parametrize(
    ("system", "theme", "expected"),
    [
        ("light", "auto", DAY),
        ("dark", "auto", NIGHT),
        ("light", "dark", NIGHT),
        ("dark", "light", DAY),
        ("light", "light", DAY),
        ("dark", "dark", NIGHT),
    ],
)
def test_the_staff_desk_follows_the_system_until_staff_choose(
    browser: Browser, system: System, theme: str, expected: str
) -> None:
    assert ground(browser, STAFF, system, theme) == expected

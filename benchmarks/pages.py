"""What a family's pages cost a browser: layout shift, requests, bytes and first paint.

    python -m benchmarks.pages

Each page is opened with an empty cache in headless Chromium, at two widths. The reader is also
watched while a chapter is written, from its first sentence to its choices.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browsers import launched
from tests.screenshots.camera import Look, page_of
from tests.screenshots.pages import SHOTS, SIZES, Shot, arranged
from tests.screenshots.site import Site, temporary_site

_TOKENS_PER_SECOND = 40.0
_WATCH = """
  window.shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
"""
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
# Two frames later all that has moved is known.
_SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass
class Cost:
    shift: float
    requests: int
    kilobytes: float
    first_paint_ms: float


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="storyteller-") as folder,
        temporary_site(Path(folder)) as site,
        launched() as browser,
    ):
        sys.stdout.write(_table(_measured(browser, site)))


def _measured(browser: Browser, site: Site) -> Iterator[tuple[str, list[Cost]]]:
    english = replace(site, children={"en": site.children["en"]})
    ids = arranged(english)["en"]
    for shot in SHOTS:
        if shot.who != "staff" and not shot.click:
            yield shot.name, [_opened(browser, site, shot, ids, size) for size in SIZES.values()]
    yield (
        "reader, a first chapter written",
        [_written(browser, site, size) for size in SIZES.values()],
    )


def _opened(
    browser: Browser, site: Site, shot: Shot, ids: dict[str, str], size: tuple[int, int]
) -> Cost:
    email = site.family.email if shot.who == "parent" else ""
    with page_of(browser, site.app, Look(*size, "light", "en-US"), email) as page:
        return _cost_of(page, shot.path.format(**ids), shot.ready)


def _written(browser: Browser, site: Site, size: tuple[int, int]) -> Cost:
    site.host.tokens_per_second = _TOKENS_PER_SECOND
    reader = site.family.start_story("a fox and a whistle", chapters=7 - (size[0] > 360))
    with page_of(browser, site.app, Look(*size, "light", "en-US"), site.family.email) as page:
        return _cost_of(page, reader.path, "#next:not([hidden])")


def _cost_of(page: Page, path: str, ready: str) -> Cost:
    page.set_default_timeout(60_000)
    sizes: list[float] = []
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    devtools.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(_WATCH)
    page.goto(path)
    page.wait_for_selector(ready, state="attached")
    page.evaluate(_SETTLED)
    return Cost(
        page.evaluate("window.shift"), len(asked), sum(sizes) / 1000, page.evaluate(_PAINTED)
    )


def _table(rows: Iterator[tuple[str, list[Cost]]]) -> str:
    widths = [f"{width} px" for width, _ in SIZES.values()]
    names = ["layout shift", "requests", "kB", "first paint, ms"]
    heads = [f"{name}, {width}" for name, width in product(names, widths)]
    lines = [f"| page | {' | '.join(heads)} |", "|---|" + "--:|" * len(heads)]
    for name, costs in rows:
        cells = [f"{cost.shift:.3f}" for cost in costs]
        cells += [f"{cost.requests}" for cost in costs]
        cells += [f"{cost.kilobytes:.0f}" for cost in costs]
        cells += [f"{cost.first_paint_ms:.0f}" for cost in costs]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

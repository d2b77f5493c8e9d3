"""Cost of a family's pages to a browser: layout shift, requests, bytes and first paint.

    python -m benchmarks.pages

Each page is opened with an empty cache in headless Chromium, at two widths. The reader is also
watched while a chapter is written, from its first sentence to its choices.
"""

import sys
import tempfile
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext

from tests.browsers import launched
from tests.screenshots.camera import Look, page_of
from tests.screenshots.pages import SHOTS, SIZES, arranged
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


Rows = dict[str, list[Cost]]


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="storyteller-") as folder,
        temporary_site(Path(folder)) as site,
        launched() as browser,
    ):
        sys.stdout.write(_table(_measured(browser, site)))


def _measured(browser: Browser, site: Site) -> Rows:
    ids = arranged(replace(site, children={"en": site.children["en"]}))["en"]
    rows: Rows = {}
    for size, who in product(SIZES.values(), ("visitor", "parent")):
        email = site.family.email if who == "parent" else ""
        with page_of(browser, site.app, Look(*size, "light", "en-US"), email) as page:
            for shot in SHOTS:
                if shot.who == who and not shot.click:
                    cost = _cost_of(page.context, shot.path.format(**ids), shot.ready)
                    rows.setdefault(shot.name, []).append(cost)
            if who == "parent":
                rows.setdefault("reader, while a chapter is written", []).append(
                    _written(page.context, site, size[0])
                )
    return rows


def _written(context: BrowserContext, site: Site, width: int) -> Cost:
    """From a chapter's request to its choices; the wish is another one for each width."""
    site.host.tokens_per_second = _TOKENS_PER_SECOND
    reader = site.family.start_story(f"a whistle of {width} notes")
    cost = _cost_of(context, reader.path, "#next:not([hidden])")
    site.host.tokens_per_second = 0
    return cost


def _cost_of(context: BrowserContext, path: str, ready: str) -> Cost:
    page = context.new_page()
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
    shift, painted = page.evaluate("window.shift"), page.evaluate(_PAINTED)
    page.close()
    return Cost(shift, len(asked), sum(sizes) / 1000, painted)


def _table(rows: Rows) -> str:
    widths = [f"{width} px" for width, _ in SIZES.values()]
    names = ["layout shift", "requests", "kB", "first paint, ms"]
    heads = [f"{name}, {width}" for name, width in product(names, widths)]
    lines = [f"| page | {' | '.join(heads)} |", "|---|" + "--:|" * len(heads)]
    for name, costs in rows.items():
        cells = [f"{cost.shift:.3f}" for cost in costs]
        cells += [f"{cost.requests}" for cost in costs]
        cells += [f"{cost.kilobytes:.0f}" for cost in costs]
        cells += [f"{cost.first_paint_ms:.0f}" for cost in costs]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

"""Narration as the browser plays it: when each text was shown, began and ended, its marks, and the
times that the server told of its words. `html[data-heard]` counts the texts that have ended."""

from typing import Any

from playwright.sync_api import Page

_LISTEN = """
  window.heard = [];
  window.told = {};
  const shown = new Map();
  new MutationObserver(() => {
    for (const { textContent } of document.querySelectorAll(".story-text .sentence")) {
      const text = textContent.trim();
      if (!shown.has(text)) shown.set(text, performance.now());
    }
  }).observe(document, { childList: true, subtree: true });
  addEventListener("playing", ({ target: audio }) => {
    if (!audio.src.startsWith("blob:")) return;
    const text = document.querySelector(".is-spoken").textContent.trim();
    heard.push({
      text, shown: shown.get(text) ?? 0, from: audio.currentTime, began: performance.now(),
      marks: [],
    });
  }, true);
  addEventListener("ended", () => {
    if (!heard.length) return;
    heard.at(-1).ended = performance.now();
    document.documentElement.dataset.heard = heard.filter(({ ended }) => ended).length;
  }, true);
  const set = CSS.highlights.set.bind(CSS.highlights);
  CSS.highlights.set = (name, highlight) => {
    const [range] = highlight;
    const { data } = range.startContainer;
    const start = range.startOffset - (data.length - data.trimStart().length);
    heard.at(-1).marks.push({ start, at: document.getElementById("narration").currentTime });
    return set(name, highlight);
  };
  const ask = fetch;
  window.fetch = async (url, options) => {
    const answer = await ask(url, options);
    if (options.method === "POST" && String(url).endsWith("/narration") && answer.ok) {
      const { words } = await answer.clone().json();
      told[JSON.parse(options.body).text] = words;
    }
    return answer;
  };
"""


def listen(page: Page) -> None:
    """Before the page is opened."""
    page.add_init_script(_LISTEN)


def heard_on(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("heard")
    return found


def late_marks(page: Page) -> list[float]:
    """Seconds of each mark after the moment that the server tells of its word; of texts that were
    heard from their beginning."""
    told: dict[str, list[dict[str, float]]] = page.evaluate("told")
    late = []
    for each in heard_on(page):
        begins = {word["start"]: word["begins"] for word in told.get(each["text"], [])}
        if each["from"] == 0:
            late += [m["at"] - begins[m["start"]] for m in each["marks"] if m["start"] in begins]
    return late

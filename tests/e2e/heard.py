"""Narration as the browser plays it: when each text was shown, began and ended, and its marks."""

LISTEN = """
  window.heard = [];
  const shown = new Map();
  new MutationObserver(() => {
    for (const { textContent } of document.querySelectorAll(".story-text .sentence")) {
      const text = textContent.trim();
      if (!shown.has(text)) shown.set(text, performance.now());
    }
  }).observe(document, { childList: true, subtree: true });
  addEventListener("playing", ({ target: audio }) => {
    if (audio.src.startsWith("blob:")) heard.push({
      shown: shown.get(document.querySelector(".is-spoken").textContent.trim()) ?? 0,
      text: document.querySelector(".is-spoken").textContent.trim(),
      from: audio.currentTime, began: performance.now(), marks: [],
    });
  }, true);
  addEventListener("ended", () => {
    if (heard.length) heard.at(-1).ended = performance.now();
  }, true);
  const set = CSS.highlights.set.bind(CSS.highlights);
  CSS.highlights.set = (name, highlight) => {
    const [range] = highlight;
    const { data } = range.startContainer;
    const start = range.startOffset - (data.length - data.trimStart().length);
    heard.at(-1).marks.push({ start, at: document.getElementById("narration").currentTime });
    return set(name, highlight);
  };
"""

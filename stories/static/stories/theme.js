/* Day or night: follows the system until the reader says otherwise, then remembers that.
   A classic script in <head>, so that the page never flashes in the wrong colours. */
(() => {
  /** @typedef {"day" | "night"} Theme */
  const root = document.documentElement;
  const KEY = "storyteller-theme";
  const prefersNight = window.matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const remember = (/** @type {Theme} */ theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  };
  const isNight = () =>
    root.dataset.theme ? root.dataset.theme === "night" : prefersNight.matches;

  const showState = () => {
    /** @type {NodeListOf<HTMLElement>} */
    const buttons = document.querySelectorAll("[data-theme-toggle]");
    for (const button of buttons) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(isNight()));
    }
  };
  const choose = (/** @type {Theme} */ theme) => {
    root.dataset.theme = theme;
    remember(theme);
    showState();
  };

  const theme = stored();
  if (theme === "night" || theme === "day") root.dataset.theme = theme;

  prefersNight.addEventListener("change", showState);
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-theme-toggle]")) choose(isNight() ? "day" : "night");
  });
  document.addEventListener("DOMContentLoaded", showState);
})();

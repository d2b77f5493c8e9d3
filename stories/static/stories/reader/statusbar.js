/* The line at the bottom: what is going on, in words, and the one thing to be done about it. */
import { byId, find } from "./dom.js";

/** @typedef {"stop" | "retry" | "show"} ButtonName */

export class StatusBar {
  #root = byId("statusbar", HTMLElement);
  #words = byId("words", HTMLElement);
  #bar = byId("bar", HTMLElement);
  /** @type {Record<ButtonName, HTMLButtonElement>} */
  #buttons = {
    stop: byId("stop", HTMLButtonElement),
    retry: byId("retry-now", HTMLButtonElement),
    show: byId("to-choices", HTMLButtonElement),
  };
  /** @type {HTMLElement | null} */
  #target = null;
  #isTargetSeen = false;
  #watch = new IntersectionObserver(
    (entries) => {
      this.#isTargetSeen = Boolean(entries.at(-1)?.isIntersecting);
      this.#showOrHide();
    },
    { rootMargin: "0px 0px -25% 0px" },
  );

  /** @param {Record<ButtonName, () => void>} on answers the buttons */
  constructor(on) {
    this.#buttons.stop.addEventListener("click", () => on.stop());
    this.#buttons.retry.addEventListener("click", () => on.retry());
    this.#buttons.show.addEventListener("click", () => on.show());
  }

  /** @param {number} percent */
  set percent(percent) {
    this.#bar.style.inlineSize = `${percent}%`;
  }

  /**
   * `words` are only replaced where they differ: each change is read out to who cannot see.
   *
   * @param {string} words
   * @param {ButtonName | null} [button]
   */
  say(words, button = null) {
    this.#forget();
    this.#root.hidden = false;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#only(button);
  }

  /**
   * Says that there is something to see further down, and offers to go there, until it is in view.
   *
   * @param {HTMLElement} target
   * @param {string} words
   * @param {string} label
   * @param {{ areWordsSeen?: boolean }} [options] whether the words are for who sees, too: where the
   *   label does not say all
   */
  pointTo(target, words, label, { areWordsSeen = false } = {}) {
    this.say(words, "show");
    this.#buttons.show.textContent = label;
    this.#root.classList.add("is-pointing");
    this.#root.classList.toggle("is-telling", areWordsSeen);
    this.#target = target;
    this.#watch.observe(target);
  }

  clear() {
    this.#forget();
    this.percent = 0;
    this.#words.textContent = "";
    this.#only(null);
    this.#root.hidden = true;
  }

  /**
   * Shows one button. A focus that another one had stays in the bar, which is always seen.
   *
   * @param {ButtonName | null} shown
   */
  #only(shown) {
    const hasFocus = this.#root.contains(document.activeElement);
    for (const [name, button] of Object.entries(this.#buttons)) button.hidden = name !== shown;
    const goesTo = shown ? this.#buttons[shown] : this.#words;
    if (hasFocus) goesTo.focus({ preventScroll: true });
  }

  #forget() {
    this.#watch.disconnect();
    this.#target = null;
    this.#root.classList.remove("is-away", "is-pointing", "is-telling");
  }

  #showOrHide() {
    // Not hidden, which would silence words that were not read out yet.
    const isAway = this.#target !== null && this.#isTargetSeen;
    const hasFocus = this.#root.contains(document.activeElement);
    this.#root.classList.toggle("is-away", isAway);
    this.#buttons.show.hidden = isAway || !this.#target;
    if (isAway && hasFocus && this.#target) {
      find(this.#target, "[tabindex]", HTMLElement).focus({ preventScroll: true });
    }
  }
}

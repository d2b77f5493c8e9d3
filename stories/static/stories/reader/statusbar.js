/* The line at the bottom: what is going on, in words, and the one thing to be done about it. */

export class StatusBar {
  #root = document.getElementById("statusbar");
  #words = document.getElementById("words");
  #bar = document.getElementById("bar");
  #buttons = {
    stop: document.getElementById("stop"),
    retry: document.getElementById("retry-now"),
    show: document.getElementById("to-choices"),
  };
  #target = null;
  #isTargetSeen = false;
  #watch = new IntersectionObserver(
    (entries) => {
      this.#isTargetSeen = entries.at(-1).isIntersecting;
      this.#showOrHide();
    },
    { rootMargin: "0px 0px -25% 0px" },
  );

  /** `on.stop()`, `on.retry()` and `on.show()` answer the buttons. */
  constructor(on) {
    for (const [name, button] of Object.entries(this.#buttons)) {
      button.addEventListener("click", () => on[name]());
    }
  }

  /** `words` are only replaced where they differ: each change is read out to who cannot see. */
  say(words, button = null) {
    this.#forget();
    this.#root.hidden = false;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#only(button);
  }

  set percent(percent) {
    this.#bar.style.inlineSize = `${percent}%`;
  }

  /** Something to see stands further down: says so, and offers to go there, until it is in view. */
  pointTo(target, words, label) {
    this.say(words, "show");
    this.#buttons.show.textContent = label;
    this.#root.classList.add("is-pointing");
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

  #only(shown) {
    for (const [name, button] of Object.entries(this.#buttons)) button.hidden = name !== shown;
  }

  #forget() {
    this.#watch.disconnect();
    this.#target = null;
    this.#root.classList.remove("is-away", "is-pointing");
  }

  #showOrHide() {
    // Not hidden, which would silence words that were not read out yet.
    const isAway = this.#target !== null && this.#isTargetSeen;
    this.#root.classList.toggle("is-away", isAway);
    this.#buttons.show.hidden = isAway || !this.#target;
  }
}

/* Saying one text at a time through the browser's speech synthesis, which may drop a text, lose its
   end, or never answer. */

/** Within this time a text has to begin. */
export const START_WITHIN_MS = 2000;
/** A text that is spoken sooner after a `cancel()` is dropped by Chromium, iOS and Android. */
export const SETTLE_MS = 100;
const LOOK_EVERY_MS = 1000;
const MAX_TRIES = 2;

/**
 * @typedef {object} Clock
 * @property {() => number} now in milliseconds
 * @property {(wait: number, run: () => void) => () => void} after runs it once, `wait` milliseconds
 *   later; the function that is returned calls it off
 *
 * @typedef {Pick<SpeechSynthesis, "speaking" | "pending" | "cancel" | "speak">} Engine
 *
 * @typedef {object} Handlers
 * @property {() => void} ended the text was said
 * @property {() => void} failed it was not, twice
 * @property {(event: SpeechSynthesisEvent) => void} boundary a word or a sentence of it begins
 */

export class Speaker {
  #engine;
  #clock;
  #handlers;
  /* The browser may drop an utterance that nothing refers to, and its events with it. */
  /** @type {SpeechSynthesisUtterance | null} */
  #utterance = null;
  #make = () => /** @type {SpeechSynthesisUtterance} */ ({});
  #tries = 0;
  #wasBusy = false;
  #cancelledAt = Number.NEGATIVE_INFINITY;
  #callOff = () => {};

  /**
   * @param {Engine} engine
   * @param {Clock} clock
   * @param {Handlers} handlers of what becomes of the last text; nothing is told of one before it
   */
  constructor(engine, clock, handlers) {
    this.#engine = engine;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  get #isBusy() {
    return this.#engine.speaking || this.#engine.pending;
  }

  /**
   * Says a text instead of what is being said.
   *
   * @param {() => SpeechSynthesisUtterance} make a new utterance of it, for each try
   */
  say(make) {
    this.hush();
    this.#make = make;
    this.#tries = 0;
    this.#speakOnceSettled();
  }

  hush() {
    this.#callOff();
    this.#utterance = null;
    if (!this.#isBusy) return;
    this.#engine.cancel();
    this.#cancelledAt = this.#clock.now();
  }

  /* At once if it can be: iOS speaks first only while it answers a tap. */
  #speakOnceSettled() {
    const wait = this.#cancelledAt + SETTLE_MS - this.#clock.now();
    if (wait > 0) this.#callOff = this.#clock.after(wait, () => this.#speak());
    else this.#speak();
  }

  #speak() {
    const utterance = this.#make();
    this.#tries += 1;
    this.#wasBusy = false;
    this.#utterance = utterance;
    this.#heed(utterance);
    this.#callOff = this.#clock.after(START_WITHIN_MS, () => this.#tryAgain());
    this.#engine.speak(utterance);
  }

  /**
   * Events of an utterance that was cancelled come later, and are none.
   *
   * @param {SpeechSynthesisUtterance} utterance
   */
  #heed(utterance) {
    const isCurrent = () => utterance === this.#utterance;
    utterance.addEventListener("start", () => isCurrent() && this.#watchEnd());
    utterance.addEventListener("end", () => isCurrent() && this.#finish());
    utterance.addEventListener("error", () => isCurrent() && this.#tryAgain());
    utterance.addEventListener("boundary", (event) => {
      if (!isCurrent()) return;
      this.#watchEnd();
      this.#handlers.boundary(event);
    });
  }

  /**
   * Looks whether the engine has fallen silent without an `end`.
   *
   * @param {boolean} [wasSilent] at the look before
   */
  #watchEnd(wasSilent = false) {
    this.#callOff();
    // Some engines never say that they are speaking.
    this.#wasBusy ||= this.#isBusy;
    this.#callOff = this.#clock.after(LOOK_EVERY_MS, () => {
      const isSilent = this.#wasBusy && !this.#isBusy;
      if (isSilent && wasSilent) this.#finish();
      else this.#watchEnd(isSilent);
    });
  }

  #tryAgain() {
    this.hush();
    if (this.#tries < MAX_TRIES) this.#speakOnceSettled();
    else this.#handlers.failed();
  }

  #finish() {
    this.#callOff();
    this.#utterance = null;
    this.#handlers.ended();
  }
}

/* The storyteller's own voice: audio of one sentence at a time, played in one element. */

/**
 * The part of an `<audio>` that is used.
 *
 * @typedef {Pick<HTMLAudioElement, "src" | "currentTime" | "paused" | "ended" | "play" | "pause"
 *   | "addEventListener">} Player
 *
 * @typedef {object} Handlers
 * @property {() => void} ended the text was said
 * @property {(error: unknown) => void} failed it was not
 * @property {() => void} paused somebody else has stopped it: the system, a headset
 * @property {(start: number, length: number) => void} word a word of it begins
 */

/** Within this time a text has to be heard: the first one has the voice loaded. */
export const START_WITHIN_MS = 10000;

export class Narrator {
  #audio;
  #narrations;
  #clock;
  #frame;
  #handlers;
  /* What comes for an earlier text is none of this one's. */
  #turn = 0;
  #isOurs = false;
  #isUnlocked = false;
  #callOff = () => {};
  /** @type {import("./narrations.js").Narration | null} */
  #narration = null;
  #word = -1;

  /**
   * @param {Player} audio
   * @param {import("./narrations.js").Narrations} narrations
   * @param {{ clock: import("./speaker.js").Clock, frame: (run: () => void) => void }} times
   * @param {Handlers} handlers
   */
  constructor(audio, narrations, { clock, frame }, handlers) {
    this.#audio = audio;
    this.#narrations = narrations;
    this.#clock = clock;
    this.#frame = frame;
    this.#handlers = handlers;
    audio.addEventListener("ended", () => this.#narration && this.#finish());
    audio.addEventListener("error", () => this.#narration && this.#fail(new Error("audio")));
    audio.addEventListener("playing", () => this.#begin());
    audio.addEventListener("pause", () => {
      if (this.#narration && !this.#isOurs && !audio.ended) handlers.paused();
    });
  }

  /** Seconds of the text that were heard. */
  get position() {
    return this.#narration ? this.#audio.currentTime : 0;
  }

  /** Length of the text in seconds; 0 before it is known. */
  get seconds() {
    return this.#narration?.seconds ?? 0;
  }

  /**
   * Says a text instead of what is being said, `from` a second on.
   *
   * @param {string} text
   * @param {{ speed: number, from?: number }} options
   */
  say(text, { speed, from = 0 }) {
    this.hush();
    const turn = this.#turn;
    this.#callOff = this.#clock.after(START_WITHIN_MS, () => this.#fail(new Error("silent")));
    this.#narrations.get(text, speed).then(
      (narration) => void (turn === this.#turn && this.#play(narration, from)),
      (error) => void (turn === this.#turn && this.#fail(error)),
    );
  }

  /**
   * Has the next texts made and fetched.
   *
   * @param {string[]} texts
   * @param {number} speed
   */
  prefetch(texts, speed) {
    for (const text of texts) this.#narrations.get(text, speed).catch(() => {});
  }

  hush() {
    this.#turn += 1;
    this.#callOff();
    this.#narration = null;
    this.#isOurs = true;
    this.#audio.pause();
  }

  /** Lets this element play later, without a tap: iOS wants one for each element, once. */
  unlock() {
    // What the template has put there is a sound of nothing.
    if (!this.#isUnlocked) this.#audio.play().catch(() => {});
    this.#isUnlocked = true;
  }

  /**
   * @param {import("./narrations.js").Narration} narration
   * @param {number} from
   */
  async #play(narration, from) {
    const turn = this.#turn;
    this.#narration = narration;
    this.#word = -1;
    this.#audio.src = narration.src;
    this.#audio.currentTime = from;
    try {
      await this.#audio.play();
    } catch (error) {
      // A text that came instead has cut it off.
      if (turn === this.#turn) this.#fail(error);
    }
  }

  #begin() {
    if (!this.#narration) return;
    this.#callOff();
    this.#isOurs = false;
    this.#follow(this.#turn);
  }

  /**
   * Tells each word as it begins, looked at for each picture of the screen.
   *
   * @param {number} turn
   */
  #follow(turn) {
    const narration = this.#narration;
    if (!narration || turn !== this.#turn || this.#audio.paused) return;
    const now = this.#audio.currentTime;
    const index = narration.words.findLastIndex(({ begins }) => begins <= now);
    const word = narration.words[index];
    if (word && index !== this.#word) this.#handlers.word(word.start, word.length);
    this.#word = index;
    this.#frame(() => this.#follow(turn));
  }

  #finish() {
    this.#callOff();
    this.#turn += 1;
    this.#handlers.ended();
  }

  /** @param {unknown} error */
  #fail(error) {
    this.hush();
    this.#handlers.failed(error);
  }
}

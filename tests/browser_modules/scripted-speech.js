/* A clock that is turned by hand, and a speech engine that does as it is told. */

/** @typedef {import("../../stories/static/stories/reader/speaker.js").Clock} Clock */

/** @implements {Clock} */
export class HandClock {
  #now = 0;
  /** @type {Set<{ at: number, run: () => void }>} */
  #waiting = new Set();

  now = () => this.#now;

  /**
   * @param {number} wait
   * @param {() => void} run
   */
  after = (wait, run) => {
    const entry = { at: this.#now + wait, run };
    this.#waiting.add(entry);
    return () => void this.#waiting.delete(entry);
  };

  get isIdle() {
    return this.#waiting.size === 0;
  }

  /** @param {number} ms */
  turn(ms) {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#waiting.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }

  /** @param {number} end */
  #next(end) {
    const due = Array.from(this.#waiting).filter(({ at }) => at <= end);
    return due.toSorted((one, other) => one.at - other.at)[0];
  }
}

export class Utterance extends EventTarget {
  /** @param {string} text */
  constructor(text) {
    super();
    this.text = text;
  }
}

/** Drops what is spoken within 30 ms of a `cancel()`, as Chromium on Linux does. */
export class Engine {
  #clock;
  #cancelledAt = Number.NEGATIVE_INFINITY;
  speaking = false;
  pending = false;
  cancelled = 0;
  /** @type {Utterance[]} */
  spoken = [];

  /** @param {HandClock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  cancel() {
    this.cancelled += 1;
    this.#cancelledAt = this.#clock.now();
    if (this.speaking || this.pending) this.tell("error");
    this.speaking = this.pending = false;
  }

  /** @param {any} utterance */
  speak(utterance) {
    if (this.#clock.now() - this.#cancelledAt < 30) return;
    this.spoken.push(utterance);
    this.pending = true;
  }

  start() {
    this.speaking = true;
    this.pending = false;
    this.tell("start");
  }

  end() {
    this.speaking = false;
    this.tell("end");
  }

  /**
   * @param {string} type of an event of the utterance spoken last, or of one before it
   * @param {number} [index]
   */
  tell(type, index = -1) {
    this.spoken.at(index)?.dispatchEvent(new Event(type));
  }

  get texts() {
    return this.spoken.map(({ text }) => text);
  }
}

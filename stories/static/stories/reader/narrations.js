/* Sentences as the server says them: asked for once, kept for a while, fetched ahead. */

/**
 * A word of a sentence: where it stands in it, and when it is said, in seconds.
 *
 * @typedef {{ start: number, length: number, begins: number, ends: number }} TimedWord
 *
 * @typedef {object} Narration
 * @property {string} src address of the audio, in this page's memory
 * @property {number} seconds
 * @property {TimedWord[]} words none where the voice does not tell
 */

/* Enough to go back ten seconds, and on for two sentences. */
const MAX_KEPT = 12;

export class Narrations {
  #ask;
  #drop;
  /** @type {Map<string, Promise<Narration>>} */
  #kept = new Map();

  /**
   * @param {(text: string, speed: number) => Promise<Narration>} ask
   * @param {(narration: Narration) => void} drop frees what it holds
   */
  constructor(ask, drop) {
    this.#ask = ask;
    this.#drop = drop;
  }

  /**
   * @param {string} text
   * @param {number} speed
   */
  get(text, speed) {
    const key = `${speed} ${text}`;
    const narration = this.#kept.get(key) ?? this.#ask(text, speed);
    // The one that was asked for last is let go last.
    this.#kept.delete(key);
    this.#kept.set(key, narration);
    narration.catch(() => this.#forget(key));
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#forget(oldest);
    }
    return narration;
  }

  /** @param {string} key */
  #forget(key) {
    this.#kept.get(key)?.then(this.#drop, () => {});
    this.#kept.delete(key);
  }
}

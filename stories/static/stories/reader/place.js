/* The place in a chapter that is read aloud: what was read, what comes, and the way back. */

/**
 * @typedef {import("./passages.js").Passage} Passage
 *
 * @typedef {{ passage: Passage, from: number }} Start a passage, and the second of it to begin at
 */

export class Place {
  #passages;
  /** @type {{ passage: Passage, seconds: number }[]} */
  #read = [];

  /** @param {() => Passage[]} passages of the chapter, in order; asked for at each */
  constructor(passages) {
    this.#passages = passages;
  }

  reset() {
    this.#read = [];
  }

  /** The passages that were not read yet. */
  get ahead() {
    const passages = this.#passages();
    const last = this.#read.at(-1)?.passage.element;
    if (!last) return passages;
    // Where the last one is not there any more, as many as were read are behind.
    const index = passages.findIndex(({ element }) => element === last);
    return passages.slice(index < 0 ? this.#read.length : index + 1);
  }

  /**
   * @param {Passage} passage that was read
   * @param {number} seconds that it took; 0 where the voice does not count them
   */
  pass(passage, seconds) {
    this.#read.push({ passage, seconds });
  }

  /**
   * Goes back from where a passage is being read; one that was not counted is far enough.
   *
   * @param {number} seconds
   * @param {Start | null} here
   * @returns {Start | null} null where there is nothing to go back to
   */
  back(seconds, here) {
    let left = seconds - (here?.from ?? 0);
    let start = here && { ...here, from: Math.max(0, -left) };
    while (left > 0) {
      const before = this.#read.pop();
      if (!before) break;
      left -= before.seconds || left;
      start = { passage: before.passage, from: Math.max(0, -left) };
    }
    return start;
  }
}

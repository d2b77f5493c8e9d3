/* The time after which reading aloud ends by itself: with the sentence that is then being said, or
   with the chapter. */

export const CHAPTER = "chapter";

export class SleepTimer {
  #clock;
  #callOff = () => {};
  #isOver = false;
  #isForChapter = false;

  /** @param {import("./speaker.js").Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** @param {string} choice minutes from now, "chapter", or "" for no end */
  set(choice) {
    this.#callOff();
    this.#isOver = false;
    this.#isForChapter = choice === CHAPTER;
    const minutes = Number(choice);
    if (!(minutes > 0)) return;
    this.#callOff = this.#clock.after(minutes * 60_000, () => {
      this.#isOver = true;
    });
  }

  /**
   * Whether reading ends now, at the end of a sentence. It does so once.
   *
   * @param {{ isChapterOver: boolean }} where
   */
  ends({ isChapterOver }) {
    const ends = this.#isOver || (this.#isForChapter && isChapterOver);
    if (ends) this.set("");
    return ends;
  }
}

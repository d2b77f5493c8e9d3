/* A chapter that is written, and stays closed until a grown-up has looked at it. */
import { focusIfLost } from "./dom.js";
import { fill } from "./texts.js";

/** @typedef {import("./run.js").Run} Run */

export class ClosedBook {
  #parts;
  #stateOf;

  /**
   * @param {Pick<import("./writing.js").Parts, "page" | "texts" | "book" | "voice">} parts
   * @param {(id: string) => Promise<import("./run.js").Generation | null>} stateOf a run
   */
  constructor(parts, stateOf) {
    this.#parts = parts;
    this.#stateOf = stateOf;
  }

  /** @param {Run} run that has written its chapter */
  wait(run) {
    run.isWaiting = true;
    run.chapter.close(this.#parts.texts.waits);
    this.#parts.book.drawDots(run.chapter);
    focusIfLost(run.chapter.title);
    this.#parts.voice.more();
    this.find(run);
  }

  /**
   * Looks for the way of a grown-up to the chapter that waits, where it was not found yet.
   *
   * @param {Run | null} run
   */
  async find(run) {
    if (!run?.isWaiting || run.waitingId) return;
    const state = await this.#stateOf(run.id);
    if (!state) return;
    if (!state.chapter_id) {
      location.reload();
      return;
    }
    run.waitingId = state.chapter_id;
    const { page, texts } = this.#parts;
    run.chapter.close(texts.waits, fill(page.previewUrl, { id: run.waitingId }));
  }
}

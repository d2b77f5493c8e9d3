/* The run that writes a chapter: followed, shown as it goes on, stopped, taken up, ended. */
import { Refused, readIfPossible, send } from "./api.js";
import { ClosedBook } from "./closed-book.js";
import { Follower } from "./follower.js";
import { newRun, standing } from "./run.js";
import { fill, wordsForQueue, wordsForStage, wordsForThinking } from "./texts.js";

/**
 * @typedef {import("./chapter.js").Chapter} Chapter
 * @typedef {import("./run.js").Run} Run
 * @typedef {import("./run.js").Wish} Wish
 *
 * @typedef {object} Parts
 * @property {import("./page.js").ReaderPage} page
 * @property {import("./texts.js").Texts} texts
 * @property {import("./book.js").Book} book
 * @property {import("./statusbar.js").StatusBar} statusBar
 * @property {import("./voice.js").Voice} voice
 * @property {import("./heard.js").Heard} heard
 *
 * @typedef {object} Listener
 * @property {() => void} begun
 * @property {(run: Run, data: import("./run.js").Complete) => void} complete
 * @property {(run: Run, end: { code: string, retryable: boolean }) => void} failed
 * @property {(refused: Refused) => void} refused the run cannot be followed any more
 */

export class Writing {
  #parts;
  #on;
  #closedBook;

  /**
   * @param {Parts} parts
   * @param {Listener} on
   */
  constructor(parts, on) {
    this.#parts = parts;
    this.#on = on;
    this.#closedBook = new ClosedBook(parts, (id) => this.stateOf(id));
    /** @type {Run | null} The last run that was followed, until it is forgotten. */
    this.run = null;
    /** @type {string | null} The run that this page believes the story to be at. */
    this.at = null;
  }

  /**
   * Follows a run from its first event, or from a cursor on.
   *
   * @param {string} id
   * @param {Chapter} chapter
   * @param {Wish} wish
   * @param {{ cursor?: string, isClosed?: boolean }} [options]
   */
  follow(id, chapter, wish, { cursor = "", isClosed = false } = {}) {
    const { page, texts, book, statusBar, voice, heard } = this.#parts;
    this.run?.follower?.close();
    const run = newRun(id, chapter, wish);
    this.run = run;
    this.at = id;
    chapter.runId = id;
    this.#on.begun();
    chapter.isGrowing = true;
    heard.begin(chapter.shownText);
    if (isClosed) chapter.close(texts.closed);
    else chapter.open();
    book.drawDots(chapter);
    statusBar.percent = 0;
    this.#say(run, wordsForThinking(texts, chapter));
    const stateUrl = fill(page.generationUrl, { id });
    const eventsUrl = fill(page.eventsUrl, { id });
    run.follower = new Follower(
      { stateUrl, eventsUrl, cursor },
      {
        event: (event) => this.#show(run, event),
        lost: () => statusBar.say(texts.reconnecting, "retry"),
        found: () => this.#say(run, run.words),
        refused: (refused) => this.#on.refused(refused),
        isHeard: () => voice.isReading,
      },
    );
    return run;
  }

  /**
   * Shows what a run has written so far, where that is not on the page already, and follows it.
   *
   * @param {string} id
   * @param {Chapter} chapter
   * @param {Wish} wish
   * @param {import("./run.js").Generation | null} state
   */
  takeUp(id, chapter, wish, state) {
    const { isClosed, isCarriedOn, text, cursor } = standing(state);
    if (!isCarriedOn && chapter.shownText !== text) {
      if (text) chapter.clear();
      else chapter.withdraw();
      chapter.append(text, { isCalm: false });
      this.#parts.voice.rewind();
    }
    chapter.name = state?.chapter_title ?? "";
    const run = this.follow(id, chapter, wish, { cursor, isClosed });
    run.isResync = isCarriedOn;
    if (!chapter.isEmpty) this.#say(run, this.#parts.texts.writing);
  }

  async stop() {
    const { run } = this;
    if (!run) return;
    const { page, texts } = this.#parts;
    run.isStopping = true;
    this.#say(run, texts.stopping);
    try {
      await send(fill(page.stopUrl, { id: run.id }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      run.isStopping = false;
      this.#say(run, error.isPassing ? texts.offline : texts.loggedOut);
    }
  }

  /** Ends following, and the signs of growing. */
  settle() {
    const { run } = this;
    if (!run) return;
    run.chapter.isGrowing = false;
    run.chapter.open();
    run.follower?.close();
    this.#parts.statusBar.clear();
  }

  /**
   * State of a run; null where it cannot be had.
   *
   * @param {string} id
   * @returns {Promise<import("./run.js").Generation | null>}
   */
  stateOf(id) {
    return readIfPossible(fill(this.#parts.page.generationUrl, { id }));
  }

  /** Looks for the way of a grown-up to a chapter that waits. */
  findWaiting() {
    this.#closedBook.find(this.run);
  }

  /**
   * @param {Run} run
   * @param {import("./run.js").StoryEvent} event
   */
  #show(run, event) {
    const { texts, statusBar } = this.#parts;
    switch (event.type) {
      case "node_event":
        return this.#sayStage(run, event.data);
      case "queue":
        return this.#say(run, wordsForQueue(texts, event.data.position));
      case "progress":
        statusBar.percent = event.data.percent;
        return;
      case "content":
        return this.#grow(run, event.data.chunk);
      case "content_reset":
        return this.#reset(run, event.data.reason);
      case "complete":
        return this.#complete(run, event.data);
      case "error":
        this.settle();
        this.#on.failed(run, event.data);
    }
  }

  /**
   * @param {Run} run
   * @param {{ node: string, status: string }} data
   */
  #sayStage(run, { node, status }) {
    if (status !== "started" || run.isStopping) return;
    const words = wordsForStage(this.#parts.texts, node, run.chapter);
    if (words) this.#say(run, words);
    if (node === "generate_content") this.#nameEarly(run);
  }

  /**
   * The title of a chapter that is told from its story's plan is known before its text.
   *
   * @param {Run} run
   */
  async #nameEarly({ id, chapter }) {
    if (chapter.hasName) return;
    const state = await this.stateOf(id);
    if (!chapter.hasName) chapter.name = state?.chapter_title ?? "";
  }

  /**
   * @param {Run} run
   * @param {string} chunk
   */
  #grow(run, chunk) {
    const { texts, voice, heard } = this.#parts;
    if (run.chapter.isEmpty && !run.isStopping) this.#say(run, texts.writing);
    for (const each of [run.chapter, heard]) {
      if (run.isResync) each.become(chunk);
      else each.append(chunk);
    }
    run.isResync = false;
    voice.more();
  }

  /**
   * @param {Run} run
   * @param {string} reason
   */
  #reset(run, reason) {
    run.lastReset = reason;
    // The text that stands follows a resync at once: only what is gone may be seen to go.
    run.isResync = reason === "resync";
    if (run.isResync) return;
    run.chapter.withdraw();
    this.#parts.heard.become("");
    this.#parts.voice.rewind();
  }

  /**
   * @param {Run} run
   * @param {import("./run.js").Complete} data
   */
  #complete(run, data) {
    this.settle();
    if (!data.story_content) {
      this.#closedBook.wait(run);
      return;
    }
    if (run.chapter.shownText !== data.story_content) {
      run.chapter.clear();
      run.chapter.append(data.story_content, { isCalm: false });
      this.#parts.heard.become(data.story_content);
    }
    this.#parts.heard.end();
    this.#on.complete(run, data);
  }

  /**
   * @param {Run} run
   * @param {string} words
   */
  #say(run, words) {
    run.words = words;
    this.#parts.statusBar.say(words, run.isStopping ? null : "stop");
  }
}

/* Ways on: choosing what happens next, and what may be done when a chapter was not finished. */
import { Refused, read, send } from "./api.js";
import { focusIfLost } from "./dom.js";
import { sendingOnce } from "./requests.js";
import { fill, wordsForRefusal } from "./texts.js";
import { troubleAfter } from "./trouble.js";

/**
 * @typedef {import("./run.js").Run} Run
 * @typedef {import("./run.js").Wish} Wish
 *
 * @typedef {object} Parts
 * @property {import("./page.js").ReaderPage} page
 * @property {import("./texts.js").Texts} texts
 * @property {import("./book.js").Book} book
 * @property {import("./tail.js").Tail} tail
 * @property {import("./statusbar.js").StatusBar} statusBar
 * @property {import("./writing.js").Writing} writing
 */

export class WayOn {
  #parts;
  #sendOnce = sendingOnce(send);
  /** Whether a request is under way that may take the story on. */
  isAsking = false;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param {import("./tail.js").Choosing} choosing
   * @param {string} taken its words
   */
  async choose(choosing, taken) {
    const { page, book, tail, writing } = this.#parts;
    tail.setChoosing(false);
    this.isAsking = true;
    try {
      const here = await this.#lastChapterId();
      const wish = { session_id: page.sessionId, at_chapter: here, ...choosing };
      const { id, awaits_preview: isClosed } = await this.#request(wish);
      const chapter = book.add(taken);
      writing.follow(id, chapter, wish, { isClosed });
      book.turnTo(chapter);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      tail.setChoosing(true);
      this.#explain(error);
    } finally {
      this.isAsking = false;
    }
  }

  /**
   * @param {Run} run
   * @param {{ code: string, retryable: boolean }} end
   */
  afterFailure(run, { code, retryable }) {
    const isFirst = run.chapter.number === 1;
    const end = { code, retryable, isFirst, lastReset: run.lastReset };
    const { words, ways } = troubleAfter(this.#parts.texts, end);
    this.#offer(
      words,
      ways.map(([label, action]) => [label, () => this.#actions[action](run)]),
    );
  }

  /**
   * Says that the chapter cannot be read or followed any more, and shows a way out.
   *
   * @param {Refused} refused
   */
  lose(refused) {
    const { texts, writing } = this.#parts;
    writing.settle();
    const words = wordsForRefusal(texts, refused);
    if (refused.isLockedOut) this.#offer(words, [[texts.logIn, () => location.reload()]]);
    else this.#offer(words, [[texts.toLibrary, this.#toLibrary]]);
  }

  /** Goes where the story is by now, with a word about it; an earlier chapter stays open. */
  moveOn() {
    const { page, book } = this.#parts;
    const hash = book.current === book.last ? "" : location.hash;
    location.replace(page.movedOnUrl + hash);
  }

  /** A story of which there is nothing, neither a chapter nor a run. */
  offerReload() {
    const { texts } = this.#parts;
    this.#offer(texts.WORKFLOW_ERROR, [[texts.tryAgain, () => location.reload()]]);
  }

  /** @type {Record<import("./trouble.js").Action, (run: Run) => void>} */
  #actions = {
    tryAgain: ({ chapter, wish }) =>
      this.#attempt(async () => {
        const { id, awaits_preview: isClosed } = await this.#request(wish);
        chapter.withdraw();
        this.#parts.writing.follow(id, chapter, wish, { isClosed });
      }),
    carryOn: (run) =>
      this.#attempt(async () => {
        const { page, writing } = this.#parts;
        const { id } = await this.#sendOnce(fill(page.continueUrl, { id: run.id }));
        writing.takeUp(id, run.chapter, run.wish, await writing.stateOf(id));
      }),
    discard: (run) =>
      this.#attempt(async () => {
        await send(fill(this.#parts.page.discardUrl, { id: run.id }));
        this.#parts.writing.at = this.#parts.book.before(run.chapter)?.runId ?? null;
        if (run.chapter.number === 1) this.#actions.newStory(run);
        else this.#actions.chooseAgain(run);
      }),
    chooseAgain: (run) => this.#chooseAgain(run),
    newStory: () => location.assign(this.#parts.page.newStoryUrl),
  };

  #toLibrary = () => location.assign(this.#parts.page.libraryUrl);

  /** Id of the last finished chapter, which a chapter that was just finished may not know yet. */
  async #lastChapterId() {
    const { page, book } = this.#parts;
    const { finished, runId } = book.last ?? {};
    if (!finished) throw new TypeError("no chapter to choose from");
    if (!finished.id && runId) {
      finished.id = (await read(fill(page.generationUrl, { id: runId }))).chapter_id ?? "";
    }
    return finished.id;
  }

  /** @param {Wish} wish */
  #request(wish) {
    const { page } = this.#parts;
    return this.#sendOnce(page.generationsUrl, {
      child_id: page.childId,
      theme: page.theme,
      ...wish,
    });
  }

  /** @param {Run} run */
  #chooseAgain({ chapter }) {
    const { book, tail, statusBar, writing } = this.#parts;
    book.remove(chapter);
    writing.run = null;
    const { last } = book;
    if (!last?.finished) throw new TypeError("no chapter to choose from");
    tail.showOutcome(last.finished);
    statusBar.clear();
    book.drawDots();
    book.turnTo(last);
    tail.show();
  }

  /** @param {() => Promise<void>} action */
  async #attempt(action) {
    const { texts, tail } = this.#parts;
    tail.disableOffer();
    this.isAsking = true;
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (!error.isPassing) this.#explain(error);
      else {
        const again = () => this.#attempt(action);
        this.#offer(wordsForRefusal(texts, error), [[texts.tryAgain, again]]);
      }
    } finally {
      this.isAsking = false;
    }
  }

  /** @param {Refused} refused */
  #explain(refused) {
    const { texts, tail } = this.#parts;
    // Somebody went on in another window: the server knows where the story is.
    if (refused.status === 409) this.moveOn();
    else if (!refused.isPassing && refused.status !== 422) this.lose(refused);
    else if (tail.hasChoices) tail.explain(wordsForRefusal(texts, refused));
    else this.#offer(wordsForRefusal(texts, refused), [[texts.toLibrary, this.#toLibrary]]);
  }

  /**
   * Text that was not withdrawn stays where it is.
   *
   * @param {string} words
   * @param {[label: string, action: () => void][]} ways
   */
  #offer(words, ways) {
    const { texts, book, tail, statusBar } = this.#parts;
    tail.offer(words, ways);
    book.drawDots();
    const { section, title } = tail;
    if (!section || !title) return;
    statusBar.pointTo(section, words, texts.look, { areWordsSeen: true });
    focusIfLost(title);
  }
}

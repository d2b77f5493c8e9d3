/* The book: one chapter to a page, and dots to turn to any of them. */
import { Chapter } from "./chapter.js";
import { byId, copyOf, find, span } from "./dom.js";
import { fill } from "./texts.js";

/**
 * @typedef {import("./page.js").ReaderPage} ReaderPage
 * @typedef {import("./texts.js").Texts} Texts
 */

export class Book {
  #root = byId("book", HTMLElement);
  #dots = byId("dots", HTMLElement);
  #page;
  #texts;
  #onOpen;
  /** @type {Map<number, Chapter>} */
  #chapters = new Map();

  /**
   * @param {ReaderPage} page
   * @param {Texts} texts
   * @param {(chapter: Chapter, isOther: boolean) => void} onOpen is told which chapter is to be seen,
   *   and whether another one was before
   */
  constructor(page, texts, onOpen) {
    this.#page = page;
    this.#texts = texts;
    this.#onOpen = onOpen;
    /** @type {Chapter | null} The chapter that is seen. */
    this.current = null;
    for (const section of this.#root.querySelectorAll(".chapter")) {
      this.#keep(/** @type {HTMLElement} */ (section));
    }
    for (const finished of page.chapters) {
      const chapter = this.#chapters.get(finished.number);
      if (chapter) Object.assign(chapter, { finished, runId: finished.runId });
    }
    this.#root.classList.add("is-paged");
    addEventListener("hashchange", () => this.#turnToAddress({ takesFocus: true }));
  }

  /** @returns {Chapter | undefined} */
  get last() {
    return this.#chapters.get(Math.max(0, ...this.#chapters.keys()));
  }

  /** @param {Chapter | null} chapter */
  after(chapter) {
    return this.#chapters.get((chapter?.number ?? 0) + 1);
  }

  /** Ids of the finished chapters. */
  get shownIds() {
    return Array.from(this.#chapters.values(), ({ finished }) => finished?.id ?? "");
  }

  /** @param {Chapter} chapter */
  before({ number }) {
    return this.#chapters.get(number - 1);
  }

  /** Shows the chapter that the address names, else the one that opens. */
  begin() {
    this.#turnToAddress({ takesFocus: false });
  }

  /**
   * A new, empty chapter after the last one.
   *
   * @param {string} [taken] the choice that leads to it
   */
  add(taken) {
    const number = (this.last?.number ?? 0) + 1;
    const section = copyOf("chapter-template");
    const title = find(section, ".chapter__title", HTMLElement);
    section.id = `chapter-${number}`;
    section.dataset.number = String(number);
    title.id = `title-${number}`;
    section.setAttribute("aria-labelledby", title.id);
    const kicker = fill(this.#texts.chapter, { number });
    find(section, ".chapter__kicker", HTMLElement).textContent = kicker;
    this.#inStoryLanguage(section);
    if (number > 1) find(section, ".frontispiece", Element).remove();
    if (taken) showTaken(section, taken);
    const before = this.last?.section;
    if (before) before.after(section);
    else this.#root.prepend(section);
    return this.#keep(section);
  }

  /** @param {Chapter} chapter */
  remove(chapter) {
    chapter.section.remove();
    this.#chapters.delete(chapter.number);
  }

  /**
   * Turns to a chapter as a link would, so that going back in the browser turns back.
   *
   * @param {Chapter} chapter
   */
  turnTo(chapter) {
    if (location.hash === `#${chapter.section.id}`) this.#open(chapter, { takesFocus: true });
    else location.hash = chapter.section.id;
  }

  /** @param {Chapter} [writing] the chapter whose dot shows that it is being written */
  drawDots(writing) {
    const count = Math.max(this.#page.totalChapters, this.last?.number ?? 1);
    const dots = Array.from({ length: count }, (_, index) => this.#dot(index + 1, writing));
    this.#dots.replaceChildren(...dots);
  }

  /** @param {HTMLElement} section */
  #keep(section) {
    const chapter = new Chapter(section, this.#page.language);
    this.#chapters.set(chapter.number, chapter);
    return chapter;
  }

  /** @param {{ takesFocus: boolean }} options */
  #turnToAddress(options) {
    const number = Number(location.hash.match(/^#chapter-(\d+)$/)?.[1]);
    const opens = this.#chapters.get(this.#page.openChapter ?? 0) ?? this.last;
    const chapter = this.#chapters.get(number) ?? opens;
    if (chapter) this.#open(chapter, options);
  }

  /**
   * @param {Chapter} chapter
   * @param {{ takesFocus: boolean }} options
   */
  #open(chapter, { takesFocus }) {
    for (const other of this.#chapters.values()) {
      other.section.classList.toggle("is-open", other === chapter);
    }
    const isOther = chapter !== this.current;
    this.current = chapter;
    this.#onOpen(chapter, isOther);
    for (const dot of this.#dots.querySelectorAll("a")) {
      if (dot.hash === `#${chapter.section.id}`) dot.setAttribute("aria-current", "page");
      else dot.removeAttribute("aria-current");
    }
    if (!takesFocus) return;
    scrollTo({ top: 0 });
    chapter.title.focus({ preventScroll: true });
  }

  /**
   * @param {number} number
   * @param {Chapter} [writing]
   */
  #dot(number, writing) {
    const chapter = this.#chapters.get(number);
    const words = chapter ? this.#texts.chapter : this.#texts.chapterToCome;
    const hiddenWords = span("visually-hidden", fill(words, { number }));
    const dot = document.createElement(chapter ? "a" : "span");
    dot.className = "dot";
    dot.dataset.number = String(number);
    dot.append(hiddenWords);
    if (!chapter || !(dot instanceof HTMLAnchorElement)) return dot;
    dot.href = `#${chapter.section.id}`;
    if (chapter.section.classList.contains("is-open")) dot.setAttribute("aria-current", "page");
    if (chapter === writing) dot.dataset.state = "writing";
    return dot;
  }

  /** @param {HTMLElement} section */
  #inStoryLanguage(section) {
    const { language: lang, dir } = this.#page;
    Object.assign(find(section, ".story-text", HTMLElement), { lang, dir });
    for (const bdi of section.querySelectorAll("bdi")) bdi.lang = lang;
  }
}

/**
 * @param {HTMLElement} section
 * @param {string} taken
 */
function showTaken(section, taken) {
  const line = find(section, ".chapter__taken", HTMLElement);
  find(line, "bdi", HTMLElement).textContent = taken;
  line.hidden = false;
}

/* A chapter on the page: text that grows, is taken back or replaced, as one span a sentence. */
import { find, span } from "./dom.js";
import { continuationLength, hasEnd, sentencesOf } from "./sentences.js";

const PARAGRAPH = /(\n{2,})/;
const CLEARING_MS = 320;
/** Characters of a name for which two lines of a phone may be too few. */
const LONG_NAME = 40;

export class Chapter {
  #breaksNext = false;
  /** @type {HTMLElement[]} */
  #leaving = [];
  #language;
  #text;
  /** @type {HTMLElement | null} */
  #closed;

  /**
   * @param {HTMLElement} section as the template has it; only one that is added by the script can
   *   be closed
   * @param {string} language
   */
  constructor(section, language) {
    this.section = section;
    this.number = Number(section.dataset.number);
    this.title = find(section, ".chapter__title", HTMLElement);
    this.nameElement = find(section, ".chapter__name", HTMLElement);
    /** @type {import("./page.js").ReaderChapter | null} Data of a finished chapter. */
    this.finished = null;
    /** @type {string | null} The run that writes it, or did. */
    this.runId = null;
    this.#language = language;
    this.#text = find(section, ".story-text", HTMLElement);
    this.#closed = section.querySelector(".closed");
  }

  get hasName() {
    return this.nameElement.textContent !== "";
  }

  /** @param {string} name */
  set name(name) {
    this.nameElement.textContent = name;
    this.nameElement.classList.toggle("is-long", name.length > LONG_NAME);
  }

  get isGrowing() {
    return this.#text.classList.contains("is-growing");
  }

  /** @param {boolean} isGrowing */
  set isGrowing(isGrowing) {
    this.#text.classList.toggle("is-growing", isGrowing);
    this.#text.ariaBusy = String(isGrowing);
  }

  get isEmpty() {
    return !this.#text.hasChildNodes();
  }

  /** The text as it is stored: paragraphs with an empty line between them. */
  get shownText() {
    this.#dropLeaving();
    return Array.from(this.#text.children, (paragraph) => paragraph.textContent).join("\n\n");
  }

  /**
   * The sentences as elements, but for one that is still being written. Text that the server
   * rendered is cut into them on the first call.
   *
   * @returns {HTMLElement[]}
   */
  get sentences() {
    for (const paragraph of this.#text.querySelectorAll("p:not(:has(.sentence))")) {
      const cut = sentencesOf(paragraph.textContent ?? "", this.#language);
      paragraph.replaceChildren(...cut.map((sentence) => sentenceElement(sentence, false)));
    }
    /** @type {HTMLElement[]} */
    const whole = Array.from(this.#text.querySelectorAll(".sentence"));
    const last = whole.at(-1)?.textContent;
    if (this.isGrowing && last && !hasEnd(last, this.#language)) whole.pop();
    for (const sentence of whole) {
      if (sentence.childElementCount) sentence.replaceChildren(sentence.textContent ?? "");
    }
    return whole;
  }

  /** @param {string} chunk */
  append(chunk, { isCalm = true } = {}) {
    this.#dropLeaving();
    for (const part of chunk.split(PARAGRAPH)) {
      if (part.startsWith("\n\n")) this.#breaksNext = true;
      else if (part) this.#grow(part, isCalm);
    }
  }

  /**
   * Replaces the text: what is on the page already stays where it is, the rest fades.
   *
   * @param {string} text
   */
  become(text) {
    this.#dropLeaving();
    const shown = this.shownText;
    let same = 0;
    while (same < shown.length && shown[same] === text[same]) same += 1;
    this.#takeBackFrom(same);
    this.#breaksNext = text.slice(0, same).endsWith("\n\n");
    if (same < text.length) this.append(text.slice(same), { isCalm: false });
  }

  clear() {
    this.#breaksNext = false;
    this.#leaving = [];
    this.#text.replaceChildren();
  }

  /** Takes the text back, and lets it fade where it stood. */
  withdraw() {
    const old = /** @type {HTMLElement} */ (this.#text.cloneNode(true));
    this.clear();
    if (!old.textContent) return;
    old.classList.remove("is-growing");
    old.inert = true;
    old.ariaHidden = "true";
    this.#text.before(old);
    requestAnimationFrame(() => old.classList.add("is-clearing"));
    setTimeout(() => old.remove(), CLEARING_MS);
  }

  /**
   * Shows `words` instead of the text, and the way for a grown-up, if there is one by now.
   *
   * @param {string} words
   * @param {string} [way]
   */
  close(words, way) {
    if (!this.#closed) throw new TypeError("a finished chapter cannot be closed");
    this.#text.hidden = true;
    this.#closed.hidden = false;
    find(this.#closed, ".closed__words", HTMLElement).textContent = words;
    const link = find(this.#closed, ".closed__way", HTMLAnchorElement);
    link.hidden = !way;
    if (way) link.href = way;
  }

  open() {
    this.#text.hidden = false;
    if (this.#closed) this.#closed.hidden = true;
  }

  /**
   * @param {string} text without a break between paragraphs
   * @param {boolean} isCalm
   */
  #grow(text, isCalm) {
    let paragraph = this.#text.lastElementChild;
    if (!paragraph || this.#breaksNext) {
      paragraph = document.createElement("p");
      this.#text.append(paragraph);
      this.#breaksNext = false;
    }
    const rest = this.#goOn(paragraph.lastElementChild, text, isCalm);
    for (const sentence of sentencesOf(rest, this.#language)) {
      paragraph.append(sentenceElement(sentence, isCalm));
    }
  }

  /**
   * Lets the last sentence grow by as much of the text as belongs to it.
   *
   * @param {Element | null} last
   * @param {string} text
   * @param {boolean} isCalm
   * @returns {string} the rest, which begins another sentence
   */
  #goOn(last, text, isCalm) {
    const taken = continuationLength(last?.textContent ?? "", text, this.#language);
    if (!last || !taken) return text;
    last.append(span(isCalm ? "arrives" : "", text.slice(0, taken)));
    return text.slice(taken);
  }

  /** @param {number} start characters of `shownText` that stay */
  #takeBackFrom(start) {
    let at = 0;
    for (const paragraph of this.#text.children) {
      for (const node of textNodesOf(paragraph)) {
        const kept = Math.min(Math.max(start - at, 0), node.length);
        at += node.length;
        if (kept < node.length) this.#leaving.push(wrapped(node.splitText(kept), "is-leaving"));
      }
      at += "\n\n".length;
    }
    if (this.#leaving.length) setTimeout(() => this.#dropLeaving(), CLEARING_MS);
  }

  #dropLeaving() {
    if (!this.#leaving.length) return;
    for (const words of this.#leaving) words.remove();
    this.#leaving = [];
    for (const element of this.#text.querySelectorAll("p, span")) {
      if (!element.textContent) element.remove();
    }
  }
}

/**
 * @param {string} text
 * @param {boolean} isCalm
 */
const sentenceElement = (text, isCalm) => span(isCalm ? "sentence arrives" : "sentence", text);

/** @param {Element} element */
function textNodesOf(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(/** @type {Text} */ (walker.currentNode));
  return nodes;
}

/**
 * @param {Text} node
 * @param {string} className
 */
function wrapped(node, className) {
  const element = span(className, "");
  element.ariaHidden = "true";
  node.replaceWith(element);
  element.append(node);
  return element;
}

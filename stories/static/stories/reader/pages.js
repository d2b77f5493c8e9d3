/* The book: one chapter to a page, dots to turn to any of them, and text that grows. */

const PARAGRAPH = /(\n{2,})/;
const CLEARING_MS = 320;
const SENTENCE_END = /[.!?…׃]["'”’»)\]״׳]*\s*$/;

/** A chapter on the page. Its text is spans, one a sentence, within paragraphs. */
class Chapter {
  #breaksNext = false;
  #leaving = [];

  constructor(section, language) {
    this.section = section;
    this.number = Number(section.dataset.number);
    this.title = section.querySelector(".chapter__title");
    this.text = section.querySelector(".story-text");
    this.closed = section.querySelector(".closed");
    this.language = language;
  }

  set name(name) {
    this.section.querySelector(".chapter__name").textContent = name;
  }

  set isGrowing(isGrowing) {
    this.text.classList.toggle("is-growing", isGrowing);
    this.text.ariaBusy = String(isGrowing);
  }

  append(chunk, { isCalm = true } = {}) {
    this.#dropLeaving();
    for (const part of chunk.split(PARAGRAPH)) {
      if (part.startsWith("\n\n")) this.#breaksNext = true;
      else if (part) this.#grow(part, isCalm);
    }
  }

  #grow(text, isCalm) {
    let paragraph = this.text.lastElementChild;
    if (!paragraph || this.#breaksNext) {
      paragraph = document.createElement("p");
      this.text.append(paragraph);
      this.#breaksNext = false;
    }
    const open = paragraph.lastElementChild;
    if (open && !SENTENCE_END.test(open.textContent)) text = this.#goOn(open, text, isCalm);
    for (const sentence of sentencesOf(text, this.language)) {
      paragraph.append(sentenceElement(sentence, isCalm));
    }
  }

  /** Lets a sentence grow that came without its end; what is left of the text begins another. */
  #goOn(open, text, isCalm) {
    const before = open.textContent.length;
    let end = 0;
    for (const { length } of sentencesOf(open.textContent + text, this.language)) {
      end += length;
      if (end >= before) break;
    }
    if (end === before) return text;
    open.append(span(isCalm ? "arrives" : "", text.slice(0, end - before)));
    return text.slice(end - before);
  }

  /** Makes this the text: what is on the page already stays where it is, the rest fades. */
  become(text) {
    this.#dropLeaving();
    const shown = this.shownText;
    let same = 0;
    while (same < shown.length && shown[same] === text[same]) same += 1;
    this.#takeBackFrom(same);
    this.#breaksNext = text.slice(0, same).endsWith("\n\n");
    if (same < text.length) this.append(text.slice(same), { isCalm: false });
  }

  get isGrowing() {
    return this.text.classList.contains("is-growing");
  }

  clear() {
    this.#breaksNext = false;
    this.#leaving = [];
    this.text.replaceChildren();
  }

  #takeBackFrom(start) {
    let at = 0;
    for (const paragraph of this.text.children) {
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
    for (const element of this.text.querySelectorAll("p, span")) {
      if (!element.textContent) element.remove();
    }
  }

  /** Takes the text back, and lets it fade where it stood. */
  withdraw() {
    const old = this.text.cloneNode(true);
    this.clear();
    if (!old.textContent) return;
    old.classList.remove("is-growing");
    old.inert = true;
    old.ariaHidden = "true";
    this.text.before(old);
    requestAnimationFrame(() => old.classList.add("is-clearing"));
    setTimeout(() => old.remove(), CLEARING_MS);
  }

  /** Shows `words` instead of the text, and the way for a grown-up, if there is one by now. */
  close(words, way) {
    this.text.hidden = true;
    this.closed.hidden = false;
    this.closed.querySelector(".closed__words").textContent = words;
    const link = this.closed.querySelector(".closed__way");
    link.hidden = !way;
    if (way) link.href = way;
  }

  open() {
    this.text.hidden = false;
    if (this.closed) this.closed.hidden = true;
  }

  get shownText() {
    this.#dropLeaving();
    return Array.from(this.text.children, (paragraph) => paragraph.textContent).join("\n\n");
  }

  get isEmpty() {
    return !this.text.hasChildNodes();
  }

  /**
   * The sentences as elements, but for one that is still being written. What the server rendered is
   * cut into them on the first call.
   */
  get sentences() {
    for (const paragraph of this.text.querySelectorAll("p:not(:has(.sentence))")) {
      const cut = sentencesOf(paragraph.textContent, this.language);
      paragraph.replaceChildren(...cut.map((sentence) => sentenceElement(sentence, false)));
    }
    const whole = [...this.text.querySelectorAll(".sentence")];
    if (this.isGrowing && whole.length && !SENTENCE_END.test(whole.at(-1).textContent)) whole.pop();
    for (const sentence of whole) {
      if (sentence.childElementCount) sentence.replaceChildren(sentence.textContent);
    }
    return whole;
  }
}

export class Book {
  #root = document.getElementById("book");
  #dots = document.getElementById("dots");
  #template = document.getElementById("chapter-template");
  #story;
  #texts;
  #onOpen;
  #chapters = new Map();

  /** `onOpen(chapter)` is told which chapter is to be seen. */
  constructor(story, texts, onOpen) {
    this.#story = story;
    this.#texts = texts;
    this.#onOpen = onOpen;
    for (const section of this.#root.querySelectorAll(".chapter")) this.#keep(section);
    this.#root.classList.add("is-paged");
    addEventListener("hashchange", () => this.#turnToAddress({ takesFocus: true }));
  }

  get last() {
    return this.#chapters.get(Math.max(0, ...this.#chapters.keys()));
  }

  /** Shows the chapter that the address names, else the last one. */
  begin() {
    this.#turnToAddress({ takesFocus: false });
  }

  /** A new, empty chapter after the last one; `taken` is the choice that leads to it, if any. */
  add(number, taken) {
    const section = this.#template.content.firstElementChild.cloneNode(true);
    const title = section.querySelector(".chapter__title");
    section.id = `chapter-${number}`;
    section.dataset.number = number;
    title.id = `title-${number}`;
    section.setAttribute("aria-labelledby", title.id);
    section.querySelector(".chapter__kicker").textContent = fill(this.#texts.chapter, { number });
    this.#inStoryLanguage(section.querySelector(".story-text"));
    for (const bdi of section.querySelectorAll("bdi")) bdi.lang = this.#story.language;
    if (number > 1) section.querySelector(".frontispiece").remove();
    if (taken) {
      const line = section.querySelector(".chapter__taken");
      line.querySelector("bdi").textContent = taken;
      line.hidden = false;
    }
    const before = [...this.#root.querySelectorAll(".chapter")].at(-1);
    if (before) before.after(section);
    else this.#root.prepend(section);
    return this.#keep(section);
  }

  remove(chapter) {
    chapter.section.remove();
    this.#chapters.delete(chapter.number);
  }

  /** Turns to a chapter as a link would, so that going back in the browser turns back. */
  turnTo(chapter) {
    if (location.hash === `#${chapter.section.id}`) this.#open(chapter, { takesFocus: true });
    else location.hash = chapter.section.id;
  }

  drawDots(writing) {
    const count = Math.max(this.#story.totalChapters, this.last?.number ?? 1);
    const dots = Array.from({ length: count }, (_, index) => this.#dot(index + 1, writing));
    this.#dots.replaceChildren(...dots);
  }

  #keep(section) {
    const chapter = new Chapter(section, this.#story.language);
    this.#chapters.set(chapter.number, chapter);
    return chapter;
  }

  #turnToAddress(options) {
    const number = Number(location.hash.match(/^#chapter-(\d+)$/)?.[1]);
    const chapter = this.#chapters.get(number) ?? this.last;
    if (chapter) this.#open(chapter, options);
  }

  #open(chapter, { takesFocus }) {
    for (const other of this.#chapters.values()) {
      other.section.classList.toggle("is-open", other === chapter);
    }
    this.#onOpen(chapter);
    for (const dot of this.#dots.querySelectorAll("a")) {
      if (dot.hash === `#${chapter.section.id}`) dot.setAttribute("aria-current", "page");
      else dot.removeAttribute("aria-current");
    }
    if (!takesFocus) return;
    scrollTo({ top: 0 });
    chapter.title.focus({ preventScroll: true });
  }

  #dot(number, writing) {
    const chapter = this.#chapters.get(number);
    const dot = document.createElement(chapter ? "a" : "span");
    const words = chapter ? this.#texts.chapter : this.#texts.chapterToCome;
    dot.className = "dot";
    dot.append(hiddenWords(fill(words, { number })));
    if (chapter) {
      dot.href = `#${chapter.section.id}`;
      if (chapter.section.classList.contains("is-open")) dot.setAttribute("aria-current", "page");
      if (chapter === writing) dot.dataset.state = "writing";
    }
    return dot;
  }

  #inStoryLanguage(element) {
    element.lang = this.#story.language;
    element.dir = this.#story.dir;
  }
}

/** "{count} letters" with its gaps filled. */
export const fill = (words, gaps) => words.replace(/\{(\w+)\}/g, (_, name) => gaps[name]);

function sentencesOf(text, language) {
  const segmenter = new Intl.Segmenter(language, { granularity: "sentence" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

const sentenceElement = (text, isCalm) => span(isCalm ? "sentence arrives" : "sentence", text);

const hiddenWords = (words) => span("visually-hidden", words);

function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

function textNodesOf(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return nodes;
}

function wrapped(node, className) {
  const element = span(className, "");
  element.ariaHidden = "true";
  node.replaceWith(element);
  element.append(node);
  return element;
}

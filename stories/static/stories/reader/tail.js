/* The part behind the last chapter: choices and the child's own idea, the end, or trouble. */
import { bringIntoView, byId, copyOf, find } from "./dom.js";
import { passageOf } from "./passages.js";
import { fill } from "./texts.js";

const LETTERS_LEFT_SHOWN = 60;
const CONTINUE = "continue";

/**
 * @typedef {import("./page.js").ReaderPage} ReaderPage
 * @typedef {import("./page.js").ReaderChapter} ReaderChapter
 * @typedef {import("./texts.js").Texts} Texts
 *
 * @typedef {{ choice_id: string } | { custom_text: string }} Choosing the API's fields for a choice
 */

export class Tail {
  #root = byId("tail", HTMLElement);
  #next = byId("next", HTMLElement);
  #ending = byId("ending", HTMLElement);
  #trouble = byId("trouble", HTMLElement);
  #question = byId("question", HTMLElement);
  #choices = byId("choices", HTMLElement);
  #problem = byId("choice-problem", HTMLElement);
  #idea = byId("idea", HTMLFormElement);
  #ideaText = byId("idea-text", HTMLTextAreaElement);
  /** @type {HTMLElement} The choice, or the form of the idea, that was sent last. */
  #pressed = this.#idea;
  #troubleButtons = this.#trouble.querySelectorAll("button");
  #page;
  #texts;
  #onChoose;

  /**
   * @param {ReaderPage} page
   * @param {Texts} texts
   * @param {(choosing: Choosing, taken: string) => void} onChoose is told the choice and its words,
   *   "" where the story simply goes on
   */
  constructor(page, texts, onChoose) {
    this.#page = page;
    this.#texts = texts;
    this.#onChoose = onChoose;
    this.#idea.addEventListener("submit", (event) => this.#sendIdea(event));
    this.#ideaText.addEventListener("input", () => {
      this.#countLetters();
      growWithText(this.#ideaText);
    });
    this.#ideaText.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#idea.requestSubmit();
    });
  }

  /** @param {boolean} isHidden as on every page but the last chapter's */
  set isHidden(isHidden) {
    this.#root.hidden = isHidden;
  }

  /** @param {boolean} hasOwnIdeas */
  set hasOwnIdeas(hasOwnIdeas) {
    this.#idea.hidden = !hasOwnIdeas;
  }

  /** Whether the story waits for a choice. */
  get hasChoices() {
    return !this.#next.hidden;
  }

  /** The section that is shown now, if any. */
  get section() {
    return [this.#next, this.#ending, this.#trouble].find(({ hidden }) => !hidden);
  }

  /** Heading or words of the section, which takes the focus. */
  get title() {
    const { section } = this;
    return section && find(section, "[tabindex]", HTMLElement);
  }

  /** The question and the choices with their numbers, to be read aloud after the chapter. */
  get passages() {
    if (this.#next.hidden) return [];
    const choices = Array.from(this.#choices.children, (item) => {
      const number = item.querySelector(".choice__number")?.textContent;
      return passageOf(find(item, ".choice__text", HTMLElement), number ? `${number}. ` : "");
    });
    return [passageOf(this.#question), ...choices];
  }

  /** @param {number} number of a choice, as it is shown and read aloud */
  press(number) {
    if (!this.#next.hidden) this.#choices.querySelectorAll("button")[number - 1]?.click();
  }

  /** Moves reader and focus to the section. */
  show() {
    this.title?.focus({ preventScroll: true });
    if (this.section) bringIntoView(this.section, "start");
  }

  clear() {
    for (const section of [this.#next, this.#ending, this.#trouble]) section.hidden = true;
  }

  /** @param {Pick<ReaderChapter, "isEnding" | "question" | "choices">} finished */
  showOutcome({ isEnding, question, choices }) {
    this.clear();
    if (isEnding) {
      this.#ending.hidden = false;
      return;
    }
    const goOn = { id: CONTINUE, text: this.#texts.goOn, description: "" };
    const offered = choices.length ? choices : [goOn];
    this.#question.textContent = question || this.#texts.whatNext;
    if (question) this.#inStoryLanguage(this.#question);
    const items = offered.map((choice) => this.#item(choice));
    this.#choices.replaceChildren(...items);
    if (items.length > 1) items.forEach(showNumber);
    this.#problem.hidden = true;
    this.#idea.reset();
    this.#next.hidden = false;
    this.setChoosing(true);
  }

  /** @param {boolean} isPossible */
  setChoosing(isPossible) {
    if (!isPossible) this.#problem.hidden = true;
    /** @type {NodeListOf<HTMLButtonElement | HTMLTextAreaElement>} */
    const controls = this.#next.querySelectorAll("button, textarea");
    for (const control of controls) {
      control.disabled = !isPossible;
      if (isPossible) control.classList.remove("is-taken");
    }
  }

  /**
   * Why a choice was refused, right under what was pressed.
   *
   * @param {string} words
   */
  explain(words) {
    this.#pressed.append(this.#problem);
    this.#problem.textContent = words;
    this.#problem.hidden = false;
    bringIntoView(this.#problem, "nearest");
  }

  /**
   * A kind sentence about trouble, and one button or two.
   *
   * @param {string} words
   * @param {[label: string, action: () => void][]} ways
   */
  offer(words, ways) {
    this.clear();
    byId("trouble-words", HTMLElement).textContent = words;
    this.#troubleButtons.forEach((button, index) => {
      const [label, action] = ways[index] ?? ["", null];
      button.hidden = !action;
      button.textContent = label;
      button.onclick = action;
      button.disabled = false;
    });
    this.#trouble.hidden = false;
  }

  disableOffer() {
    for (const button of this.#troubleButtons) button.disabled = true;
  }

  /** @param {import("./page.js").ReaderChoice} choice */
  #item({ id, text, description }) {
    const item = copyOf("choice-template");
    const button = find(item, "button", HTMLButtonElement);
    if (id !== CONTINUE) this.#inStoryLanguage(item);
    find(item, ".choice__text", HTMLElement).textContent = text;
    find(item, ".choice__hint", HTMLElement).textContent = description;
    button.addEventListener("click", () => {
      this.#pressed = item;
      button.classList.add("is-taken");
      this.#onChoose({ choice_id: id }, id === CONTINUE ? "" : text);
    });
    return item;
  }

  /** @param {SubmitEvent} event */
  #sendIdea(event) {
    event.preventDefault();
    const idea = this.#ideaText.value.trim();
    this.#pressed = this.#idea;
    if (idea) this.#onChoose({ custom_text: idea }, idea);
  }

  #countLetters() {
    const count = this.#ideaText.maxLength - this.#ideaText.value.length;
    const note = byId("idea-left", HTMLElement);
    note.hidden = count > LETTERS_LEFT_SHOWN;
    note.textContent = fill(this.#texts.ideaLeft, { count });
  }

  /** @param {HTMLElement} element */
  #inStoryLanguage(element) {
    Object.assign(element, { lang: this.#page.language, dir: this.#page.dir });
  }
}

/**
 * @param {HTMLElement} item
 * @param {number} index
 */
function showNumber(item, index) {
  find(item, ".choice__number", HTMLElement).textContent = String(index + 1);
}

/**
 * The box of an idea, as high as its text; newer browsers do so by the style sheet.
 *
 * @param {HTMLTextAreaElement} box
 */
function growWithText(box) {
  if (CSS.supports("field-sizing", "content")) return;
  box.style.blockSize = "auto";
  box.style.blockSize = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
}

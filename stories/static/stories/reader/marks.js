/* Marks on what is being read: the sentence, and the word in it, as far as the reader wants them. */
import { bringIntoView } from "./dom.js";

const WORD = "spoken-word";

/** @param {HTMLElement | null} element null for none */
export function markSentence(element) {
  document.querySelector(".is-spoken")?.classList.remove("is-spoken");
  CSS.highlights?.delete(WORD);
  element?.classList.add("is-spoken");
  if (element) bringIntoView(element, "nearest");
}

/**
 * @param {HTMLElement} element the sentence
 * @param {number} start of the word, in the element's text
 * @param {number} length
 */
export function markWord(element, start, length) {
  const text = element.firstChild;
  if (!(text instanceof Text) || !CSS.highlights || start < 0 || start >= text.length) return;
  const range = new Range();
  range.setStart(text, start);
  range.setEnd(text, Math.min(start + length, text.length));
  CSS.highlights.set(WORD, new Highlight(range));
}

/* Passages: what is read aloud at a time, and where its words stand on the page. */
import { hasWords } from "./sentences.js";

/**
 * @typedef {object} Passage
 * @property {HTMLElement} element that is marked
 * @property {string} text to be said
 * @property {number} shift from a place in `text` to the same place in the element's text
 */

/**
 * A sentence as it stands on the page, with words before it that are only said: a choice's number.
 *
 * @param {HTMLElement} element
 * @param {string} [before]
 * @returns {Passage}
 */
export function passageOf(element, before = "") {
  const shown = element.textContent ?? "";
  const text = shown.trim();
  return { element, text: before + text, shift: shown.indexOf(text) - before.length };
}

/** @param {HTMLElement[]} elements those without words are left out */
export const passagesOf = (elements) =>
  elements.map((element) => passageOf(element)).filter(({ text }) => hasWords(text));

/* Look-ups in the page that know their element's type, and small elements. A part that is missing in
   the template is an error at once. */

/**
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(root, selector, type) {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new TypeError(`no ${type.name} at ${selector}`);
}

/**
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 */
export const byId = (id, type) => find(document, `#${id}`, type);

/**
 * A copy of the one element of a template.
 *
 * @param {string} id
 */
export function copyOf(id) {
  const first = byId(id, HTMLTemplateElement).content.firstElementChild;
  return /** @type {HTMLElement} */ (/** @type {Element} */ (first).cloneNode(true));
}

/**
 * @param {string} className
 * @param {string} text
 */
export function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

/**
 * Scrolls an element into view: gently, but at once for those who asked their system for less
 * motion, as CSS does not overrule a script.
 *
 * @param {Element} element
 * @param {ScrollLogicalPosition} block
 */
export function bringIntoView(element, block) {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block, behavior: isCalm ? "instant" : "smooth" });
}

/**
 * Moves the focus where it would be lost, to an element that is seen: it is not taken from a reader,
 * nor led off the screen.
 *
 * @param {HTMLElement} element
 */
export function focusIfLost(element) {
  const { activeElement } = document;
  const isLost = activeElement === document.body || activeElement?.closest("[hidden]");
  const { top, bottom } = element.getBoundingClientRect();
  if (isLost && top >= 0 && bottom <= innerHeight) element.focus({ preventScroll: true });
}

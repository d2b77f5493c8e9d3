/* The place within a chapter: which paragraph is read, and going there again. */

/** Behind the bar at the top, and the first line below it, nothing is read any more. */
const READ_BELOW = 96;

/**
 * Index of the paragraph that is read: the first that has not left the screen.
 *
 * @param {HTMLElement} section of a chapter
 */
export function paragraphRead(section) {
  const paragraphs = paragraphsOf(section);
  const index = paragraphs.findIndex((p) => p.getBoundingClientRect().bottom > READ_BELOW);
  return index < 0 ? Math.max(0, paragraphs.length - 1) : index;
}

/**
 * Opens a chapter at a paragraph, unless the browser goes back to a place by itself: after a reload,
 * and where the address names one.
 *
 * @param {HTMLElement} section
 * @param {number} index
 */
export function openAt(section, index) {
  const [arrival] = performance.getEntriesByType("navigation");
  const isNew = arrival instanceof PerformanceNavigationTiming && arrival.type === "navigate";
  if (index && isNew && !location.hash && scrollY === 0) {
    paragraphsOf(section)[index]?.scrollIntoView({ block: "start", behavior: "instant" });
  }
}

/** @param {HTMLElement} section */
const paragraphsOf = (section) =>
  Array.from(section.querySelectorAll(".story-text:not([inert]) > p"));

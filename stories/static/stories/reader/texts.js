/* The page's translated words: choosing among them, and filling in their gaps. */

/**
 * Names of the words in `<template id="reader-texts">` of read.html; those in capitals are codes of
 * the API. A test compares the two lists.
 *
 * @typedef {"chapter" | "chapterToCome" | "thinkingFirst" | "thinking" | "writing" | "checking"
 *   | "polishing" | "nearly" | "stopping" | "queueNext" | "queueOne" | "queueMany" | "reconnecting"
 *   | "closed" | "waits" | "ready" | "whatNext" | "theEnd" | "look" | "goOn" | "ideaLeft"
 *   | "ownVoice" | "voiceSilent" | "voiceAway" | "voiceStandsIn"
 *   | "tryAgain" | "carryOn" | "discard" | "chooseAgain" | "newStory" | "toLibrary" | "logIn"
 *   | "SAFETY_REJECTED" | "CHECK_FAILED" | "MODEL_UNAVAILABLE" | "MODEL_REFUSED" | "MODEL_TIMEOUT"
 *   | "EMPTY_CONTENT" | "TOO_SHORT" | "DECLINED" | "CONTEXT_TOO_LONG" | "CANCELLED" | "INTERRUPTED"
 *   | "WORKFLOW_ERROR" | "withdrawn" | "withdrawnFirst" | "beginAnew" | "loggedOut" | "missing" | "unsuitable" | "QUEUE_FULL"
 *   | "TOO_MANY" | "offline"} TextName
 */

/** @typedef {Record<TextName, string>} Texts */

/** @type {Partial<Record<string, TextName>>} */
const STAGES = {
  generate_content: "writing",
  safety_check: "checking",
  enhance_content: "polishing",
  calculate_metrics: "nearly",
};

/** @type {Partial<Record<number, TextName>>} */
const BY_STATUS = { 0: "offline", 404: "missing", 422: "unsuitable", 429: "TOO_MANY" };

/**
 * "{count} letters" with its gaps filled; so are the URLs of `ReaderPage`.
 *
 * @param {string} words
 * @param {Record<string, string | number>} gaps
 */
export const fill = (words, gaps) =>
  words.replace(/\{(\w+)\}/g, (gap, name) => String(gaps[name] ?? gap));

/**
 * Words for the time before the first sentence.
 *
 * @param {Texts} texts
 * @param {{ number: number }} chapter
 */
export const wordsForThinking = (texts, { number }) =>
  number === 1 ? texts.thinkingFirst : texts.thinking;

/**
 * Words for a step of the workflow; undefined where a step is not worth any.
 *
 * @param {Texts} texts
 * @param {string} node
 * @param {{ number: number, isEmpty: boolean }} chapter
 */
export function wordsForStage(texts, node, chapter) {
  if (node === "generate_content" && chapter.isEmpty) return wordsForThinking(texts, chapter);
  const stage = STAGES[node];
  return stage && texts[stage];
}

/**
 * Words for the turn in the queue; `position` 1 is next.
 *
 * @param {Texts} texts
 * @param {number} position
 */
export function wordsForQueue(texts, position) {
  const before = position - 1;
  const words = [texts.queueNext, texts.queueOne][before] ?? texts.queueMany;
  return fill(words, { count: before });
}

/**
 * Words for a failed run or a refused request by the API's code; undefined for an unknown one.
 *
 * @param {Texts} texts
 * @param {string} code
 * @returns {string | undefined}
 */
export const wordsForCode = (texts, code) =>
  Object.hasOwn(texts, code) ? texts[/** @type {TextName} */ (code)] : undefined;

/**
 * @param {Texts} texts
 * @param {{ status: number, code: string, isLockedOut: boolean }} refused see `api.Refused`
 */
export function wordsForRefusal(texts, { status, code, isLockedOut }) {
  if (isLockedOut) return texts.loggedOut;
  return wordsForCode(texts, code) ?? texts[BY_STATUS[status] ?? "MODEL_UNAVAILABLE"];
}

/* Words and ways on after a run that ended without a chapter. */
import { wordsForCode } from "./texts.js";

/**
 * @typedef {"tryAgain" | "carryOn" | "discard" | "chooseAgain" | "newStory"} Action
 *
 * @typedef {object} Trouble
 * @property {string} words for the child
 * @property {[label: string, action: Action][]} ways one or two
 *
 * @typedef {object} End
 * @property {string} code of the `error` event
 * @property {boolean} retryable
 * @property {boolean} isFirst whether it was to be the story's first chapter
 * @property {string} lastReset reason of the last `content_reset`, "" without one
 */

const STOPPED = new Set(["CANCELLED", "INTERRUPTED"]);
const NEVER_TOLD = new Set(["SAFETY_REJECTED", "DECLINED"]);
const MODEL_WAS_AWAY = new Set([
  "MODEL_UNAVAILABLE",
  "MODEL_REFUSED",
  "MODEL_TIMEOUT",
  "CHECK_FAILED",
]);

/**
 * @param {import("./texts.js").Texts} texts
 * @param {End} end
 * @returns {Trouble}
 */
export function troubleAfter(texts, { code, retryable, isFirst, lastReset }) {
  if (lastReset === "withdrawn") return afterWithdrawal(texts, isFirst);
  // However it ended, nothing of a rejected chapter is left to keep or to carry on.
  const isUnfit = lastReset === "rejected";
  if (isUnfit || NEVER_TOLD.has(code)) {
    const another = isFirst ? texts.newStory : texts.chooseAgain;
    const words = code === "DECLINED" ? texts.DECLINED : texts.SAFETY_REJECTED;
    return { words, ways: [[another, "discard"]] };
  }
  const words = wordsForCode(texts, code) ?? texts.WORKFLOW_ERROR;
  return { words, ways: waysAfter(texts, code, retryable) };
}

/**
 * Staff's reasons are not talked about: the story goes on another way, or anew.
 *
 * @param {import("./texts.js").Texts} texts
 * @param {boolean} isFirst
 * @returns {Trouble}
 */
function afterWithdrawal(texts, isFirst) {
  if (isFirst) return { words: texts.withdrawnFirst, ways: [[texts.beginAnew, "tryAgain"]] };
  return { words: texts.withdrawn, ways: [[texts.chooseAgain, "chooseAgain"]] };
}

/**
 * @param {import("./texts.js").Texts} texts
 * @param {string} code
 * @param {boolean} retryable
 * @returns {[string, Action][]}
 */
function waysAfter(texts, code, retryable) {
  if (!retryable) return [[texts.newStory, "newStory"]];
  if (!STOPPED.has(code)) {
    return [[texts.tryAgain, MODEL_WAS_AWAY.has(code) ? "carryOn" : "tryAgain"]];
  }
  return [
    [texts.carryOn, "carryOn"],
    [texts.discard, "discard"],
  ];
}

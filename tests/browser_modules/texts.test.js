/* Words for what happens: stages, the queue, refusals; and gaps in words and URLs. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused } from "../../stories/static/stories/reader/api.js";
import {
  fill,
  wordsForCode,
  wordsForQueue,
  wordsForRefusal,
  wordsForStage,
} from "../../stories/static/stories/reader/texts.js";
import { NAMES } from "./names.js";

test("gaps are filled by name, and stay where nothing is given for them", () => {
  assert.equal(fill("{count} of {count}", { count: 3 }), "3 of 3");
  assert.equal(fill("/runs/{id}/stop", { id: "a1" }), "/runs/a1/stop");
  assert.equal(fill("{other}", {}), "{other}");
});

test("the turn is told as the next, as one before it, and as a number before it", () => {
  assert.equal(wordsForQueue(NAMES, 1), "queueNext");
  assert.equal(wordsForQueue(NAMES, 2), "queueOne");
  assert.equal(wordsForQueue({ ...NAMES, queueMany: "{count} before yours" }, 5), "4 before yours");
});

test("a stage is told in words; writing is thinking until there is a sentence", () => {
  assert.equal(wordsForStage(NAMES, "safety_check", { number: 1, isEmpty: true }), "checking");
  assert.equal(
    wordsForStage(NAMES, "generate_content", { number: 1, isEmpty: true }),
    "thinkingFirst",
  );
  assert.equal(wordsForStage(NAMES, "generate_content", { number: 2, isEmpty: true }), "thinking");
  assert.equal(wordsForStage(NAMES, "generate_content", { number: 2, isEmpty: false }), "writing");
  assert.equal(wordsForStage(NAMES, "workflow", { number: 1, isEmpty: true }), undefined);
});

/** @type {[status: number, code: string, words: string][]} */
const REFUSALS = [
  [0, "", "offline"],
  [401, "QUEUE_FULL", "loggedOut"],
  [403, "", "loggedOut"],
  [404, "NOT_FOUND", "missing"],
  [422, "INVALID", "unsuitable"],
  [429, "", "TOO_MANY"],
  [503, "QUEUE_FULL", "QUEUE_FULL"],
  [502, "", "MODEL_UNAVAILABLE"],
  [500, "toString", "MODEL_UNAVAILABLE"],
];

for (const [status, code, words] of REFUSALS) {
  test(`a refusal with ${status} ${code} is told as "${words}"`, () => {
    assert.equal(wordsForRefusal(NAMES, new Refused(status, code)), words);
  });
}

test("an unknown code has no words", () => {
  assert.equal(wordsForCode(NAMES, "NO_SUCH_CODE"), undefined);
});

/* Ways on after a run that ended without a chapter. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { troubleAfter } from "../../stories/static/stories/reader/trouble.js";
import { NAMES } from "./names.js";

const END = { code: "EMPTY_CONTENT", retryable: true, isFirst: false, lastReset: "" };

/** @type {[why: string, end: Partial<typeof END>, words: string, ways: string[][]][]} */
const ENDS = [
  [
    "a stopped chapter is carried on or discarded",
    { code: "CANCELLED" },
    "CANCELLED",
    [
      ["carryOn", "carryOn"],
      ["discard", "discard"],
    ],
  ],
  [
    "an interrupted one, too",
    { code: "INTERRUPTED" },
    "INTERRUPTED",
    [
      ["carryOn", "carryOn"],
      ["discard", "discard"],
    ],
  ],
  [
    "where the model was away, trying again carries on",
    { code: "MODEL_TIMEOUT" },
    "MODEL_TIMEOUT",
    [["tryAgain", "carryOn"]],
  ],
  ["an empty answer is tried again", {}, "EMPTY_CONTENT", [["tryAgain", "tryAgain"]]],
  [
    "an unknown code is a problem like any other",
    { code: "NEW" },
    "WORKFLOW_ERROR",
    [["tryAgain", "tryAgain"]],
  ],
  [
    "what cannot be tried again ends with a new story",
    { code: "CONTEXT_TOO_LONG", retryable: false },
    "CONTEXT_TOO_LONG",
    [["newStory", "newStory"]],
  ],
  [
    "an unsafe chapter is discarded for another choice",
    { code: "SAFETY_REJECTED", retryable: false },
    "SAFETY_REJECTED",
    [["chooseAgain", "discard"]],
  ],
  [
    "a story that the model would not tell, with words of its own",
    { code: "DECLINED" },
    "DECLINED",
    [["chooseAgain", "discard"]],
  ],
  [
    "one that stopped too early is tried again",
    { code: "TOO_SHORT" },
    "TOO_SHORT",
    [["tryAgain", "tryAgain"]],
  ],
  [
    "an unsafe first chapter, for another story",
    { code: "SAFETY_REJECTED", isFirst: true },
    "SAFETY_REJECTED",
    [["newStory", "discard"]],
  ],
  [
    "a rejected text is not carried on, however the run ended",
    { code: "CANCELLED", lastReset: "rejected" },
    "SAFETY_REJECTED",
    [["chooseAgain", "discard"]],
  ],
  [
    "one that could not be judged is carried on, to be judged again",
    { code: "CHECK_FAILED" },
    "CHECK_FAILED",
    [["tryAgain", "carryOn"]],
  ],
  [
    "a chapter that staff took back gives way to another choice",
    { code: "WORKFLOW_ERROR", retryable: false, lastReset: "withdrawn" },
    "withdrawn",
    [["chooseAgain", "chooseAgain"]],
  ],
  [
    "a first chapter that staff took back is told anew",
    { isFirst: true, lastReset: "withdrawn" },
    "withdrawnFirst",
    [["beginAnew", "tryAgain"]],
  ],
  [
    "a resync before the end changes nothing",
    { code: "CANCELLED", lastReset: "resync" },
    "CANCELLED",
    [
      ["carryOn", "carryOn"],
      ["discard", "discard"],
    ],
  ],
];

for (const [why, end, words, ways] of ENDS) {
  test(why, () => assert.deepEqual(troubleAfter(NAMES, { ...END, ...end }), { words, ways }));
}

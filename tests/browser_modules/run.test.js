/* The part of a run's state that is shown at once, and the end of a chapter's wait. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { isDecided, newRun, standing } from "../../stories/static/stories/reader/run.js";

const STATE = {
  status: "running",
  is_active: true,
  awaits_preview: false,
  text: "The fox ran.",
  cursor: "7",
  chapter_id: null,
  chapter_title: "",
};
const FROM_THE_START = { isClosed: false, isCarriedOn: false, text: "", cursor: "" };

test("a run that is under way shows its text, and its stream goes on from there", () => {
  assert.deepEqual(standing(STATE), { ...FROM_THE_START, text: "The fox ran.", cursor: "7" });
});

test("a run that waits for its turn is told from its start", () => {
  assert.deepEqual(standing({ ...STATE, status: "queued", text: "", cursor: "1" }), FROM_THE_START);
});

test("text that a waiting run carries on stays on the page", () => {
  const state = { ...STATE, status: "queued" };
  assert.deepEqual(standing(state), { ...FROM_THE_START, isCarriedOn: true });
});

test("a closed book shows no text, whatever the state says", () => {
  for (const status of ["queued", "running", "completed"]) {
    const state = { ...STATE, status, awaits_preview: true };
    assert.deepEqual(standing(state), { ...FROM_THE_START, isClosed: true });
  }
});

test("a run that has ended, or whose state cannot be had, is told from its start", () => {
  assert.deepEqual(standing({ ...STATE, status: "failed", is_active: false }), FROM_THE_START);
  assert.deepEqual(standing(null), FROM_THE_START);
});

test("a chapter is decided once it is known and waits no more", () => {
  const chapter = /** @type {any} */ ({});
  const run = newRun("r1", chapter, { session_id: "s1" });
  assert.equal(isDecided(null, []), false);
  assert.equal(isDecided(run, []), false, "its id is not known yet");
  run.waitingId = "c1";
  assert.equal(isDecided(run, ["c0", "c1"]), false);
  assert.equal(isDecided(run, ["c0"]), true);
});

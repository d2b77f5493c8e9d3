/* The watch over the browser's speech: what is tried again, given up, and waited for. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  SETTLE_MS,
  Speaker,
  START_WITHIN_MS,
} from "../../stories/static/stories/reader/speaker.js";
import { Engine, HandClock, Utterance } from "./scripted-speech.js";

/** A speaker, its clock and engine, and what it was told of. */
function begin() {
  const clock = new HandClock();
  const engine = new Engine(clock);
  /** @type {string[]} */
  const told = [];
  const speaker = new Speaker(engine, clock, {
    ended: () => told.push("ended"),
    failed: () => told.push("failed"),
    boundary: () => told.push("boundary"),
  });
  const say = (/** @type {string} */ text) =>
    speaker.say(() => /** @type {any} */ (new Utterance(text)));
  return { clock, engine, told, speaker, say };
}

test("the first text is spoken at once, without a cancel", () => {
  const { engine, say } = begin();
  say("One.");
  assert.deepEqual([engine.texts, engine.cancelled], [["One."], 0]);
});

test("a text after the end of another is spoken at once, without a cancel", () => {
  const { engine, say, told } = begin();
  say("One.");
  engine.start();
  engine.end();
  say("Two.");
  assert.deepEqual([engine.texts, engine.cancelled, told], [["One.", "Two."], 0, ["ended"]]);
});

test("a text instead of another waits for the cancel to settle, and is not dropped", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  engine.start();
  say("Two.");
  assert.deepEqual(engine.texts, ["One."]);
  clock.turn(SETTLE_MS);
  assert.deepEqual([engine.texts, engine.cancelled, told], [["One.", "Two."], 1, []]);
});

test("a text soon after a pause waits as well", () => {
  const { clock, engine, say, speaker } = begin();
  say("One.");
  engine.start();
  speaker.hush();
  say("One.");
  clock.turn(SETTLE_MS);
  assert.deepEqual([engine.texts, engine.cancelled], [["One.", "One."], 1]);
});

test("a text that does not begin in time is spoken once more", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  clock.turn(START_WITHIN_MS - 1);
  assert.equal(engine.spoken.length, 1);
  clock.turn(1 + SETTLE_MS);
  assert.deepEqual([engine.texts, told], [["One.", "One."], []]);
  engine.start();
  engine.end();
  assert.deepEqual(told, ["ended"]);
});

test("a text that does not begin twice is given up, and nothing is left to wait for", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  clock.turn(10 * START_WITHIN_MS);
  assert.deepEqual([engine.spoken.length, told, clock.isIdle], [2, ["failed"], true]);
  assert.equal(engine.pending, false);
});

test("an engine that drops a text without a trace is asked again", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  engine.pending = false;
  clock.turn(START_WITHIN_MS);
  assert.deepEqual([engine.spoken.length, engine.cancelled, told], [2, 0, []]);
});

test("an error is tried once more, and then given up", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  engine.tell("error");
  clock.turn(SETTLE_MS);
  assert.deepEqual([engine.spoken.length, told], [2, []]);
  engine.start();
  engine.tell("error");
  assert.deepEqual(told, ["failed"]);
});

test("each text has two tries of its own", () => {
  const { clock, engine, say, told } = begin();
  for (const text of ["One.", "Two."]) {
    say(text);
    clock.turn(START_WITHIN_MS + SETTLE_MS);
    engine.start();
    engine.end();
  }
  assert.deepEqual(told, ["ended", "ended"]);
});

test("what a text says after it was hushed is none", () => {
  const { clock, engine, say, speaker, told } = begin();
  say("One.");
  engine.start();
  speaker.hush();
  for (const type of ["error", "end", "boundary", "start"]) engine.tell(type);
  clock.turn(10 * START_WITHIN_MS);
  assert.deepEqual([told, engine.spoken.length], [[], 1]);
});

test("what the first try says during the second is none", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  clock.turn(START_WITHIN_MS + SETTLE_MS);
  engine.tell("end", 0);
  assert.deepEqual(told, []);
});

test("a text that is hushed before it is spoken stays unspoken", () => {
  const { clock, engine, say, speaker } = begin();
  say("One.");
  engine.start();
  say("Two.");
  speaker.hush();
  clock.turn(10 * START_WITHIN_MS);
  assert.deepEqual([engine.texts, clock.isIdle], [["One."], true]);
});

test("a long text may take its time", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  engine.start();
  clock.turn(60_000);
  assert.deepEqual([engine.spoken.length, told], [1, []]);
});

test("an engine that falls silent without an end has ended", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  engine.start();
  clock.turn(1500);
  engine.speaking = false;
  clock.turn(3000);
  assert.deepEqual(told, ["ended"]);
});

test("an engine that never says that it is speaking is waited for", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  engine.pending = false;
  engine.tell("start");
  clock.turn(60_000);
  assert.deepEqual([engine.spoken.length, told], [1, []]);
});

test("a word is a sign that the text has begun", () => {
  const { clock, engine, say, told } = begin();
  say("One.");
  engine.speaking = true;
  engine.tell("boundary");
  clock.turn(10 * START_WITHIN_MS);
  assert.deepEqual([engine.spoken.length, told], [1, ["boundary"]]);
});

/* The place in a chapter that is read aloud, what is said of an element, and when reading ends. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { passageOf, passagesOf } from "../../stories/static/stories/reader/passages.js";
import { Place } from "../../stories/static/stories/reader/place.js";
import { SleepTimer } from "../../stories/static/stories/reader/sleep-timer.js";
import { HandClock } from "./scripted-speech.js";

const elementOf = (/** @type {string} */ textContent) =>
  /** @type {HTMLElement} */ ({ textContent });
const passages = (/** @type {string} */ texts) =>
  texts.split(" ").map((text) => passageOf(elementOf(text)));
const texts = (
  /** @type {import("../../stories/static/stories/reader/passages.js").Passage[]} */ of,
) => of.map(({ text }) => text).join(" ");

test("what comes is what stands behind what was read, also when something came before it", () => {
  const [title, one, two, three] = passages("title one two three");
  assert.ok(title && one && two && three);
  let chapter = [one, two];
  const place = new Place(() => chapter);
  place.pass(one, 1);
  assert.equal(texts(place.ahead), "two");
  chapter = [title, one, two, three];
  assert.equal(texts(place.ahead), "two three");
  place.reset();
  assert.equal(texts(place.ahead), "title one two three");
});

test("where the text was put there anew, as many passages as were read are behind", () => {
  let chapter = passages("one two three");
  const place = new Place(() => chapter);
  for (const passage of chapter.slice(0, 2)) place.pass(passage, 1);
  chapter = passages("one two three");
  assert.equal(texts(place.ahead), "three");
});

test("ten seconds back may be in the same passage, in one before, or at the beginning", () => {
  const chapter = passages("one two three");
  const [one, two, three] = chapter;
  assert.ok(one && two && three);
  const place = new Place(() => chapter);
  assert.deepEqual(place.back(10, { passage: one, from: 12 }), { passage: one, from: 2 });
  place.pass(one, 4);
  place.pass(two, 8);
  assert.deepEqual(place.back(10, { passage: three, from: 3 }), { passage: two, from: 1 });
  assert.equal(texts(place.ahead), "two three");
  assert.deepEqual(place.back(10, { passage: two, from: 1 }), { passage: one, from: 0 });
  assert.deepEqual(place.back(10, { passage: one, from: 0 }), { passage: one, from: 0 });
  assert.equal(new Place(() => []).back(10, null), null);
});

test("with a voice that counts no seconds it is one passage back", () => {
  const chapter = passages("one two three");
  const [one, two, three] = chapter;
  assert.ok(one && two && three);
  const place = new Place(() => chapter);
  place.pass(one, 0);
  place.pass(two, 0);
  assert.deepEqual(place.back(10, { passage: three, from: 0 }), { passage: two, from: 0 });
});

test("a passage knows where its words stand in its element", () => {
  const sentence = passageOf(elementOf(" Mia ran. "));
  assert.deepEqual([sentence.text, sentence.shift], ["Mia ran.", 1]);
  const choice = passageOf(elementOf("Follow the fox"), "2. ");
  assert.deepEqual([choice.text, choice.shift], ["2. Follow the fox", -3]);
  assert.equal(texts(passagesOf(["Mia ran.", "* * *", ""].map(elementOf))), "Mia ran.");
});

test("the timer ends reading at the end of a sentence, once", () => {
  const clock = new HandClock();
  const timer = new SleepTimer(clock);
  const inside = { isChapterOver: false };
  timer.set("10");
  clock.turn(9 * 60_000);
  assert.equal(timer.ends(inside), false);
  clock.turn(60_000);
  assert.equal(timer.ends(inside), true);
  assert.equal(timer.ends(inside), false);
});

test("the timer can wait for the end of the chapter, and be called off", () => {
  const clock = new HandClock();
  const timer = new SleepTimer(clock);
  timer.set("chapter");
  assert.equal(timer.ends({ isChapterOver: false }), false);
  assert.equal(timer.ends({ isChapterOver: true }), true);
  timer.set("10");
  timer.set("");
  clock.turn(20 * 60_000);
  assert.equal(timer.ends({ isChapterOver: true }), false);
  assert.ok(clock.isIdle);
});

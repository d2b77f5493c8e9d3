/* The storyteller's own voice: one text at a time, its words, and what goes wrong with it. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Narrations } from "../../stories/static/stories/reader/narrations.js";
import { Narrator, START_WITHIN_MS } from "../../stories/static/stories/reader/narrator.js";
import { HandClock } from "./scripted-speech.js";

/** An `<audio>` that plays when it is told that it does. */
class Audio extends EventTarget {
  src = "";
  currentTime = 0;
  paused = true;
  ended = false;
  isBlocked = false;

  async play() {
    if (this.isBlocked) throw new DOMException("no tap", "NotAllowedError");
    this.paused = false;
  }

  pause() {
    if (!this.paused) this.tell("pause");
    this.paused = true;
  }

  /** @param {string} type */
  tell(type) {
    this.ended = type === "ended";
    this.dispatchEvent(new Event(type));
  }
}

const WORDS = [
  { start: 0, length: 3, begins: 0.1, ends: 0.4 },
  { start: 4, length: 3, begins: 0.5, ends: 0.9 },
];
const settled = () => new Promise(setImmediate);

/** @type {HandClock} */
let clock;
/** @type {Audio} */
let audio;
/** @type {string[]} */
let told;
/** @type {(() => void)[]} */
let frames;
/** @type {Error | null} */
let problem;
/** @type {Narrator} */
let narrator;

/** A picture of the screen at a moment of the audio. */
const drawAt = (/** @type {number} */ seconds) => {
  audio.currentTime = seconds;
  for (const frame of frames.splice(0)) frame();
};

const playing = async (/** @type {string} */ text, from = 0) => {
  narrator.say(text, { speed: 1, from });
  await settled();
  audio.tell("playing");
};

beforeEach(() => {
  clock = new HandClock();
  audio = new Audio();
  told = [];
  frames = [];
  problem = null;
  const ask = async (/** @type {string} */ text) => {
    if (problem) throw problem;
    return { src: `blob:${text}`, seconds: 1.5, words: WORDS };
  };
  narrator = new Narrator(
    /** @type {any} */ (audio),
    new Narrations(ask, () => {}),
    { clock, frame: (run) => frames.push(run) },
    {
      ended: () => told.push("ended"),
      failed: (error) => told.push(`failed: ${/** @type {Error} */ (error).message}`),
      paused: () => told.push("paused"),
      word: (start) => told.push(`word ${start}`),
    },
  );
});

test("a text is played, each of its words told once when it begins, and then its end", async () => {
  await playing("Mia ran");
  assert.equal(audio.src, "blob:Mia ran");
  for (const seconds of [0.05, 0.12, 0.2, 0.55, 0.6]) drawAt(seconds);
  audio.tell("ended");
  assert.deepEqual(told, ["word 0", "word 4", "ended"]);
  assert.ok(clock.isIdle);
});

test("it can begin in the middle", async () => {
  await playing("Mia ran", 0.7);
  assert.equal(audio.currentTime, 0.7);
  assert.equal(narrator.position, 0.7);
  drawAt(0.75);
  assert.deepEqual(told, ["word 4"]);
});

test("another text takes the place of the one that was asked for", async () => {
  narrator.say("Mia ran", { speed: 1 });
  narrator.say("Noah ran", { speed: 1 });
  await settled();
  assert.equal(audio.src, "blob:Noah ran");
});

test("after it is hushed nothing is told of the text", async () => {
  await playing("Mia ran");
  narrator.hush();
  drawAt(0.6);
  audio.tell("ended");
  assert.deepEqual([told, audio.paused, narrator.position], [[], true, 0]);
});

test("a pause by the system is told, one of our own is not", async () => {
  await playing("Mia ran");
  audio.pause();
  assert.deepEqual(told, ["paused"]);
});

test("what the server does not say, and what the browser does not play, has failed", async () => {
  problem = new Error("no voice");
  await playing("Mia ran");
  problem = null;
  await playing("Noah ran");
  audio.tell("error");
  audio.isBlocked = true;
  await playing("Ben ran");
  assert.deepEqual(told, ["failed: no voice", "failed: audio", "failed: no tap"]);
});

test("a text that is not heard in time has failed, once", async () => {
  narrator.say("Mia ran", { speed: 1 });
  await settled();
  clock.turn(START_WITHIN_MS);
  clock.turn(START_WITHIN_MS);
  assert.deepEqual(told, ["failed: silent"]);
});

test("a sentence is asked for once, and again where that failed", async () => {
  const asked = /** @type {string[]} */ ([]);
  const ask = async (/** @type {string} */ text) => {
    asked.push(text);
    if (problem) throw problem;
    return { src: text, seconds: 1, words: [] };
  };
  const narrations = new Narrations(ask, () => {});
  problem = new Error("no voice");
  await assert.rejects(narrations.get("one", 1));
  problem = null;
  await narrations.get("one", 1);
  await narrations.get("one", 1);
  await narrations.get("one", 0.9);
  assert.deepEqual(asked, ["one", "one", "one"]);
});

test("the sentences that were asked for longest ago are let go", async () => {
  const dropped = /** @type {string[]} */ ([]);
  const narrations = new Narrations(
    async (text) => ({ src: text, seconds: 1, words: [] }),
    ({ src }) => dropped.push(src),
  );
  for (const text of ["a", "b", "c"]) await narrations.get(text, 1);
  await narrations.get("a", 1);
  for (let number = 0; number < 10; number += 1) await narrations.get(`${number}`, 1);
  await settled();
  assert.deepEqual(dropped, ["b"]);
});

/* Reading aloud: passage by passage, by the storyteller's own voice or one of the device, over
   chapters, until somebody or the timer ends it. */
import { Refused } from "./api.js";
import { keepAwake } from "./awake.js";
import { DeviceVoice } from "./device-voice.js";
import { answerLockScreen } from "./lock-screen.js";
import { markSentence, markWord } from "./marks.js";
import { narrator } from "./narrating.js";
import { Place } from "./place.js";
import { SleepTimer } from "./sleep-timer.js";
import { CLOCK } from "./timers.js";
import { NARRATOR, VoicePanel } from "./voice-panel.js";
import { watchVoices } from "./voices.js";

/** @typedef {import("./passages.js").Passage} Passage */

/**
 * The story as it is read.
 *
 * @typedef {object} Story
 * @property {() => Passage[]} passages of the chapter that is seen, in order; asked for at each
 * @property {() => boolean} mayGrow whether there may be more of them later
 * @property {() => boolean} waits for a choice
 * @property {() => boolean} turnPage goes on to the next chapter, if there is one
 * @property {(isReading: boolean) => void} changed reading has begun or ended
 */

const BACK_SECONDS = 10;
const AHEAD = 2;

export class Voice {
  #texts;
  #story;
  #panel;
  #narrator;
  #device;
  #place;
  #sleep = new SleepTimer(CLOCK);
  #isReading = false;
  #isAllowed = true;
  #isKnown = false;
  /* Whether the device reads on for the storyteller's own voice, which failed. */
  #isStandIn = false;
  /** @type {Passage | null} */
  #current = null;
  /** @type {import("./place.js").Start | null} Where it was stopped. */
  #paused = null;

  /**
   * @param {import("./page.js").ReaderPage} page
   * @param {import("./texts.js").Texts} texts
   * @param {Story} story
   */
  constructor(page, texts, story) {
    this.#texts = texts;
    this.#story = story;
    this.#place = new Place(story.passages);
    const engine = "speechSynthesis" in window ? speechSynthesis : null;
    const ended = () => this.#goOn();
    const word = (/** @type {number} */ start, /** @type {number} */ length) =>
      this.#markWord(start, length);
    const failed = (/** @type {unknown} */ error) => this.#standIn(error);
    const paused = () => this.stop();
    const back = () => this.#goBack();
    const silent = () => this.#giveUp(texts.voiceSilent);
    this.#narrator = narrator(page.narrationUrl, CLOCK, { ended, word, failed, paused });
    this.#device = new DeviceVoice(engine, page.language, CLOCK, { ended, word, failed: silent });
    this.#panel = new VoicePanel(page.language, page.narrationUrl ? texts.ownVoice : "", {
      pressed: () => (this.#isReading ? this.stop() : this.#start()),
      back,
      changed: () => this.#change(),
      sleep: (choice) => this.#sleep.set(choice),
    });
    answerLockScreen({ play: () => this.#start(), pause: paused, back });
    addEventListener("pagehide", () => this.stop());
    if (this.#narrator || !engine) this.#offer();
    if (engine) watchVoices(engine, CLOCK, () => this.#offer());
  }

  /** @param {boolean} isAllowed where it is turned off, it stops in the middle of a word */
  set isAllowed(isAllowed) {
    if (!isAllowed && this.#isReading) this.stop();
    this.#isAllowed = isAllowed;
    if (this.#isKnown) this.#offer();
  }

  get isReading() {
    return this.#isReading;
  }

  stop() {
    this.#paused = this.#here;
    this.#setReading(false);
    this.#hush();
  }

  /** Goes on at the top: of another chapter, or of another text. */
  rewind() {
    this.#hush();
    this.#paused = null;
    this.#place.reset();
    if (this.#isReading) this.#story.changed(true);
    if (this.#isReading) this.#sayNext();
  }

  /** There is more text than before. */
  more() {
    if (!this.#isReading) return;
    if (this.#current) this.#prefetch();
    else this.#sayNext();
  }

  get #isOwn() {
    return this.#panel.voice === NARRATOR && !this.#isStandIn;
  }

  /** The passage that is read, as far as it was heard; null between two. */
  get #here() {
    const from = this.#isOwn ? (this.#narrator?.position ?? 0) : 0;
    return this.#current && { passage: this.#current, from };
  }

  #offer() {
    this.#isKnown = true;
    this.#panel.offer(this.#device.voices, this.#isAllowed);
  }

  #start() {
    if (!this.#isAllowed) return;
    this.#isStandIn = false;
    if (!this.#place.ahead.length && !this.#story.mayGrow()) this.#place.reset();
    this.#setReading(true);
    this.#narrator?.unlock();
    const [next] = this.#place.ahead;
    const isPaused = next && next.element === this.#paused?.passage.element;
    if (isPaused && this.#paused) this.#say(this.#paused);
    else this.#sayNext();
  }

  #sayNext() {
    const [next] = this.#place.ahead;
    if (next) this.#say({ passage: next, from: 0 });
    else if (this.#story.mayGrow()) this.#rest();
    else if (this.#sleep.ends({ isChapterOver: true })) this.#fallAsleep();
    else if (this.#story.waits()) this.#rest();
    else if (!this.#story.turnPage()) this.stop();
  }

  /** @param {import("./place.js").Start} start */
  #say({ passage, from }) {
    const { speed, voice } = this.#panel;
    this.#current = passage;
    markSentence(this.#panel.hasMarks ? passage.element : null);
    if (this.#isOwn) {
      this.#device.hush();
      this.#narrator?.say(passage.text, { speed, from });
      this.#prefetch();
    } else {
      this.#narrator?.hush();
      const voiceURI = this.#isStandIn ? this.#device.best : voice;
      this.#device.say(passage.text, { speed, voiceURI });
    }
  }

  #prefetch() {
    if (!this.#isOwn) return;
    const texts = this.#place.ahead.slice(1, 1 + AHEAD).map(({ text }) => text);
    this.#narrator?.prefetch(texts, this.#panel.speed);
  }

  #goOn() {
    const passage = this.#current;
    if (!passage) return;
    this.#place.pass(passage, this.#isOwn ? (this.#narrator?.seconds ?? 0) : 0);
    this.#current = null;
    if (this.#sleep.ends({ isChapterOver: false })) this.#fallAsleep();
    else this.#sayNext();
  }

  /** Ten seconds back; with a voice that counts none, a sentence. */
  #goBack() {
    const start = this.#place.back(BACK_SECONDS, this.#here);
    if (!start) return;
    this.#setReading(true);
    this.#say(start);
  }

  #change() {
    this.#isStandIn = false;
    if (!this.#isReading || !this.#current) return;
    this.#hush();
    this.#sayNext();
  }

  #fallAsleep() {
    this.#panel.clearSleep();
    this.stop();
  }

  /** Nothing to say for now. */
  #rest() {
    this.#current = null;
    markSentence(null);
  }

  #hush() {
    this.#rest();
    this.#narrator?.hush();
    this.#device.hush();
  }

  /** @param {unknown} error */
  #standIn(error) {
    if (error instanceof Refused) {
      if (error.isLockedOut || error.code === "READ_ALOUD_OFF") return this.stop();
      // A text that may not be heard is no fault of the voice.
      if (error.status === 404 && error.code !== "NO_VOICE") return this.#goOn();
    }
    const passage = this.#current;
    if (!passage || !this.#device.voices.length) return this.#giveUp(this.#texts.voiceAway);
    this.#isStandIn = true;
    this.#panel.tell(this.#texts.voiceStandsIn);
    this.#say({ passage, from: 0 });
  }

  /** @param {string} words */
  #giveUp(words) {
    this.stop();
    this.#panel.tell(words);
  }

  /** @param {boolean} isReading */
  #setReading(isReading) {
    this.#isReading = isReading;
    this.#panel.tell("");
    this.#panel.isReading = isReading;
    keepAwake(isReading);
    this.#story.changed(isReading);
  }

  /**
   * @param {number} start
   * @param {number} length
   */
  #markWord(start, length) {
    if (!this.#current || !this.#panel.hasMarks) return;
    markWord(this.#current.element, start + this.#current.shift, length);
  }
}

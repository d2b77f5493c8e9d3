/* Follows one run's events to its end, over as many connections as that takes.

   EventSource alone is not enough: it gives up for good on any answer but 200, and it cannot see
   that a sleeping device lost its connection. So each break ends this connection, and the next one
   is opened from the last cursor once the server says that the run is still there. */
import { Refused, read } from "./api.js";

const WAITS_MS = [300, 1000, 2000, 4000, 8000, 15000];
const LOST_AFTER_MS = 1500;
const SILENCE_MS = 20000;
const TERMINAL = new Set(["complete", "error"]);

export class Follower {
  #url;
  #cursor;
  #on;
  #source = null;
  #attempt = 0;
  #timers = {};
  #isClosed = false;

  /**
   * `on.event(type, data)`, `on.lost()`, `on.found()`, and `on.refused(refused)` when the run cannot
   * be followed any more. `cursor` "" starts with the first event.
   */
  constructor(url, cursor, on) {
    this.#url = url;
    this.#cursor = cursor;
    this.#on = on;
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.#wakeUp);
    this.#open();
  }

  close() {
    this.#isClosed = true;
    this.#source?.close();
    Object.values(this.#timers).forEach(clearTimeout);
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.#wakeUp);
  }

  /** Try at once instead of waiting for the next turn. */
  hurry = () => {
    if (this.#source || this.#isClosed) return;
    this.#attempt = 0;
    this.#later("retry", 0, () => this.#recover());
  };

  #open() {
    const after = this.#cursor ? `?after=${encodeURIComponent(this.#cursor)}` : "";
    const source = new EventSource(`${this.#url}/events${after}`);
    this.#source = source;
    source.addEventListener("open", () => this.#found());
    source.addEventListener("story_chunk", (frame) => this.#receive(frame));
    source.addEventListener("error", () => this.#lose());
    this.#listenForSilence();
  }

  #receive(frame) {
    this.#attempt = 0;
    this.#cursor = frame.lastEventId || this.#cursor;
    this.#listenForSilence();
    const { type, data } = JSON.parse(frame.data);
    if (TERMINAL.has(type)) this.close();
    this.#on.event(type, data);
  }

  #found() {
    clearTimeout(this.#timers.lost);
    delete this.#timers.lost;
    this.#on.found();
  }

  #lose() {
    if (this.#isClosed) return;
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#timers.silence);
    // The server ends each connection now and then: a break that heals at once is not worth a word.
    if (!this.#timers.lost) this.#later("lost", LOST_AFTER_MS, () => this.#on.lost());
    const wait = WAITS_MS[Math.min(this.#attempt, WAITS_MS.length - 1)];
    this.#attempt += 1;
    this.#later("retry", wait * (0.75 + Math.random() / 2), () => this.#recover());
  }

  async #recover() {
    try {
      await read(this.#url);
    } catch (refused) {
      this.#stumble(refused);
      return;
    }
    if (!this.#isClosed && !this.#source) this.#open();
  }

  #stumble(refused) {
    if (this.#isClosed) return;
    if (!(refused instanceof Refused)) throw refused;
    if (refused.isPassing) {
      this.#lose();
      return;
    }
    this.close();
    this.#on.refused(refused);
  }

  #listenForSilence() {
    this.#later("silence", SILENCE_MS, () => this.#checkPulse());
  }

  #wakeUp = () => {
    if (document.visibilityState !== "visible") return;
    if (this.#source) this.#checkPulse();
    else this.hurry();
  };

  /** A connection can die without a sign; the server knows whether there is more than was heard. */
  async #checkPulse() {
    const heard = this.#cursor;
    try {
      const { cursor } = await read(this.#url);
      if (this.#isClosed || this.#cursor !== heard) return;
      if (cursor === heard) this.#listenForSilence();
      else this.#lose();
    } catch (refused) {
      this.#stumble(refused);
    }
  }

  #later(name, wait, action) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(() => {
      delete this.#timers[name];
      action();
    }, wait);
  }
}

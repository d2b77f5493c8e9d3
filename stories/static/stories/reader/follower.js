/* Follows one run's events to its end, over as many connections as that takes.

   EventSource alone is not enough: it gives up for good on any answer but 200, and it cannot see
   that a sleeping device lost its connection. So each break ends this connection, and the next one
   is opened from the last cursor once the server says that the run is still there.

   A page that is out of sight rests: a browser has six connections to a server over HTTP/1.1 for all
   of its windows, and a seventh window would wait for one for ever. */
import { Refused, read } from "./api.js";

const WAITS_MS = [300, 1000, 2000, 4000, 8000, 15000];
const LOST_AFTER_MS = 1500;
const SILENCE_MS = 20000;
const TERMINAL = new Set(["complete", "error"]);

/**
 * @typedef {object} Listener
 * @property {(event: import("./run.js").StoryEvent) => void} event
 * @property {() => void} lost the connection is away for longer than a blink
 * @property {() => void} found it is there, for the first time or again
 * @property {(refused: Refused) => void} refused the run cannot be followed any more
 * @property {() => boolean} isHeard whether it is read aloud, in sight or not
 */

export class Follower {
  #stateUrl;
  #eventsUrl;
  #cursor;
  #on;
  /** @type {EventSource | null} */
  #source = null;
  #attempt = 0;
  /** @type {Partial<Record<"retry" | "lost" | "silence", ReturnType<typeof setTimeout>>>} */
  #timers = {};
  #isClosed = false;

  /**
   * @param {{ stateUrl: string, eventsUrl: string, cursor: string }} run `cursor` "" starts with
   *   the first event
   * @param {Listener} on
   */
  constructor({ stateUrl, eventsUrl, cursor }, on) {
    this.#stateUrl = stateUrl;
    this.#eventsUrl = eventsUrl;
    this.#cursor = cursor;
    this.#on = on;
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.#lookUp);
    this.#open();
  }

  close() {
    this.#isClosed = true;
    this.#source?.close();
    Object.values(this.#timers).forEach(clearTimeout);
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.#lookUp);
  }

  /** Try at once instead of waiting for the next turn. */
  hurry = () => {
    if (this.#source || this.#isClosed || this.#mayRest) return;
    this.#attempt = 0;
    this.#later("retry", 0, () => this.#recover());
  };

  get #mayRest() {
    return document.visibilityState === "hidden" && !this.#on.isHeard();
  }

  /** Gives the connection back; the cursor stays. */
  #rest() {
    this.#source?.close();
    this.#source = null;
    Object.values(this.#timers).forEach(clearTimeout);
    this.#timers = {};
  }

  #open() {
    if (this.#mayRest) return;
    const after = this.#cursor ? `?after=${encodeURIComponent(this.#cursor)}` : "";
    const source = new EventSource(`${this.#eventsUrl}${after}`);
    this.#source = source;
    source.addEventListener("open", () => this.#found());
    source.addEventListener("story_chunk", (frame) => this.#receive(frame));
    source.addEventListener("error", () => this.#lose());
    this.#listenForSilence();
  }

  /** @param {MessageEvent<string>} frame */
  #receive(frame) {
    this.#attempt = 0;
    this.#cursor = frame.lastEventId || this.#cursor;
    this.#listenForSilence();
    const event = JSON.parse(frame.data);
    if (TERMINAL.has(event.type)) this.close();
    this.#on.event(event);
    if (this.#mayRest) this.#rest();
  }

  #found() {
    clearTimeout(this.#timers.lost);
    delete this.#timers.lost;
    this.#on.found();
  }

  #lose() {
    if (this.#isClosed) return;
    if (this.#mayRest) {
      this.#rest();
      return;
    }
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#timers.silence);
    // The server ends each connection now and then: a break that heals at once is not worth a word.
    if (!this.#timers.lost) this.#later("lost", LOST_AFTER_MS, () => this.#on.lost());
    const wait = WAITS_MS[Math.min(this.#attempt, WAITS_MS.length - 1)] ?? 0;
    this.#attempt += 1;
    this.#later("retry", wait * (0.75 + Math.random() / 2), () => this.#recover());
  }

  async #recover() {
    try {
      await read(this.#stateUrl);
    } catch (error) {
      this.#stumble(error);
      return;
    }
    if (!this.#isClosed && !this.#source) this.#open();
  }

  /** @param {unknown} error */
  #stumble(error) {
    if (this.#isClosed) return;
    if (!(error instanceof Refused)) throw error;
    if (error.isPassing) {
      this.#lose();
      return;
    }
    this.close();
    this.#on.refused(error);
  }

  #listenForSilence() {
    this.#later("silence", SILENCE_MS, () => this.#checkPulse());
  }

  #lookUp = () => {
    if (this.#mayRest) this.#rest();
    if (document.visibilityState !== "visible") return;
    if (this.#source) this.#checkPulse();
    else this.hurry();
  };

  /** A connection can die without a sign; the server knows whether there is more than was heard. */
  async #checkPulse() {
    const heard = this.#cursor;
    try {
      const { cursor } = await read(this.#stateUrl);
      if (this.#isClosed || !this.#source || this.#cursor !== heard) return;
      if (cursor === heard) this.#listenForSilence();
      else this.#lose();
    } catch (error) {
      this.#stumble(error);
    }
  }

  /**
   * @param {"retry" | "lost" | "silence"} name
   * @param {number} wait milliseconds
   * @param {() => void} action
   */
  #later(name, wait, action) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(() => {
      delete this.#timers[name];
      action();
    }, wait);
  }
}

/* State of an open page: which chapters may still be read, and which features are offered. Asked for
   every few seconds, while the page is seen. */
import { Refused, read } from "./api.js";

const ASK_EVERY_MS = 5000;

/**
 * @typedef {object} PageState
 * @property {string | null} generation_id the run that a reader is at by now
 * @property {string[]} withdrawn ids of chapters that staff withdrew
 * @property {string[]} awaiting_preview ids of chapters that a grown-up has yet to open
 * @property {boolean} has_read_aloud
 * @property {boolean} has_own_ideas
 */

/**
 * @template T
 * @param {string} url
 * @param {() => T} here where the page is when it asks
 * @param {(state: PageState, asked: T) => void} onAnswer is told where that was, too
 */
export function watchPageState(url, here, onAnswer) {
  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    const asked = here();
    try {
      onAnswer(await read(url), asked);
    } catch (error) {
      // Nobody is told of a lost connection twice: the next answer is as good.
      if (!(error instanceof Refused)) throw error;
    }
  };
  ask();
  setInterval(ask, ASK_EVERY_MS);
  document.addEventListener("visibilitychange", ask);
}

/* Asks every few seconds, while the page is seen, whether what it shows may still be read. */
import { Refused, read } from "./api.js";

const ASK_EVERY_MS = 5000;

export function watchPageState(url, onAnswer) {
  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      onAnswer(await read(url));
    } catch (refused) {
      // Nobody is told of a lost connection twice: the next answer is as good.
      if (!(refused instanceof Refused)) throw refused;
    }
  };
  ask();
  setInterval(ask, ASK_EVERY_MS);
  document.addEventListener("visibilitychange", ask);
}

/* The narrator of this page: its `<audio>`, and its questions to the server. */
import { readBlob, send } from "./api.js";
import { byId } from "./dom.js";
import { Narrations } from "./narrations.js";
import { Narrator } from "./narrator.js";

/**
 * @param {string | null} url null where the server has no voice for the story's language
 * @param {import("./speaker.js").Clock} clock
 * @param {import("./narrator.js").Handlers} handlers
 */
export function narrator(url, clock, handlers) {
  if (!url) return null;
  const narrations = new Narrations(
    (text, speed) => fetched(url, text, speed),
    ({ src }) => URL.revokeObjectURL(src),
  );
  const frame = (/** @type {() => void} */ run) => void requestAnimationFrame(run);
  const audio = byId("narration", HTMLAudioElement);
  return new Narrator(audio, narrations, { clock, frame }, handlers);
}

/**
 * @param {string} url
 * @param {string} text
 * @param {number} speed
 * @returns {Promise<import("./narrations.js").Narration>}
 */
async function fetched(url, text, speed) {
  const { audio_url: audioUrl, seconds, words } = await send(url, { text, speed });
  return { src: URL.createObjectURL(await readBlob(audioUrl)), seconds, words };
}

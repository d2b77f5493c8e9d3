/* The voices of this device: which of them speak a language, which one reads, and when they are known.

   Only voices that live on the device count: others would send the story elsewhere. */
import { primaryLanguage, regionOf } from "./languages.js";

/**
 * @typedef {Pick<SpeechSynthesisVoice, "name" | "lang" | "voiceURI" | "default" | "localService">}
 *   DeviceVoice
 *
 * @typedef {object} Reader whom a voice is chosen for
 * @property {string} language the story's tag
 * @property {readonly string[]} tags languages of the reader's browser, the dearest first
 * @property {string} [chosen] `voiceURI` of the voice that was chosen before
 */

/* Between looks for voices that come late: Safari and Android never say that they have come. */
const LOOK_AFTER_MS = [100, 400, 1000, 2000, 4000];

/* Effects and caricatures of macOS and iOS, which stand before real voices in the alphabet. */
const NOVELTIES = new Set(
  `Albert,Bad News,Bahh,Bells,Boing,Bubbles,Cellos,Deranged,Eddy,Flo,Fred,Good News,Grandma,Grandpa,
  Hysterical,Jester,Junior,Kathy,Organ,Pipe Organ,Ralph,Reed,Rocko,Sandy,Shelley,Superstar,Trinoids,
  Whisper,Wobble,Zarvox`.split(/,\s*/),
);

/**
 * @template {DeviceVoice} V
 * @param {V[]} voices
 * @param {string} language a BCP 47 tag, whose region makes no difference here
 */
export const voicesFor = (voices, language) =>
  voices.filter(
    ({ localService, lang }) =>
      localService !== false && primaryLanguage(lang) === primaryLanguage(language),
  );

/**
 * The voice that was chosen; else by the story's region, the reader's regions, the language's default
 * voice, and the order of the list.
 *
 * @template {DeviceVoice} V
 * @param {V[]} voices as `voicesFor` has them
 * @param {Reader} reader
 * @returns {V | undefined}
 */
export function chooseVoice(voices, { language, tags, chosen }) {
  const regions = regionsOf(language, tags);
  const rankOf = (/** @type {V} */ voice) => rankIn(regions, voice);
  return (
    voices.find(({ voiceURI }) => voiceURI === chosen) ??
    voices.toSorted((one, other) => rankOf(one) - rankOf(other))[0]
  );
}

/**
 * A voice's name, with its region where another one has the same name.
 *
 * @param {DeviceVoice} voice
 * @param {DeviceVoice[]} voices all that are offered
 * @param {string} language of the page
 */
export function labelOf({ name, lang }, voices, language) {
  const region = regionOf(lang);
  const isAlone = voices.filter((voice) => voice.name === name).length < 2;
  if (isAlone || !region) return name;
  return `${name} (${new Intl.DisplayNames(language, { type: "region" }).of(region)})`;
}

/**
 * Tells when there are voices, when there are others, and when it is no use to wait for the first.
 *
 * @param {Pick<SpeechSynthesis, "getVoices" | "addEventListener">} engine
 * @param {import("./speaker.js").Clock} clock
 * @param {() => void} onVoices
 */
export function watchVoices(engine, clock, onVoices) {
  engine.addEventListener?.("voiceschanged", onVoices);
  const look = (/** @type {number} */ index) => {
    const wait = LOOK_AFTER_MS[index];
    if (wait === undefined || engine.getVoices().length) onVoices();
    else clock.after(wait, () => look(index + 1));
  };
  look(0);
}

/**
 * @param {string} language
 * @param {readonly string[]} tags
 */
function regionsOf(language, tags) {
  const own = tags.filter((tag) => primaryLanguage(tag) === primaryLanguage(language));
  return [language, ...own].map(regionOf).filter(Boolean);
}

/**
 * @param {string[]} regions
 * @param {DeviceVoice} voice
 */
function rankIn(regions, voice) {
  const index = regions.indexOf(regionOf(voice.lang));
  const region = index < 0 ? regions.length : index;
  const isNovelty = NOVELTIES.has(voice.name.replace(/ \(.*/s, ""));
  return 4 * region + 2 * Number(!voice.default) + Number(isNovelty);
}

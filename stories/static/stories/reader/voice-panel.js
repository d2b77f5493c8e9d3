/* The button that reads aloud, what is chosen beside it, and sentences about the voice. */
import { byId, find } from "./dom.js";
import { primaryLanguage } from "./languages.js";
import { chooseVoice, labelOf } from "./voices.js";

/** The storyteller's own voice among those of the device. */
export const NARRATOR = "narrator";

/**
 * @typedef {object} On
 * @property {() => void} pressed the button
 * @property {() => void} back the other one: ten seconds
 * @property {() => void} changed voice or pace
 * @property {(choice: string) => void} sleep see `SleepTimer.set`
 */

export class VoicePanel {
  #button = byId("listen", HTMLButtonElement);
  #back = byId("listen-back", HTMLButtonElement);
  #settings = byId("voice-settings", HTMLElement);
  #voice = byId("voice", HTMLSelectElement);
  #sleep = byId("sleep", HTMLSelectElement);
  #problem = byId("voice-problem", HTMLElement);
  #language;
  #narrator;

  /**
   * @param {string} language of the story
   * @param {string} narrator words for the storyteller's own voice, "" where it has none
   * @param {On} on
   */
  constructor(language, narrator, on) {
    this.#language = language;
    this.#narrator = narrator;
    this.#voice.name = `voice_${primaryLanguage(language)}`;
    this.#button.addEventListener("click", () => on.pressed());
    this.#back.addEventListener("click", () => on.back());
    this.#settings.addEventListener("change", ({ target }) => {
      if (target === this.#sleep) on.sleep(this.#sleep.value);
      else if (target instanceof Element && target.matches("#voice, [name=speed]")) on.changed();
    });
  }

  /** `voiceURI` of a voice of the device, or NARRATOR; "" where there is none. */
  get voice() {
    return this.#voice.value;
  }

  get speed() {
    return Number(find(this.#settings, "[name=speed]:checked", HTMLInputElement).value);
  }

  get hasMarks() {
    return document.documentElement.dataset.marks !== "off";
  }

  /** @param {boolean} isReading */
  set isReading(isReading) {
    this.#button.setAttribute("aria-pressed", String(isReading));
    this.#back.hidden = !isReading;
  }

  /** @param {string} words "" for no problem */
  tell(words) {
    this.#problem.textContent = words;
    this.#problem.hidden = !words;
  }

  /** The timer has done its work. */
  clearSleep() {
    this.#sleep.value = "";
  }

  /**
   * Offers what there is to choose from.
   *
   * @param {SpeechSynthesisVoice[]} voices of the device, for the story's language
   * @param {boolean} isAllowed
   */
  offer(voices, isAllowed) {
    this.#fill(voices);
    const hasVoice = this.#voice.options.length > 0;
    this.#button.hidden = !hasVoice || !isAllowed;
    this.#settings.hidden = !isAllowed;
    byId("voice-choice", HTMLElement).hidden = !hasVoice;
    byId("no-voice", HTMLElement).hidden = hasVoice;
  }

  /** @param {SpeechSynthesisVoice[]} voices */
  #fill(voices) {
    const { dataset, lang } = document.documentElement;
    const chosen = dataset[this.#voice.name];
    const reader = { language: this.#language, tags: navigator.languages, chosen };
    const isOwn = Boolean(this.#narrator) && !voices.some(({ voiceURI }) => voiceURI === chosen);
    const own = this.#narrator ? [new Option(this.#narrator, NARRATOR, false, isOwn)] : [];
    const reading = chooseVoice(voices, reader);
    const options = voices.map((voice) => {
      const label = labelOf(voice, voices, lang);
      return new Option(label, voice.voiceURI, false, !isOwn && voice === reading);
    });
    this.#voice.replaceChildren(...own, ...options);
  }
}

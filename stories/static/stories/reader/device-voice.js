/* The device's own voice: one of those that speak the story's language, and the words it tells of. */
import { Speaker } from "./speaker.js";
import { chooseVoice, voicesFor } from "./voices.js";

/**
 * @typedef {object} Handlers
 * @property {() => void} ended the text was said
 * @property {() => void} failed it was not
 * @property {(start: number, length: number) => void} word a word of it begins
 */

export class DeviceVoice {
  #engine;
  #language;
  #handlers;
  #speaker;

  /**
   * @param {SpeechSynthesis | null} engine null where the browser has none
   * @param {string} language of the story
   * @param {import("./speaker.js").Clock} clock
   * @param {Handlers} handlers
   */
  constructor(engine, language, clock, handlers) {
    this.#engine = engine;
    this.#language = language;
    this.#handlers = handlers;
    this.#speaker =
      engine &&
      new Speaker(engine, clock, {
        ended: () => handlers.ended(),
        failed: () => handlers.failed(),
        boundary: ({ name, charIndex, charLength }) => {
          if (name === "word" && charLength) handlers.word(charIndex, charLength);
        },
      });
  }

  get voices() {
    return voicesFor(this.#engine?.getVoices() ?? [], this.#language);
  }

  /** `voiceURI` of the voice that reads where none was chosen, "" where there is none. */
  get best() {
    const reader = { language: this.#language, tags: navigator.languages };
    return chooseVoice(this.voices, reader)?.voiceURI ?? "";
  }

  /**
   * @param {string} text
   * @param {{ speed: number, voiceURI: string }} options
   */
  say(text, { speed, voiceURI }) {
    const voice = this.voices.find((each) => each.voiceURI === voiceURI);
    // Without one the browser would choose, perhaps a voice from elsewhere.
    if (!voice || !this.#speaker) return this.#handlers.failed();
    this.#speaker.say(() => {
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.voice = voice;
      // Android takes its default voice where the two languages differ.
      utterance.lang = voice.lang;
      utterance.rate = speed;
      return utterance;
    });
  }

  hush() {
    this.#speaker?.hush();
  }
}

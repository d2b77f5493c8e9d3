/* Reading aloud, sentence by sentence, with a mark on the sentence and the word.

   A pause stops the voice, and going on begins the sentence again: `pause()` ends the speech on
   Android. */
import { bringIntoView, byId, find } from "./dom.js";
import { primaryLanguage } from "./languages.js";
import { hasWords } from "./sentences.js";
import { Speaker } from "./speaker.js";
import { chooseVoice, labelOf, voicesFor, watchVoices } from "./voices.js";

/** @type {import("./speaker.js").Clock} */
const CLOCK = {
  now: () => performance.now(),
  after: (wait, run) => {
    const timer = setTimeout(run, wait);
    return () => clearTimeout(timer);
  },
};

export class Voice {
  #engine = "speechSynthesis" in window ? speechSynthesis : null;
  #button = byId("listen", HTMLButtonElement);
  #settings = byId("voice-settings", HTMLElement);
  #select = find(this.#settings, "select", HTMLSelectElement);
  #problem = byId("voice-problem", HTMLElement);
  #language;
  #sentences;
  #mayGrow;
  /** @type {Speaker | null} */
  #speaker = null;
  #at = 0;
  #isSpeaking = false;
  /** @type {HTMLElement | null} The sentence being read. */
  #current = null;
  #isAllowed = true;
  #isKnown = false;

  /**
   * @param {string} language of the story
   * @param {() => HTMLElement[]} sentences elements to be read, in order; asked for again at each
   * @param {() => boolean} mayGrow whether there may be more of them later
   */
  constructor(language, sentences, mayGrow) {
    this.#language = language;
    this.#sentences = sentences;
    this.#mayGrow = mayGrow;
    this.#select.name = `voice_${primaryLanguage(language)}`;
    if (this.#engine) this.#wire(this.#engine);
    else this.#offer();
  }

  /** @param {boolean} isAllowed where it is turned off, it stops in the middle of a word */
  set isAllowed(isAllowed) {
    if (!isAllowed && this.#isSpeaking) this.stop();
    this.#isAllowed = isAllowed;
    if (this.#isKnown) this.#offer();
  }

  get isReading() {
    return this.#isSpeaking;
  }

  stop() {
    this.#setSpeaking(false);
    this.#mark(null);
    this.#speaker?.hush();
  }

  /** Goes back to the top, for another chapter. */
  rewind() {
    this.stop();
    this.#at = 0;
  }

  /** There is more text than before. */
  more() {
    if (this.#isSpeaking && !this.#current) this.#speakNext();
  }

  /** @param {SpeechSynthesis} engine */
  #wire(engine) {
    this.#speaker = new Speaker(engine, CLOCK, {
      ended: () => this.#goOn(),
      failed: () => this.#giveUp(),
      boundary: (event) => this.#markWord(event),
    });
    this.#button.addEventListener("click", () => (this.#isSpeaking ? this.stop() : this.#start()));
    this.#settings.addEventListener("change", () => this.#isSpeaking && this.#speakNext());
    addEventListener("pagehide", () => this.stop());
    watchVoices(engine, CLOCK, () => this.#offer());
  }

  #offer() {
    this.#isKnown = true;
    const voices = this.#voices();
    const hasVoice = voices.length > 0;
    this.#fillSelect(voices);
    this.#button.hidden = !hasVoice || !this.#isAllowed;
    this.#settings.hidden = !this.#isAllowed;
    byId("voice-choice", HTMLElement).hidden = !hasVoice;
    byId("no-voice", HTMLElement).hidden = hasVoice;
  }

  /** @param {SpeechSynthesisVoice[]} voices */
  #fillSelect(voices) {
    const { dataset, lang } = document.documentElement;
    const chosen = dataset[this.#select.name];
    const reader = { language: this.#language, tags: navigator.languages, chosen };
    const reading = chooseVoice(voices, reader);
    const options = voices.map((voice) => {
      const label = labelOf(voice, voices, lang);
      return new Option(label, voice.voiceURI, false, voice === reading);
    });
    this.#select.replaceChildren(...options);
  }

  #voices() {
    return voicesFor(this.#engine?.getVoices() ?? [], this.#language);
  }

  #start() {
    if (this.#at >= this.#sentences().length) this.#at = 0;
    this.#setSpeaking(true);
    this.#speakNext();
  }

  #speakNext() {
    const sentences = this.#sentences();
    const index = sentences.findIndex(
      ({ textContent }, position) => position >= this.#at && hasWords(textContent ?? ""),
    );
    this.#at = index < 0 ? sentences.length : index;
    this.#mark(sentences[this.#at] ?? null);
    if (this.#current) this.#say(this.#current.textContent ?? "");
    else if (!this.#mayGrow()) this.stop();
  }

  /** @param {string} text */
  #say(text) {
    const voice = this.#voices().find(({ voiceURI }) => voiceURI === this.#select.value);
    // Without one the browser would choose, perhaps a voice from elsewhere.
    if (!voice) return this.#giveUp();
    const speed = find(this.#settings, "[name=speed]:checked", HTMLInputElement).value;
    this.#speaker?.say(() => {
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.voice = voice;
      // Android takes its default voice where the two languages differ.
      utterance.lang = voice.lang;
      utterance.rate = Number(speed);
      return utterance;
    });
  }

  #goOn() {
    this.#at += 1;
    this.#speakNext();
  }

  #giveUp() {
    this.stop();
    this.#problem.hidden = false;
  }

  /** @param {boolean} isSpeaking */
  #setSpeaking(isSpeaking) {
    this.#isSpeaking = isSpeaking;
    this.#problem.hidden = true;
    this.#button.setAttribute("aria-pressed", String(isSpeaking));
  }

  /** @param {HTMLElement | null} element */
  #mark(element) {
    this.#current = element;
    document.querySelector(".is-spoken")?.classList.remove("is-spoken");
    CSS.highlights?.delete("spoken-word");
    element?.classList.add("is-spoken");
    if (element) bringIntoView(element, "nearest");
  }

  /** @param {SpeechSynthesisEvent} event */
  #markWord({ name, charIndex, charLength }) {
    const text = this.#current?.firstChild;
    if (name !== "word" || !charLength || !(text instanceof Text) || !CSS.highlights) return;
    const range = new Range();
    range.setStart(text, charIndex);
    range.setEnd(text, Math.min(charIndex + charLength, text.length));
    CSS.highlights.set("spoken-word", new Highlight(range));
  }
}

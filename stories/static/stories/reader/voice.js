/* Reading aloud, sentence by sentence, with a mark on the sentence and the word.

   Only voices that live on this device are offered: others would send the story elsewhere. */
import { byId, find } from "./dom.js";
import { primaryLanguage } from "./languages.js";

export class Voice {
  #speech = "speechSynthesis" in window ? speechSynthesis : null;
  #button = byId("listen", HTMLButtonElement);
  #settings = byId("voice-settings", HTMLElement);
  #language;
  #sentences;
  #mayGrow;
  #at = 0;
  #isSpeaking = false;
  /** @type {SpeechSynthesisUtterance | null} */
  #current = null;
  #isAllowed = true;

  /**
   * @param {string} language of the story
   * @param {() => HTMLElement[]} sentences elements to be read, in order; asked for again at each
   * @param {() => boolean} mayGrow whether there may be more of them later
   */
  constructor(language, sentences, mayGrow) {
    this.#language = language;
    this.#sentences = sentences;
    this.#mayGrow = mayGrow;
    if (!this.#speech) return;
    this.#button.addEventListener("click", () => (this.#isSpeaking ? this.stop() : this.#start()));
    this.#settings.addEventListener("change", () => this.#isSpeaking && this.#speakNext());
    this.#speech.addEventListener?.("voiceschanged", () => this.#offer());
    addEventListener("pagehide", () => this.stop());
    this.#offer();
  }

  /** @param {boolean} isAllowed where it is turned off, it stops in the middle of a word */
  set isAllowed(isAllowed) {
    if (!isAllowed && this.#isSpeaking) this.stop();
    this.#isAllowed = isAllowed;
    this.#offer();
  }

  stop() {
    this.#setSpeaking(false);
    this.#mark(null);
    this.#speech?.cancel();
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

  #offer() {
    const voices = this.#voices();
    const select = find(this.#settings, "select", HTMLSelectElement);
    const wanted = document.documentElement.dataset.voice;
    select.replaceChildren(
      ...voices.map(({ name }) => new Option(name, name, false, name === wanted)),
    );
    const isHidden = voices.length === 0 || !this.#isAllowed;
    this.#button.hidden = isHidden;
    this.#settings.hidden = isHidden;
  }

  #voices() {
    const isSuitable = (/** @type {SpeechSynthesisVoice} */ { localService, lang }) =>
      localService && primaryLanguage(lang) === primaryLanguage(this.#language);
    return this.#speech?.getVoices().filter(isSuitable) ?? [];
  }

  #start() {
    if (this.#at >= this.#sentences().length) this.#at = 0;
    this.#setSpeaking(true);
    this.#speakNext();
  }

  #speakNext() {
    this.#current = null;
    this.#speech?.cancel();
    const element = this.#sentences()[this.#at];
    this.#mark(element ?? null);
    if (element) this.#speak(element);
    else if (!this.#mayGrow()) this.stop();
  }

  /** @param {HTMLElement} element */
  #speak(element) {
    const words = new SpeechSynthesisUtterance(element.textContent ?? "");
    const { voice, speed } = document.documentElement.dataset;
    const voices = this.#voices();
    words.lang = this.#language;
    words.voice = voices.find(({ name }) => name === voice) ?? voices[0] ?? null;
    words.rate = Number(speed);
    words.addEventListener("boundary", (event) => this.#markWord(element, event));
    words.addEventListener("end", () => this.#finished(words));
    words.addEventListener("error", () => this.#current === words && this.stop());
    this.#current = words;
    this.#speech?.speak(words);
  }

  /** @param {SpeechSynthesisUtterance} words */
  #finished(words) {
    // A cancelled utterance ends too, later; only the sentence being read moves on.
    if (this.#current !== words) return;
    this.#at += 1;
    this.#speakNext();
  }

  /** @param {boolean} isSpeaking */
  #setSpeaking(isSpeaking) {
    this.#isSpeaking = isSpeaking;
    this.#current = null;
    this.#button.setAttribute("aria-pressed", String(isSpeaking));
  }

  /** @param {HTMLElement | null} element */
  #mark(element) {
    document.querySelector(".is-spoken")?.classList.remove("is-spoken");
    CSS.highlights?.delete("spoken-word");
    element?.classList.add("is-spoken");
    element?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  /**
   * @param {HTMLElement} element
   * @param {SpeechSynthesisEvent} event
   */
  #markWord(element, { name, charIndex, charLength }) {
    const text = element.firstChild;
    if (name !== "word" || !charLength || !(text instanceof Text) || !CSS.highlights) return;
    const range = new Range();
    range.setStart(text, charIndex);
    range.setEnd(text, Math.min(charIndex + charLength, text.length));
    CSS.highlights.set("spoken-word", new Highlight(range));
  }
}

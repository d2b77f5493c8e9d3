/* Reads a chapter aloud, sentence by sentence, and shows where it is.

   Only voices that live on this device are offered: others would send the story elsewhere. */

const primary = (tag) => tag.replace("_", "-").split("-")[0].toLowerCase();

export class Voice {
  #speech = window.speechSynthesis;
  #button = document.getElementById("listen");
  #settings = document.getElementById("voice-settings");
  #language;
  #sentences;
  #mayGrow;
  #at = 0;
  #isSpeaking = false;
  #current = null;
  #isAllowed = true;

  /**
   * `sentences()` gives the elements to be read, in order, and is asked again for each of them;
   * `mayGrow()` says whether there may be more of them later.
   */
  constructor(language, sentences, mayGrow) {
    this.#language = language;
    this.#sentences = sentences;
    this.#mayGrow = mayGrow;
    if (!this.#speech || !window.SpeechSynthesisUtterance) return;
    this.#button.addEventListener("click", () => (this.#isSpeaking ? this.stop() : this.#start()));
    this.#settings.addEventListener("change", () => this.#isSpeaking && this.#speakNext());
    this.#speech.addEventListener?.("voiceschanged", () => this.#offer());
    addEventListener("pagehide", () => this.stop());
    this.#offer();
  }

  /** Whether reading aloud is offered; where it is turned off, it stops in the middle of a word. */
  set isAllowed(isAllowed) {
    if (!isAllowed && this.#isSpeaking) this.stop();
    this.#isAllowed = isAllowed;
    if (this.#speech) this.#offer();
  }

  stop() {
    this.#setSpeaking(false);
    this.#mark(null);
    this.#speech?.cancel();
  }

  /** Another chapter is to be seen: begin at its top. */
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
    const select = this.#settings.querySelector("select");
    const wanted = document.documentElement.dataset.voice;
    select.replaceChildren(
      ...voices.map(({ name }) => new Option(name, name, false, name === wanted)),
    );
    this.#button.hidden = this.#settings.hidden = voices.length === 0 || !this.#isAllowed;
  }

  #voices() {
    return this.#speech
      .getVoices()
      .filter((voice) => voice.localService && primary(voice.lang) === primary(this.#language));
  }

  #start() {
    if (this.#at >= this.#sentences().length) this.#at = 0;
    this.#setSpeaking(true);
    this.#speakNext();
  }

  #speakNext() {
    this.#current = null;
    this.#speech.cancel();
    const element = this.#sentences()[this.#at];
    this.#mark(element ?? null);
    if (element) this.#speak(element);
    else if (!this.#mayGrow()) this.stop();
  }

  #speak(element) {
    const words = new SpeechSynthesisUtterance(element.textContent);
    const { voice, speed } = document.documentElement.dataset;
    const voices = this.#voices();
    words.lang = this.#language;
    words.voice = voices.find(({ name }) => name === voice) ?? voices[0];
    words.rate = Number(speed);
    words.addEventListener("boundary", (event) => this.#markWord(element, event));
    words.addEventListener("end", () => this.#finished(words));
    words.addEventListener("error", () => this.#current === words && this.stop());
    this.#current = words;
    this.#speech.speak(words);
  }

  #finished(words) {
    // What was cancelled ends too, later; only the sentence being read moves on.
    if (this.#current !== words) return;
    this.#at += 1;
    this.#speakNext();
  }

  #setSpeaking(isSpeaking) {
    this.#isSpeaking = isSpeaking;
    this.#current = null;
    this.#button.setAttribute("aria-pressed", String(isSpeaking));
  }

  #mark(element) {
    document.querySelector(".is-spoken")?.classList.remove("is-spoken");
    CSS.highlights?.delete("spoken-word");
    element?.classList.add("is-spoken");
    element?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  #markWord(element, { name, charIndex, charLength }) {
    const text = element.firstChild;
    if (name !== "word" || !charLength || text?.nodeType !== Node.TEXT_NODE || !CSS.highlights)
      return;
    const range = new Range();
    range.setStart(text, charIndex);
    range.setEnd(text, Math.min(charIndex + charLength, text.length));
    CSS.highlights.set("spoken-word", new Highlight(range));
  }
}

/* The story for those who hear the page: each new sentence, once, as soon as it is whole.

   The text on the page is no live region: it arrives in parts of sentences, and a part that is taken
   back and comes again would be read again. */
import { hasEnd, hasWords, sentencesOf } from "./sentences.js";

export class Heard {
  #language;
  #say;
  #text = "";
  /** @type {string[]} Sentences of the text that were said, or stood there before. */
  #said = [];

  /**
   * @param {string} language of the story
   * @param {(sentence: string) => void} say
   */
  constructor(language, say) {
    this.#language = language;
    this.#say = say;
  }

  /** @param {string} text that stands on the page already, and is not said */
  begin(text) {
    this.#text = text;
    this.#said = this.#wholeSentences(false);
  }

  /** @param {string} chunk */
  append(chunk) {
    this.become(this.#text + chunk);
  }

  /** @param {string} text in place of the text so far; of what stays nothing is said again */
  become(text) {
    this.#text = text;
    this.#tell(false);
  }

  /** No more will come. */
  end() {
    this.#tell(true);
  }

  /** @param {boolean} isOver */
  #tell(isOver) {
    const whole = this.#wholeSentences(isOver);
    for (const [index, sentence] of whole.entries()) {
      const before = this.#said[index] ?? "";
      // `"Stop!"` was whole until `said the fox` came.
      if (sentence.startsWith(before)) this.#sayIfAny(sentence.slice(before.length));
      else this.#sayIfAny(sentence);
    }
    this.#said = whole;
  }

  /** @param {string} words */
  #sayIfAny(words) {
    if (hasWords(words)) this.#say(words.trim());
  }

  /** @param {boolean} isOver */
  #wholeSentences(isOver) {
    const sentences = sentencesOf(this.#text, this.#language).map((sentence) => sentence.trim());
    const last = sentences.at(-1);
    if (!isOver && last && !hasEnd(last, this.#language)) sentences.pop();
    return sentences;
  }
}

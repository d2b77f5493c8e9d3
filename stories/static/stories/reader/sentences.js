/* Borders of sentences: the browser's copy of `safety/sentences.py`.

   Both are held to tests/sentence_ends.json. Intl.Segmenter knows neither the ellipsis nor the sof
   pasuq as an end, splits at "Mr.", and takes `"Stop!" said the fox.` for two sentences. */
import { primaryLanguage } from "./languages.js";

const ENDS = /[.!?…׃]$/;
// Quotes, brackets and emoji that stand behind the end of a sentence still belong to it.
const CLOSERS = /(?:[ "'”’»)\]״׳]|\p{So}|\p{Emoji_Modifier}|\uFE0F)+$/u;
const EMOJI = /^(?:\p{So}|\p{Emoji_Modifier}|\uFE0F)/u;
const DASHES = /^[—–-]+/;
const BEGINS = /^[\p{L}\p{N}"'“‘«¿¡([„״׳]/u;
const HAS_NO_CASE = /^\p{Lo}/u;
const MAY_BE_SPEECH = /["”’»״'!?]$/;
const INITIAL = /(?:^|[\s.])(?!I\.)[A-ZÁÉÍÓÚÑ]\.$/;
const BEFORE_WORD = /^["'“‘«¿¡([„״׳—–-]+/;
const AFTER_WORD = /[,.:;!?]+$/;

const words = (/** @type {string} */ list) => new Set(list.split(/\s+/).filter(Boolean));

/** @type {Record<string, Set<string>>} */
export const ABBREVIATIONS = {
  en: words("mr mrs ms dr st prof jr sr vs mt capt sgt rev col gen e.g i.e approx"),
  es: words("sr sra srta sres dr dra d dña ud uds vd vds p ej p.ej ee st prof capt núm pág"),
};

// In a script without capitals only the verb tells that `"Stop!" said the fox.` goes on.
/** @type {Record<string, Set<string>>} */
export const SPEECH_VERBS = {
  he: words(`
    אמר אמרה אמרו שאל שאלה שאלו ענה ענתה ענו השיב השיבה צעק צעקה צעקו קרא קראה קראו
    לחש לחשה לחשו מלמל מלמלה צחק צחקה צחקו חייך חייכה הוסיף הוסיפה הסביר הסבירה פלט פלטה
    נהם נהמה ייבב התפלא התפלאה שאג שאגה ביקש ביקשה הכריז הכריזה הציע הציעה
  `),
};

/**
 * The sentences of a text, each with the white space behind it: joined, they are the text.
 *
 * @param {string} text
 * @param {string} language a BCP 47 tag
 * @returns {string[]}
 */
export function sentencesOf(text, language) {
  const found = [];
  let start = 0;
  for (const { index, 0: gap } of text.matchAll(/\s+/g)) {
    const next = index + gap.length;
    if (isBorder(text.slice(start, index), gap, text.slice(next), language)) {
      found.push(text.slice(start, next));
      start = next;
    }
  }
  if (start < text.length) found.push(text.slice(start));
  return found;
}

/**
 * Whether there is anything in a text that a voice can say; at "* * *" some never begin.
 *
 * @param {string} text
 */
export const hasWords = (text) => /[\p{L}\p{N}]/u.test(text);

/**
 * Whether a text ends as sentences do. What comes next may still belong to it.
 *
 * @param {string} text
 * @param {string} language
 */
export function hasEnd(text, language) {
  const bare = text.trimEnd().replace(CLOSERS, "");
  return ENDS.test(bare) && !(bare.endsWith(".") && isAbbreviation(bare, language));
}

/**
 * How much of `text` still belongs to the sentence `before` that it follows on: 0 where another one
 * begins.
 *
 * @param {string} before
 * @param {string} text
 * @param {string} language
 */
export function continuationLength(before, text, language) {
  if (!before) return 0;
  let end = 0;
  for (const { length } of sentencesOf(before + text, language)) {
    end += length;
    if (end >= before.length) break;
  }
  const rest = text.slice(0, end - before.length);
  return rest.trim() ? rest.length : 0;
}

/**
 * @param {string} before the sentence so far
 * @param {string} gap white space
 * @param {string} after all that follows
 * @param {string} language
 */
function isBorder(before, gap, after, language) {
  const first = after.replace(DASHES, "");
  if (!first || /^\p{Lowercase}/u.test(first) || EMOJI.test(after)) return false;
  if (gap.includes("\n")) return true;
  if (!hasEnd(before, language) || !BEGINS.test(first)) return false;
  return !HAS_NO_CASE.test(first) || !isSpeech(before, first, language);
}

/**
 * @param {string} before
 * @param {string} after
 * @param {string} language
 */
function isSpeech(before, after, language) {
  const word = after.replace(/\s.*/s, "").replace(AFTER_WORD, "");
  const verbs = SPEECH_VERBS[primaryLanguage(language)];
  return MAY_BE_SPEECH.test(before) && Boolean(verbs?.has(word));
}

/**
 * @param {string} text that ends with a full stop
 * @param {string} language
 */
function isAbbreviation(text, language) {
  if (INITIAL.test(text)) return true;
  const last = text.slice(0, -1).split(/\s+/).at(-1) ?? "";
  const word = last.replace(BEFORE_WORD, "").toLowerCase();
  return Boolean(ABBREVIATIONS[primaryLanguage(language)]?.has(word));
}

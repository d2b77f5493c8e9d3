/* Borders of sentences: the browser's copy keeps to the table that the gate's own splitter keeps to. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ABBREVIATIONS,
  continuationLength,
  hasEnd,
  hasWords,
  SPEECH_VERBS,
  sentencesOf,
} from "../../stories/static/stories/reader/sentences.js";
import table from "../sentence_ends.json" with { type: "json" };

for (const { language, why, text, sentences } of table) {
  test(`sentences in ${language}: ${why}: ${text.slice(0, 40)}`, () => {
    const found = sentencesOf(text, language);
    assert.deepEqual(
      found.map((sentence) => sentence.trim()),
      sentences,
    );
    assert.equal(found.join(""), text, "not a character is lost");
  });
}

test("a language's region makes no difference", () => {
  assert.equal(sentencesOf("We met Mr. Fox.", "en-GB").length, 1);
  assert.equal(sentencesOf("Vimos al Sr. Pato.", "es_MX").length, 1);
});

test("a language without a list of its own is split by its marks alone", () => {
  assert.deepEqual(sentencesOf("Ein Fuchs lief. Er schlief.", "de"), [
    "Ein Fuchs lief. ",
    "Er schlief.",
  ]);
});

test("text without an end is one sentence", () => {
  assert.deepEqual(sentencesOf("and then", "en"), ["and then"]);
  assert.deepEqual(sentencesOf("", "en"), []);
});

test("every sentence of the table is seen to have an end", () => {
  for (const { language, sentences } of table) {
    for (const sentence of sentences) assert.ok(hasEnd(sentence, language), sentence);
  }
});

test("the table has every abbreviation and every verb of speaking", () => {
  for (const [language, words] of [
    ...Object.entries(ABBREVIATIONS),
    ...Object.entries(SPEECH_VERBS),
  ]) {
    const texts = table.filter((row) => row.language === language).map((row) => row.text);
    const known = new Set(texts.join(" ").toLowerCase().split(/[ ,]+/));
    for (const word of words) assert.ok(known.has(`${word}.`) || known.has(word), word);
  }
});

for (const text of ["", "and then", "It ran,", "We met Mr.", "Once J.", "It said “Stop"]) {
  test(`no end is seen: "${text}"`, () => assert.equal(hasEnd(text, "en"), false));
}

/** @type {[before: string, text: string, rest: string][]} */
const CONTINUATIONS = [
  ["It ran", " home. Then it slept.", "Then it slept."],
  ["It ran.", " Then it slept.", " Then it slept."],
  ["It ran. ", "Then it slept.", "Then it slept."],
  ['"Stop!"', " said the fox. It ran.", "It ran."],
  ["We met Mr.", " Fox. He ran.", "He ran."],
  ["It waited…", " and waited.", ""],
  ["It ran", " on", ""],
  ["", "It ran.", "It ran."],
];

for (const [before, text, rest] of CONTINUATIONS) {
  test(`"${text}" after "${before}" begins another sentence with "${rest}"`, () => {
    assert.equal(text.slice(continuationLength(before, text, "en")), rest);
  });
}

for (const text of ["It ran.", "שלום", "7", "“¡Ay!”"]) {
  test(`a voice can say "${text}"`, () => assert.ok(hasWords(text)));
}

for (const text of ["", "* * *", "…", "✨🌙", " — "]) {
  test(`a voice can say nothing of "${text}"`, () => assert.ok(!hasWords(text)));
}

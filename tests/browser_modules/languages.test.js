/* Language tags, as standards and as systems write them. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { primaryLanguage, regionOf } from "../../stories/static/stories/reader/languages.js";

/** @type {[tag: string, language: string, region: string][]} */
const TAGS = [
  ["en", "en", ""],
  ["en-GB", "en", "GB"],
  ["es_MX", "es", "MX"],
  ["es-419", "es", "419"],
  ["iw", "he", ""],
  ["iw_IL", "he", "IL"],
  ["in-ID", "id", "ID"],
  ["ji", "yi", ""],
  ["EN-us", "en", "US"],
  ["zh-Hant-TW", "zh", "TW"],
  ["en-GB-x-RP", "en", "GB"],
  ["en-gb-scotland", "en", "GB"],
  ["spa-ESP", "es", ""],
  ["heb-ISR", "he", ""],
  ["spa-default", "es", ""],
  ["qaa", "qaa", ""],
  ["", "", ""],
  ["?", "?", ""],
];

for (const [tag, language, region] of TAGS) {
  test(`"${tag}" is ${language || "no language"} of ${region || "no region"}`, () => {
    assert.deepEqual([primaryLanguage(tag), regionOf(tag)], [language, region]);
  });
}

/* The page's words for tests: each word is its own name. */
import { readFileSync } from "node:fs";

const source = readFileSync(
  new URL("../../stories/static/stories/reader/texts.js", import.meta.url),
  "utf8",
);
const listed = source.slice(0, source.indexOf("} TextName"));
const names = Array.from(listed.matchAll(/"(\w+)"/g), ([, name]) => name);

export const NAMES = /** @type {import("../../stories/static/stories/reader/texts.js").Texts} */ (
  Object.fromEntries(names.map((name) => [name, name]))
);

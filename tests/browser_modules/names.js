/* The page's words for tests: each word is its own name. */
import { readFileSync } from "node:fs";

const template = readFileSync(
  new URL("../../templates/stories/read.html", import.meta.url),
  "utf8",
);
const names = Array.from(template.matchAll(/data-text="(\w+)"/g), ([, name]) => name);

export const NAMES = /** @type {import("../../stories/static/stories/reader/texts.js").Texts} */ (
  Object.fromEntries(names.map((name) => [name, name]))
);

/* Scrolling that a script asks for. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { bringIntoView } from "../../stories/static/stories/reader/dom.js";

for (const [isReduced, behavior] of /** @type {const} */ ([
  [false, "smooth"],
  [true, "instant"],
])) {
  test(`with less motion ${isReduced ? "asked for" : "not asked for"}, it is ${behavior}`, () => {
    /** @type {unknown[]} */
    const asked = [];
    const scrollIntoView = (/** @type {unknown} */ options) => asked.push(options);
    Object.assign(globalThis, { matchMedia: () => ({ matches: isReduced }) });
    bringIntoView(/** @type {any} */ ({ scrollIntoView }), "start");
    assert.deepEqual(asked, [{ block: "start", behavior }]);
  });
}

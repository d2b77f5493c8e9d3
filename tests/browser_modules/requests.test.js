/* Requests that may be sent twice and count once. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused } from "../../stories/static/stories/reader/api.js";
import { sendingOnce } from "../../stories/static/stories/reader/requests.js";

/**
 * A server that answers in turn, and the keys that it was sent.
 *
 * @param {...(Error | object)} answers
 */
function server(...answers) {
  /** @type {string[]} */
  const keys = [];
  /** @type {typeof import("../../stories/static/stories/reader/api.js").send} */
  const send = async (_url, _body, options) => {
    keys.push(options?.headers?.["Idempotency-Key"] ?? "");
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { sendOnce: sendingOnce(send), keys };
}

test("a request that got no answer is sent again under its first key", async () => {
  const { sendOnce, keys } = server(new Refused(0), new Refused(0), { id: "r1" });
  await assert.rejects(sendOnce("/runs", { theme: "a fox" }));
  await assert.rejects(sendOnce("/runs", { theme: "a fox" }));
  assert.deepEqual(await sendOnce("/runs", { theme: "a fox" }), { id: "r1" });
  assert.equal(new Set(keys).size, 1);
  assert.match(keys[0] ?? "", /^[0-9a-f]{32}$/);
});

test("a request that was answered gets a new key, whatever the answer", async () => {
  for (const answer of [{ id: "r1" }, new Refused(429), new Refused(503), new Error("broken")]) {
    const { sendOnce, keys } = server(answer, { id: "r2" });
    await sendOnce("/runs", { theme: "a fox" }).catch(() => {});
    await sendOnce("/runs", { theme: "a fox" });
    assert.equal(new Set(keys).size, 2);
  }
});

test("another wish, or another address, has a key of its own", async () => {
  const { sendOnce, keys } = server(new Refused(0), new Refused(0), new Refused(0));
  await assert.rejects(sendOnce("/runs", { theme: "a fox" }));
  await assert.rejects(sendOnce("/runs", { theme: "an owl" }));
  await assert.rejects(sendOnce("/runs/r1/continue"));
  assert.equal(new Set(keys).size, 3);
});

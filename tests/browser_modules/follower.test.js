/* A run is followed to its end over as many connections as that takes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { answerJson, beginStream, serve, tell } from "./server.js";

const { Follower } = await import("../../stories/static/stories/reader/follower.js");

/**
 * A follower, what it was told, and promises of what it will be told.
 *
 * @param {Awaited<ReturnType<typeof serve>>} server
 */
function follow(server, cursor = "", isHeard = () => false) {
  /** @type {string[]} */
  const told = [];
  const events = new EventTarget();
  const note = (/** @type {string} */ word) => {
    told.push(word);
    events.dispatchEvent(new Event(word));
  };
  const follower = new Follower(
    { stateUrl: server.stateUrl, eventsUrl: server.eventsUrl, cursor },
    {
      event: ({ type }) => note(type),
      lost: () => note("lost"),
      found: () => note("found"),
      refused: ({ status }) => note(`refused ${status}`),
      isHeard,
    },
  );
  return { follower, told, hears: (/** @type {string} */ word) => once(events, word) };
}

test("events come in order, and the last one ends the connection for good", async (t) => {
  const server = await serve({
    state: (answer) => answerJson(answer, 200, {}),
    events: (answer) => {
      beginStream(answer);
      tell(answer, "1", "content", { chunk: "The fox ran." });
      tell(answer, "2", "complete", {});
      answer.end();
    },
  });
  t.after(server.close);
  const { told, hears } = follow(server);
  await hears("complete");
  assert.deepEqual(told, ["found", "content", "complete"]);
  assert.deepEqual(server.requests, ["/run/events"]);
});

test("a broken connection goes on from the last cursor, without a word", async (t) => {
  let connections = 0;
  const server = await serve({
    state: (answer) => answerJson(answer, 200, {}),
    events: (answer) => {
      connections += 1;
      beginStream(answer);
      if (connections === 1) {
        tell(answer, "a/1", "content", { chunk: "The fox ran." });
        setTimeout(() => answer.destroy(), 50);
      } else tell(answer, "a/2", "complete", {});
    },
  });
  t.after(server.close);
  const { told, hears } = follow(server);
  await hears("complete");
  assert.deepEqual(told, ["found", "content", "found", "complete"]);
  assert.deepEqual(server.requests, ["/run/events", "/run", "/run/events?after=a%2F1"]);
});

test("a follower that is given a cursor begins behind it", async (t) => {
  const server = await serve({
    state: (answer) => answerJson(answer, 200, {}),
    events: (answer) => {
      beginStream(answer);
      tell(answer, "8", "error", { code: "CANCELLED", retryable: true });
    },
  });
  t.after(server.close);
  const { hears } = follow(server, "7");
  await hears("error");
  assert.deepEqual(server.requests, ["/run/events?after=7"]);
});

test("a run that is gone is given up", async (t) => {
  const server = await serve({
    state: (answer) => answerJson(answer, 404, { code: "NOT_FOUND" }),
    events: (answer) => answerJson(answer, 404, { code: "NOT_FOUND" }),
  });
  t.after(server.close);
  const { told, hears } = follow(server);
  await hears("refused 404");
  assert.deepEqual(told, ["refused 404"]);
  assert.deepEqual(server.requests, ["/run/events", "/run"]);
});

test("a server that is away is asked again, and after a while the child is told", async (t) => {
  let isAway = true;
  const server = await serve({
    state: (answer) => answerJson(answer, isAway ? 503 : 200, {}),
    events: (answer) => {
      if (isAway) {
        answerJson(answer, 503, {});
        return;
      }
      beginStream(answer);
      tell(answer, "1", "complete", {});
    },
  });
  t.after(server.close);
  const { follower, told, hears } = follow(server);
  await hears("lost");
  isAway = false;
  follower.hurry();
  await hears("complete");
  assert.deepEqual(told, ["lost", "found", "complete"]);
  assert.ok(server.requests.filter((url) => url === "/run").length >= 2);
});

test("a follower that was closed asks for nothing more", async (t) => {
  const server = await serve({
    state: (answer) => answerJson(answer, 200, {}),
    events: (answer) => {
      beginStream(answer);
      tell(answer, "1", "content", { chunk: "The fox ran." });
    },
  });
  t.after(server.close);
  const { follower, told, hears } = follow(server);
  await hears("content");
  follower.close();
  follower.hurry();
  await fetch(`${server.stateUrl}?asked-by-the-test`);
  assert.deepEqual(told, ["found", "content"]);
  assert.deepEqual(server.requests, ["/run/events", "/run?asked-by-the-test"]);
});

/** @param {"visible" | "hidden"} state of the page */
function turn(state) {
  Object.assign(document, { visibilityState: state });
  document.dispatchEvent(new Event("visibilitychange"));
}

test("a page out of sight gives its connection back, and takes it up again by its cursor", async (t) => {
  /** @type {PromiseWithResolvers<void>} */
  const closed = Promise.withResolvers();
  let connections = 0;
  const server = await serve({
    state: (answer) => answerJson(answer, 200, { cursor: "a/1" }),
    events: (answer) => {
      connections += 1;
      beginStream(answer);
      if (connections > 1) return tell(answer, "a/2", "complete", {});
      answer.on("close", closed.resolve);
      tell(answer, "a/1", "content", { chunk: "The fox ran." });
    },
  });
  t.after(server.close);
  const { told, hears } = follow(server);
  await hears("content");
  turn("hidden");
  await closed.promise;
  const complete = hears("complete");
  turn("visible");
  await complete;
  assert.deepEqual(told, ["found", "content", "found", "complete"]);
  assert.deepEqual(server.requests, ["/run/events", "/run", "/run/events?after=a%2F1"]);
});

test("a page that opens out of sight asks for nothing until it is seen", async (t) => {
  const server = await serve({
    state: (answer) => answerJson(answer, 200, {}),
    events: (answer) => {
      beginStream(answer);
      tell(answer, "1", "complete", {});
    },
  });
  t.after(server.close);
  turn("hidden");
  const { hears } = follow(server);
  assert.deepEqual(server.requests, []);
  const complete = hears("complete");
  turn("visible");
  await complete;
  assert.deepEqual(server.requests, ["/run", "/run/events"]);
});

test("a story that is read aloud goes on out of sight", async (t) => {
  /** @type {PromiseWithResolvers<import("node:http").ServerResponse>} */
  const open = Promise.withResolvers();
  const server = await serve({
    state: (answer) => answerJson(answer, 200, {}),
    events: (answer) => {
      beginStream(answer);
      tell(answer, "1", "content", { chunk: "The fox ran." });
      open.resolve(answer);
    },
  });
  t.after(server.close);
  t.after(() => turn("visible"));
  const { hears } = follow(server, "", () => true);
  await hears("content");
  turn("hidden");
  const complete = hears("complete");
  tell(await open.promise, "2", "complete", {});
  await complete;
  assert.deepEqual(server.requests, ["/run/events"]);
});

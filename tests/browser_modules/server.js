/* A server of runs and their events, over HTTP, and the parts of a browser that node lacks. */
import { once } from "node:events";
import { createServer } from "node:http";

/** @typedef {import("node:http").ServerResponse} Response */

Object.assign(globalThis, {
  document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
  addEventListener: () => {},
  removeEventListener: () => {},
});

/**
 * A server that answers requests for a run's state and for its events by the given functions, and
 * notes which requests came.
 *
 * @param {{ state: (answer: Response) => void, events: (answer: Response) => void }} on
 */
export async function serve(on) {
  /** @type {string[]} */
  const requests = [];
  const server = createServer((request, answer) => {
    const url = request.url ?? "";
    requests.push(url);
    if (url.startsWith("/run/events")) on.events(answer);
    else on.state(answer);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const stateUrl = `http://127.0.0.1:${port}/run`;
  return {
    stateUrl,
    eventsUrl: `${stateUrl}/events`,
    requests,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @param {Response} answer */
export function beginStream(answer) {
  answer.writeHead(200, { "Content-Type": "text/event-stream" });
}

/**
 * @param {Response} answer
 * @param {string} id
 * @param {string} type
 * @param {object} data
 */
export function tell(answer, id, type, data) {
  const frame = JSON.stringify({ type, data });
  answer.write(`id: ${id}\nevent: story_chunk\ndata: ${frame}\n\n`);
}

/**
 * @param {Response} answer
 * @param {number} status
 * @param {object} body
 */
export function answerJson(answer, status, body) {
  answer.writeHead(status, { "Content-Type": "application/json" });
  answer.end(JSON.stringify(body));
}

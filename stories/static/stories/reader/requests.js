/* Requests that may be sent twice and count once. */
import { Refused } from "./api.js";

/** A random key. randomUUID() needs HTTPS; this does not. */
const freshKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

/**
 * A sender that keeps the key of a request until the server has answered it: a request that got no
 * answer is sent again under its first key.
 *
 * @param {typeof import("./api.js").send} send
 * @returns {(url: string, body?: unknown) => Promise<any>}
 */
export function sendingOnce(send) {
  /** @type {Map<string, string>} */
  const keys = new Map();
  return async (url, body) => {
    const name = JSON.stringify([url, body]);
    const key = keys.get(name) ?? freshKey();
    keys.set(name, key);
    try {
      const answer = await send(url, body, { headers: { "Idempotency-Key": key } });
      keys.delete(name);
      return answer;
    } catch (error) {
      if (!(error instanceof Refused && error.status === 0)) keys.delete(name);
      throw error;
    }
  };
}

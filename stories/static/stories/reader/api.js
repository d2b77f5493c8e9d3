/* Requests to the server with the session's cookie, and their refusals. */
import { find } from "./dom.js";

/** A request that was refused or never arrived. */
export class Refused extends Error {
  /**
   * @param {number} status 0 where no answer came
   * @param {string} [code] the API's name for the reason
   */
  constructor(status, code = "") {
    super(`refused: ${status} ${code}`);
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may succeed later without anybody doing anything. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  get isLockedOut() {
    return this.status === 401 || this.status === 403;
  }
}

/**
 * @param {string} url
 * @returns {Promise<any>} the server's JSON
 */
export const read = (url) => ask(url, {});

/**
 * `read`, but null where there is no answer; what depends on it does without.
 *
 * @param {string} url
 * @returns {Promise<any>}
 */
export const readIfPossible = (url) => read(url).catch(ifRefused(() => null));

/**
 * @param {string} url
 * @param {unknown} [body]
 * @param {RequestInit & { headers?: Record<string, string> }} [options]
 * @returns {Promise<any>}
 */
export const send = (url, body = {}, { headers = {}, ...options } = {}) =>
  ask(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken(), ...headers },
    body: JSON.stringify(body),
    ...options,
  });

/**
 * @param {string} url
 * @returns {Promise<Blob>}
 */
export const readBlob = async (url) => (await answerOf(url, {})).blob();

/**
 * A handler of rejections that answers refusals, and throws anything else on.
 *
 * @template T
 * @param {(refused: Refused) => T} answer
 * @returns {(error: unknown) => T}
 */
export function ifRefused(answer) {
  return (error) => {
    if (error instanceof Refused) return answer(error);
    throw error;
  };
}

/**
 * @param {string} url
 * @param {RequestInit} options
 */
async function ask(url, options) {
  const answer = await answerOf(url, options);
  return answer.status === 204 ? null : answer.json();
}

/**
 * @param {string} url
 * @param {RequestInit} options
 */
async function answerOf(url, options) {
  const answer = await fetch(url, {
    credentials: "same-origin",
    cache: "no-store",
    ...options,
  }).catch(() => {
    throw new Refused(0);
  });
  if (!answer.ok) throw new Refused(answer.status, await codeOf(answer));
  return answer;
}

/**
 * Empty where something else than the API has answered.
 *
 * @param {Response} answer
 * @returns {Promise<string>}
 */
async function codeOf(answer) {
  try {
    return (await answer.json()).code ?? "";
  } catch {
    return "";
  }
}

const csrfToken = () => find(document, "[name=csrfmiddlewaretoken]", HTMLInputElement).value;

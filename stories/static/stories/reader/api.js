/* Talking to the server: requests with the session's cookie, and refusals in the reader's words. */

/**
 * A request that was refused or never arrived. `status` is 0 where no answer came; `code` is what
 * the API calls the reason.
 */
export class Refused extends Error {
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

export const read = (url, options = {}) => ask(url, options);

export const send = (url, body, { headers = {}, ...options } = {}) =>
  ask(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken(), ...headers },
    body: JSON.stringify(body ?? {}),
    ...options,
  });

/** A key that makes a repeated request the same request. randomUUID() needs HTTPS; this does not. */
export const freshKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0);
  }
  if (!answer.ok) throw new Refused(answer.status, await codeOf(answer));
  return answer.status === 204 ? null : answer.json();
}

/* Empty where something else than the API has answered. */
async function codeOf(answer) {
  try {
    return (await answer.json()).code ?? "";
  } catch {
    return "";
  }
}

function csrfToken() {
  return document.querySelector("[name=csrfmiddlewaretoken]").value;
}

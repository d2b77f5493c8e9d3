/* Reading time: seconds that the story was really in front of somebody, told to the server, and with
   them where it is read. */
import { send } from "./api.js";

const REPORT_EVERY_MS = 30000;
const AWAY_AFTER_MS = 300000;

/**
 * @param {string} url
 * @param {() => { chapter_id: string, paragraph: number } | null} place where the story is read now
 */
export function keepReadingTime(url, place) {
  let isVisible = document.visibilityState === "visible";
  let since = performance.now();
  let lastSign = since;
  let seconds = 0;
  let told = "";

  const count = () => {
    const now = performance.now();
    if (isVisible && now - lastSign < AWAY_AFTER_MS) seconds += (now - since) / 1000;
    since = now;
  };
  const sign = () => {
    count();
    lastSign = since;
  };
  const report = () => {
    count();
    const whole = Math.floor(seconds);
    const here = place();
    const isElsewhere = here !== null && JSON.stringify(here) !== told;
    if (whole < 1 && !isElsewhere) return;
    seconds -= whole;
    told = here ? JSON.stringify(here) : told;
    tell({ seconds: whole, ...here });
  };
  // keepalive lets the request outlive the page, as a beacon would, but with the token against
  // forgery. What is lost on the way is not worth a retry.
  const tell = (/** @type {object} */ reading) =>
    send(url, reading, { keepalive: true }).catch(() => {});

  for (const type of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(type, sign, { passive: true });
  }
  // The story was opened: a page's address that was only asked for says nothing of reading.
  if (isVisible) tell({ seconds: 0 });
  setInterval(report, REPORT_EVERY_MS);
  addEventListener("pagehide", report);
  document.addEventListener("visibilitychange", () => {
    if (isVisible) report();
    isVisible = document.visibilityState === "visible";
    sign();
  });
}

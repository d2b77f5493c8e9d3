/* Reading time: seconds that the story was really in front of somebody, told to the server. */
import { send } from "./api.js";

const REPORT_EVERY_MS = 30000;
const AWAY_AFTER_MS = 300000;

/** @param {string} url */
export function keepReadingTime(url) {
  let isVisible = document.visibilityState === "visible";
  let since = performance.now();
  let lastSign = since;
  let seconds = 0;

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
    if (whole < 1) return;
    seconds -= whole;
    // keepalive lets the request outlive the page. What is lost on the way is not worth a retry.
    send(url, { seconds: whole }, { keepalive: true }).catch(() => {});
  };

  for (const type of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(type, sign, { passive: true });
  }
  setInterval(report, REPORT_EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (isVisible) report();
    isVisible = document.visibilityState === "visible";
    sign();
  });
}

/* The browser's clock and timers. */

/** @type {import("./speaker.js").Clock} */
export const CLOCK = {
  now: () => performance.now(),
  after: (wait, run) => {
    const timer = setTimeout(run, wait);
    return () => clearTimeout(timer);
  },
};

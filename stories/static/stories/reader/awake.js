/* The screen, kept awake while a story is read aloud, where the browser can. */

/** @type {Promise<WakeLockSentinel | null> | null} */
let lock = null;
let isWanted = false;

/** @param {boolean} isReading */
export function keepAwake(isReading) {
  isWanted = isReading;
  if (isReading) hold();
  else letGo();
}

function hold() {
  if (lock || !navigator.wakeLock || document.visibilityState !== "visible") return;
  // Refused where the battery is low: the screen may go dark then.
  lock = navigator.wakeLock.request("screen").catch(() => null);
}

async function letGo() {
  const held = lock;
  lock = null;
  await (await held)?.release();
}

/* The system takes it from a page that is not seen. */
document.addEventListener("visibilitychange", () => {
  lock = null;
  if (isWanted) hold();
});

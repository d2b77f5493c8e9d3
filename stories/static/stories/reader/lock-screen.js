/* The lock screen, a headset and the keys of a keyboard: what is read, and buttons for it. */

/**
 * @typedef {object} Actions
 * @property {() => void} play
 * @property {() => void} pause
 * @property {() => void} back ten seconds
 */

/** @param {Actions} actions */
export function answerLockScreen({ play, pause, back }) {
  const session = navigator.mediaSession;
  if (!session) return;
  session.setActionHandler("play", play);
  session.setActionHandler("pause", pause);
  session.setActionHandler("seekbackward", back);
}

/**
 * @param {{ title: string, chapter: string, picture: string }} read
 * @param {boolean} isReading
 */
export function showOnLockScreen({ title, chapter, picture }, isReading) {
  const session = navigator.mediaSession;
  if (!session) return;
  const artwork = picture ? [{ src: picture, sizes: "320x240", type: "image/svg+xml" }] : [];
  session.metadata = new MediaMetadata({ title: chapter || title, album: title, artwork });
  session.playbackState = isReading ? "playing" : "paused";
}

/* Data of a run: its state from the API, the events of its stream, and what the page keeps of it. */

/**
 * State of a run, as far as the page uses it.
 *
 * @typedef {object} Generation
 * @property {string} status
 * @property {boolean} is_active
 * @property {boolean} awaits_preview
 * @property {string} text
 * @property {string} cursor of the last event of `text`
 * @property {string | null} chapter_id null until the chapter is finished
 * @property {string} chapter_title "" until it is known
 *
 * @typedef {{ session_id: string, choice_id?: string, custom_text?: string,
 *   at_chapter?: string | undefined }} Wish request for a chapter, kept to ask again; `at_chapter` is where the
 *   page believes the story to be
 *
 * @typedef {object} Complete data of a `complete` event
 * @property {string} title the story's
 * @property {string} story_content "" where a grown-up looks at the chapter first
 * @property {boolean} isCompleted whether the story is
 * @property {string} choice_question
 * @property {import("./page.js").ReaderChoice[]} choices
 *
 * @typedef {{ type: "node_event", data: { node: string, status: string } }
 *   | { type: "queue", data: { position: number } }
 *   | { type: "progress", data: { percent: number } }
 *   | { type: "content", data: { chunk: string } }
 *   | { type: "content_reset", data: { reason: string } }
 *   | { type: "complete", data: Complete }
 *   | { type: "error", data: { code: string, retryable: boolean } }} StoryEvent the events that the
 *   page shows; it passes over any other
 *
 * @typedef {object} Run
 * @property {string} id
 * @property {import("./chapter.js").Chapter} chapter
 * @property {Wish} wish
 * @property {import("./follower.js").Follower | null} follower
 * @property {string} words what the status bar says of it
 * @property {boolean} isStopping
 * @property {boolean} isResync whether the text that comes next replaces the one on the page
 * @property {string} lastReset reason of the last `content_reset`
 * @property {boolean} isWaiting for a grown-up, once it is written
 * @property {string} waitingId id of the chapter that waits, as soon as it is known
 */

/**
 * @param {string} id
 * @param {import("./chapter.js").Chapter} chapter
 * @param {Wish} wish
 * @returns {Run}
 */
export const newRun = (id, chapter, wish) => ({
  id,
  chapter,
  wish,
  follower: null,
  words: "",
  isStopping: false,
  isResync: false,
  lastReset: "",
  isWaiting: false,
  waitingId: "",
});

/**
 * The part of a run's state that is shown at once, before its stream is followed from `cursor`.
 *
 * While a run waits for its turn, and in a closed book, only the stream from its start tells how far
 * it is. Text that a run carries on is on the page already, and stays.
 *
 * @param {Generation | null} state null where it cannot be had
 */
export function standing(state) {
  if (!state) return { isClosed: false, isCarriedOn: false, text: "", cursor: "" };
  const isClosed = state.awaits_preview;
  const isQueued = state.status === "queued";
  const isUnderWay = state.is_active && !isQueued && !isClosed;
  return {
    isClosed,
    isCarriedOn: isQueued && !isClosed && state.text !== "",
    text: isUnderWay ? state.text : "",
    cursor: isUnderWay ? state.cursor : "",
  };
}

/**
 * Whether the chapter that waited for a grown-up does so no more: opened, or not wanted.
 *
 * @param {Run | null} run
 * @param {string[]} waiting ids of the chapters that wait
 */
export const isDecided = (run, waiting) =>
  Boolean(run?.waitingId) && !waiting.includes(run?.waitingId ?? "");

/* The reader page's contract: data and words that `templates/stories/read.html` hands to its script.

   `ReaderPage` in the view is the same on the server's side; a test compares the two. Ids are
   strings. In the URLs of a run or a chapter, "{id}" stands for its id: see `texts.fill`.

   The template itself renders the finished chapters (number, title, paragraphs, the choice that led
   there), so they are readable without a script. A chapter that a grown-up looks at first is not
   among them: its stream and its run come without the text, and the page shows a closed book until
   its state says that the chapter was opened. */
import { byId } from "./dom.js";

/**
 * A way on that a finished chapter offers.
 *
 * @typedef {object} ReaderChoice
 * @property {string} id
 * @property {string} text
 * @property {string} description
 */

/**
 * A finished chapter, without its text.
 *
 * @typedef {object} ReaderChapter
 * @property {string} id
 * @property {string | null} runId the run that wrote it
 * @property {number} number
 * @property {boolean} isEnding
 * @property {string} question
 * @property {ReaderChoice[]} choices
 */

/**
 * The choice that the run follows on; `text` is "" where the story simply goes on.
 *
 * @typedef {object} ChoiceTaken
 * @property {string} id
 * @property {string} text
 */

/**
 * @typedef {object} ReaderPage
 * @property {string} sessionId
 * @property {string} childId
 * @property {string} theme as asked for
 * @property {string} language the story's BCP 47 tag, independent of the interface's
 * @property {string} dir "ltr" or "rtl", of the story's language
 * @property {number} totalChapters planned length of the story
 * @property {ReaderChapter[]} chapters the path that was taken, oldest first
 * @property {number | null} openChapter number of the chapter that opens, unless the address names
 *   another; null for the one that comes after the last
 * @property {number} openParagraph index of the paragraph that it opens at
 * @property {string | null} generationId newest run after the last chapter that has not completed,
 *   was not discarded, was withdrawn or awaits a grown-up's look: a refresh takes it up
 * @property {ChoiceTaken | null} choice null for a first chapter, or without a run
 * @property {string} generationsUrl asks for a chapter
 * @property {string} generationUrl a run's state
 * @property {string} eventsUrl a run's events
 * @property {string} stopUrl
 * @property {string} continueUrl
 * @property {string} discardUrl
 * @property {string} reportUrl form for a parent who reports a sentence of a chapter
 * @property {string} previewUrl page for a parent who looks at a chapter first
 * @property {string} readingUrl adds reading time, and notes where the story is read
 * @property {string} pageStateUrl state of an open page
 * @property {string} movedOnUrl this page anew, where the story is by now, with a word about that
 * @property {string | null} narrationUrl has a passage read aloud; null where this server has no
 *   voice for the story's language
 * @property {string} storyUrl
 * @property {string} libraryUrl the child's bookshelf
 * @property {string} newStoryUrl a new story for this child
 * @property {boolean} isDyslexiaFriendly type to begin with, from the child's profile
 */

/** @returns {ReaderPage} */
export const loadPage = () => JSON.parse(byId("reader-data", HTMLScriptElement).text);

/** The page's words by name, translated. */
export function loadTexts() {
  const paragraphs = byId("reader-texts", HTMLTemplateElement).content.querySelectorAll("p");
  const words = Array.from(paragraphs, (p) => [p.dataset.text, p.textContent]);
  return /** @type {import("./texts.js").Texts} */ (Object.fromEntries(words));
}

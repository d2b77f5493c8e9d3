/* The reader's page: its parts, put together, and what is seen of a chapter that is turned to or
   finished. Data and words that the page is handed: reader/page.js. */
import { Book } from "./reader/book.js";
import { openAt, paragraphRead } from "./reader/bookmark.js";
import { keepReadingTime } from "./reader/clock.js";
import { byId, find } from "./reader/dom.js";
import { Heard } from "./reader/heard.js";
import { showOnLockScreen } from "./reader/lock-screen.js";
import { loadPage, loadTexts } from "./reader/page.js";
import { watchPageState } from "./reader/page-state.js";
import { passagesOf } from "./reader/passages.js";
import { isDecided } from "./reader/run.js";
import { StatusBar } from "./reader/statusbar.js";
import { Tail } from "./reader/tail.js";
import { fill } from "./reader/texts.js";
import { Voice } from "./reader/voice.js";
import { WayOn } from "./reader/way-on.js";
import { Writing } from "./reader/writing.js";

const MAX_ANNOUNCED = 12;

const page = loadPage();
const texts = loadTexts();
const book = new Book(page, texts, seeChapter);
const tail = new Tail(page, texts, (choosing, taken) => wayOn.choose(choosing, taken));
const voice = new Voice(page, texts, {
  passages: passagesToRead,
  mayGrow: () => Boolean(book.current?.isGrowing),
  waits: () => tail.hasChoices && book.current === book.last,
  turnPage,
  changed: tellLockScreen,
});
const statusBar = new StatusBar({
  stop: () => writing.stop(),
  retry: () => writing.run?.follower?.hurry(),
  show: showTail,
});
const writing = new Writing(
  { page, texts, book, statusBar, voice, heard: new Heard(page.language, announce) },
  {
    begun: () => tail.clear(),
    complete: showFinished,
    failed: (run, end) => {
      wayOn.afterFailure(run, end);
      voice.more();
    },
    refused: (refused) => {
      wayOn.lose(refused);
      voice.more();
    },
  },
);
const wayOn = new WayOn({ page, texts, book, tail, statusBar, writing });

/**
 * @param {import("./reader/chapter.js").Chapter} chapter
 * @param {boolean} isOther
 */
function seeChapter(chapter, isOther) {
  const isLast = chapter === book.last;
  const turn = byId("turn", HTMLElement);
  if (isOther) voice.rewind();
  tail.isHidden = !isLast;
  turn.hidden = isLast;
  find(turn, "a", HTMLAnchorElement).hash = `chapter-${chapter.number + 1}`;
  if (isOther && tail.hasChoices) {
    if (isLast) pointToTail("");
    else statusBar.clear();
  }
  offerReport();
}

/* Only a finished chapter, which has an id, can be complained of. */
function offerReport() {
  const report = byId("report", HTMLAnchorElement);
  const id = book.current?.finished?.id;
  report.hidden = !id;
  if (id) report.href = fill(page.reportUrl, { id });
}

function passagesToRead() {
  const { current } = book;
  if (!current) return [];
  const afterwards = current === book.last ? tail.passages : [];
  return [...passagesOf([current.nameElement, ...current.sentences]), ...afterwards];
}

/** On to the next chapter, if there is one. */
function turnPage() {
  const next = book.after(book.current);
  if (next) book.turnTo(next);
  return Boolean(next);
}

/** @param {boolean} isReading */
function tellLockScreen(isReading) {
  const title = byId("story-title", HTMLElement).textContent ?? "";
  const picture = find(document, ".frontispiece", HTMLImageElement).src;
  const chapter = book.current?.title.textContent?.replace(/\s+/g, " ").trim() ?? "";
  showOnLockScreen({ title, chapter, picture }, isReading);
}

/** @param {string} sentence for who hears the page; the latest ones are kept until they are read */
function announce(sentence) {
  const log = byId("heard", HTMLElement);
  const line = document.createElement("p");
  line.textContent = sentence;
  log.append(line);
  if (log.childElementCount > MAX_ANNOUNCED) log.firstElementChild?.remove();
}

function showTail() {
  if (book.last && book.current !== book.last) book.turnTo(book.last);
  tail.show();
}

/**
 * @param {import("./reader/run.js").Run} run
 * @param {import("./reader/run.js").Complete} data
 */
function showFinished({ id, chapter }, data) {
  const { isCompleted: isEnding, choice_question: question, choices } = data;
  const { number } = chapter;
  chapter.finished = { id: "", runId: id, number, isEnding, question, choices };
  nameChapter(chapter, id);
  byId("story-title", HTMLElement).textContent = data.title;
  book.drawDots();
  tail.showOutcome(chapter.finished);
  pointToTail(texts.ready);
  voice.more();
}

/**
 * The way from the last chapter to what follows it.
 *
 * @param {string} news for who cannot see it, "" for none
 */
function pointToTail(news) {
  const label = tail.hasChoices ? texts.whatNext : texts.theEnd;
  if (tail.section) statusBar.pointTo(tail.section, news, label);
}

/**
 * `complete` carries the story's title; the chapter's own, and its id, stand with its run.
 *
 * @param {import("./reader/chapter.js").Chapter} chapter
 * @param {string} runId
 */
async function nameChapter(chapter, runId) {
  const state = await writing.stateOf(runId);
  if (state?.chapter_title) chapter.name = state.chapter_title;
  if (chapter.finished && state?.chapter_id) chapter.finished.id = state.chapter_id;
  offerReport();
}

/**
 * Staff may take back what is on this page, or turn off what it offers; a grown-up may open it; and
 * somebody may have gone on with the story in another window.
 *
 * @param {import("./reader/page-state.js").PageState} state
 * @param {string | null} asked where this page was then
 */
function applyPageState(state, asked) {
  const isWithdrawn = state.withdrawn.some((id) => book.shownIds.includes(id));
  const isSettled = asked === writing.at && !wayOn.isAsking;
  if (isWithdrawn || isDecided(writing.run, state.awaiting_preview)) location.reload();
  else if (isSettled && state.generation_id !== writing.at) wayOn.moveOn();
  else writing.findWaiting();
  voice.isAllowed = state.has_read_aloud;
  tail.hasOwnIdeas = state.has_own_ideas;
}

/**
 * Takes up, after a refresh, what is being written or what came of it.
 *
 * @param {string} id
 */
async function resume(id) {
  const state = await writing.stateOf(id);
  const wish = {
    session_id: page.sessionId,
    at_chapter: book.last?.finished?.id,
    choice_id: page.choice?.id ?? "",
  };
  const chapter = book.add(page.choice?.text);
  book.begin();
  writing.takeUp(id, chapter, wish, state);
}

/**
 * While it is read aloud, the number of a choice chooses it.
 *
 * @param {KeyboardEvent} event
 */
function chooseByNumber({ key, target, altKey, ctrlKey, metaKey }) {
  const isTyping = target instanceof Element && target.matches("input, select, textarea");
  if (!voice.isReading || isTyping || altKey || ctrlKey || metaKey) return;
  if (/^[1-9]$/.test(key) && book.current === book.last) tail.press(Number(key));
}

/** The place in a chapter that is finished, for the next time and for other devices. */
function placeRead() {
  const { current } = book;
  const id = current?.finished?.id;
  if (!current || !id) return null;
  return { chapter_id: id, paragraph: paragraphRead(current.section) };
}

/** The word that the story has moved on is said once. */
function forgetMove() {
  if (location.search) history.replaceState(null, "", location.pathname + location.hash);
}

function begin() {
  writing.at = page.generationId ?? book.last?.runId ?? null;
  forgetMove();
  keepReadingTime(page.readingUrl, placeRead);
  addEventListener("keydown", chooseByNumber);
  watchPageState(page.pageStateUrl, () => writing.at, applyPageState);
  if (page.generationId) {
    resume(page.generationId);
    return;
  }
  book.begin();
  book.drawDots();
  if (book.last?.finished) {
    tail.showOutcome(book.last.finished);
    if (book.current === book.last && tail.hasChoices) pointToTail("");
  } else wayOn.offerReload();
  if (book.current) openAt(book.current.section, page.openParagraph);
}

begin();

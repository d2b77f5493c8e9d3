/*
 * The reader's page: what `templates/stories/read.html` and the view `stories:read` owe it.
 *
 * Template context
 *   story, child, session   the models
 *   chapters                the chapters on the path that was really taken, oldest first, with
 *                           `choice` selected (the choice that led to the chapter; None for the
 *                           first). The template renders number, title, paragraphs and choice.text,
 *                           so finished chapters are readable without this script.
 *   page                    the JSON below; the template puts it out as
 *                           {{ page|json_script:"reader-data" }}
 *
 * page (all ids are strings, all URLs are paths)
 *   sessionId, storyId, childId
 *   theme            as asked for
 *   language         the story's BCP 47 tag, independent of the interface's
 *   dir              "ltr" or "rtl", of the story's language
 *   totalChapters    how many chapters the story is going to have
 *   chapters         [{id, number, isEnding, question, choices: [{id, text, description}]}], the
 *                    same chapters as above without their text; `choices` are the offered ones
 *   currentChapterId id of the last of them, null before the first chapter is finished
 *   generationId     the run that follows on the current chapter: the newest one of this story whose
 *                    choice belongs to the current chapter (or, before the first chapter, that has
 *                    no choice) and that has not completed, whether it is still active, stopped or
 *                    failed, but not discarded, or whose chapter waits for a grown-up's look; else
 *                    null. This is what makes a refresh land right.
 *   choice           {id, text} of the choice that this run follows on (text "" where the story
 *                    simply goes on), null for the first chapter or without a run
 *   generationsUrl   "/api/v1/generations": `/{id}` and its `/events`, `/stop`, `/continue` and `/discard`
 *                    hang below it
 *   chaptersUrl      "/chapters": `/{id}/report/` below it is where a parent reports a sentence,
 *                    `/{id}/preview/` where one looks at a chapter before the child does
 *   readingUrl       "/api/v1/sessions/{session}/reading"
 *   pageStateUrl     "/api/v1/sessions/{session}/page-state": what holds for an open page
 *   storyUrl, homeUrl, newStoryUrl   pages to leave to (newStoryUrl: a new story for this child)
 *   isDyslexiaFriendly               the child's profile; the type to begin with
 *
 * Of a chapter that a grown-up looks at first the server tells this page no word: the stream and the
 * state come without the text. The page shows a closed book until the page's state says that it was opened.
 *
 * Words are not in the JSON: read.html holds them, translated, in <template id="reader-texts">.
 */
import { freshKey, Refused, read, send } from "./reader/api.js";
import { keepReadingTime } from "./reader/clock.js";
import { Follower } from "./reader/follower.js";
import { watchPageState } from "./reader/page-state.js";
import { Book, fill } from "./reader/pages.js";
import { StatusBar } from "./reader/statusbar.js";
import { Voice } from "./reader/voice.js";

const $ = (id) => document.getElementById(id);

const page = JSON.parse($("reader-data").textContent);
const texts = Object.fromEntries(
  Array.from($("reader-texts").content.children, (p) => [p.dataset.text, p.textContent]),
);

const LETTERS_LEFT_SHOWN = 60;
const STAGES = {
  generate_content: "writing",
  safety_check: "checking",
  enhance_content: "polishing",
  calculate_metrics: "nearly",
};
const STOPPED = new Set(["CANCELLED", "INTERRUPTED"]);
const MODEL_WAS_AWAY = new Set(["MODEL_UNAVAILABLE", "MODEL_TIMEOUT"]);

const finished = new Map(page.chapters.map((chapter) => [chapter.number, chapter]));
const statusBar = new StatusBar({ stop, retry: () => run.follower.hurry(), show: showTail });
const book = new Book(page, texts, seeChapter);
const voice = new Voice(page.language, sentencesToRead, () => open.isGrowing);
/* What is being written: { id, chapter, wish, follower, words, isStopping, isResync }; once it is
   written and waits for a grown-up, `isWaiting`, and `waitingId` is its chapter's id. */
let run = null;
let open = null;

// Pages ------------------------------------------------------------------------------------------

function seeChapter(chapter) {
  const isLast = chapter === book.last;
  if (open !== chapter) voice.rewind();
  open = chapter;
  $("tail").hidden = !isLast;
  $("turn").hidden = isLast;
  $("turn").querySelector("a").hash = `chapter-${chapter.number + 1}`;
  offerReport();
}

/* Only a finished chapter, which has an id, can be complained of. */
function offerReport() {
  const id = finished.get(open?.number)?.id;
  $("report").hidden = !id;
  if (id) $("report").href = `${page.chaptersUrl}/${id}/report/?from=reader`;
}

function sentencesToRead() {
  const afterwards = open === book.last && !$("next").hidden;
  const words = afterwards ? $("next").querySelectorAll(".next__question, .choice__text") : [];
  return [...(open?.sentences ?? []), ...words];
}

function showTail() {
  if (open !== book.last) book.turnTo(book.last);
  const section = ["next", "ending", "trouble"].map($).find(({ hidden }) => !hidden);
  section?.querySelector("[tabindex]").focus({ preventScroll: true });
  section?.scrollIntoView({ behavior: "smooth", block: "start" });
}

/* Where the focus would be lost, it goes to what comes next; it is not taken from a reader. */
function focusIfLost(element) {
  const { activeElement } = document;
  const isLost = activeElement === document.body || activeElement.closest("[hidden]");
  if (isLost) element.focus({ preventScroll: true });
}

function leaveTail() {
  for (const id of ["next", "ending", "trouble"]) $(id).hidden = true;
}

// Writing ----------------------------------------------------------------------------------------

function follow(id, chapter, wish, { cursor = "", isClosed = false } = {}) {
  run?.follower?.close();
  run = { id, chapter, wish, words: "", isStopping: false, isResync: false };
  leaveTail();
  chapter.isGrowing = true;
  if (isClosed) chapter.close(texts.closed);
  else chapter.open();
  book.drawDots(chapter);
  statusBar.percent = 0;
  say(thinking());
  run.follower = new Follower(urlOf(id), cursor, {
    event: (type, data) => EVENTS[type]?.(data),
    lost: () => statusBar.say(texts.reconnecting, "retry"),
    found: () => say(run.words),
    refused: lose,
  });
}

const thinking = () => (run.chapter.number === 1 ? texts.thinkingFirst : texts.thinking);

const urlOf = (id) => `${page.generationsUrl}/${id}`;

function say(words) {
  run.words = words;
  statusBar.say(words, run.isStopping ? null : "stop");
}

const EVENTS = {
  node_event({ node, status }) {
    const stage = STAGES[node];
    if (status !== "started" || !stage || run.isStopping) return;
    const isThinking = node === "generate_content" && run.chapter.isEmpty;
    say(isThinking ? thinking() : texts[stage]);
  },
  queue({ position }) {
    const before = position - 1;
    const words = [texts.queueNext, texts.queueOne][before] ?? texts.queueMany;
    say(fill(words, { count: before }));
  },
  progress({ percent }) {
    statusBar.percent = percent;
  },
  content({ chunk }) {
    if (run.chapter.isEmpty && !run.isStopping) say(texts.writing);
    if (run.isResync) run.chapter.become(chunk);
    else run.chapter.append(chunk);
    run.isResync = false;
    voice.more();
  },
  content_reset({ reason }) {
    run.isWithdrawn = reason === "withdrawn";
    run.isRejected = reason === "rejected";
    // The text that stands follows at once: nothing is to be seen of that but what is gone.
    run.isResync = reason === "resync";
    if (run.isResync) return;
    run.chapter.withdraw();
    voice.rewind();
  },
  complete: finish,
  error: ({ code, retryable }) => fail(texts[code] ?? texts.WORKFLOW_ERROR, code, retryable),
};

async function stop() {
  run.isStopping = true;
  say(texts.stopping);
  try {
    await send(`${urlOf(run.id)}/stop`);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    run.isStopping = false;
    say(refused.isPassing ? texts.offline : texts.loggedOut);
  }
}

/** Takes up, after a refresh, what is being written or what came of it. */
async function resume(id) {
  const state = await ask(urlOf(id));
  const wish = { session_id: page.sessionId, choice_id: page.choice?.id ?? "" };
  const chapter = book.add((book.last?.number ?? 0) + 1, page.choice?.text);
  book.begin();
  takeUp(id, chapter, wish, state);
}

/** Shows what a run has written so far, where that is not on the page already, and follows it. */
function takeUp(id, chapter, wish, state) {
  // While it waits for its turn, and in a closed book, only the stream tells from its start how far
  // it is. What a chapter that is carried on begins with stays where it is on the page.
  const isWaiting = state?.status === "queued";
  const isCarriedOn = isWaiting && state.text !== "" && !state.awaits_preview;
  const isUnderWay = state?.is_active && !isWaiting && !state.awaits_preview;
  const { text, cursor } = isUnderWay ? state : { text: "", cursor: "" };
  if (!isCarriedOn && chapter.shownText !== text) {
    if (text) chapter.clear();
    else chapter.withdraw();
    chapter.append(text, { isCalm: false });
    voice.rewind();
  }
  follow(id, chapter, wish, { cursor, isClosed: state?.awaits_preview });
  run.isResync = isCarriedOn;
  if (!chapter.isEmpty) say(texts.writing);
}

/** Null where it cannot be had; what depends on it does without. */
async function ask(url) {
  try {
    return await read(url);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    return null;
  }
}

// The end of a chapter ---------------------------------------------------------------------------

function finish(data) {
  const { chapter, id } = run;
  settle();
  if (!data.story_content) {
    waitForGrownUp();
    return;
  }
  nameChapter(chapter, id);
  if (chapter.shownText !== data.story_content) {
    chapter.clear();
    chapter.append(data.story_content, { isCalm: false });
  }
  $("story-title").textContent = data.title;
  finished.set(chapter.number, {
    number: chapter.number,
    isEnding: data.isCompleted,
    question: data.choice_question,
    choices: data.choices,
  });
  book.drawDots();
  showOutcome(finished.get(chapter.number));
  const [section, title] = data.isCompleted ? ["ending", "the-end"] : ["next", "question"];
  statusBar.pointTo($(section), texts.ready, data.isCompleted ? texts.theEnd : texts.whatNext);
  focusIfLost($(title));
  voice.more();
}

async function waitForGrownUp() {
  const waiting = run;
  waiting.isWaiting = true;
  waiting.chapter.close(texts.waits);
  book.drawDots(waiting.chapter);
  focusIfLost(waiting.chapter.title);
  const state = await ask(urlOf(waiting.id));
  if (!state) return;
  if (!state.chapter_id) location.reload();
  waiting.waitingId = state.chapter_id;
  waiting.chapter.close(texts.waits, `${page.chaptersUrl}/${state.chapter_id}/preview/`);
}

/* `complete` carries the story's title; the chapter's own, and its id, stand with its run. */
async function nameChapter(chapter, id) {
  const state = await ask(urlOf(id));
  chapter.name = state?.chapter_title ?? "";
  const kept = finished.get(chapter.number);
  if (state && kept) kept.id = state.chapter_id;
  offerReport();
}

function settle() {
  run.chapter.isGrowing = false;
  run.chapter.open();
  run.follower.close();
  statusBar.clear();
}

function showOutcome({ isEnding, question, choices }) {
  leaveTail();
  if (isEnding) {
    $("ending").hidden = false;
    return;
  }
  const ways = choices.length ? choices : [{ id: "continue", text: texts.goOn }];
  $("question").textContent = question || texts.whatNext;
  if (question) Object.assign($("question"), { lang: page.language, dir: page.dir });
  $("choices").replaceChildren(...ways.map(choiceItem));
  $("choice-problem").hidden = true;
  $("idea").reset();
  $("next").hidden = false;
  setChoosing(true);
}

function choiceItem({ id, text, description }) {
  const item = $("choice-template").content.firstElementChild.cloneNode(true);
  const button = item.querySelector("button");
  if (id !== "continue") Object.assign(item, { lang: page.language, dir: page.dir });
  item.querySelector(".choice__text").textContent = text;
  item.querySelector(".choice__hint").textContent = description ?? "";
  button.addEventListener("click", () => {
    button.classList.add("is-taken");
    choose({ session_id: page.sessionId, choice_id: id }, id === "continue" ? "" : text);
  });
  return item;
}

// Choosing ---------------------------------------------------------------------------------------

/* A wish that was sent and not answered is sent again under its first key: it stays one wish. */
const keys = new Map();

function request(wish) {
  return sendOnce(page.generationsUrl, { child_id: page.childId, theme: page.theme, ...wish });
}

async function sendOnce(url, body) {
  const name = JSON.stringify([url, body]);
  if (!keys.has(name)) keys.set(name, freshKey());
  const headers = { "Idempotency-Key": keys.get(name) };
  try {
    const answer = await send(url, body, { headers });
    keys.delete(name);
    return answer;
  } catch (refused) {
    if (refused.status !== 0) keys.delete(name);
    throw refused;
  }
}

async function choose(wish, taken) {
  setChoosing(false);
  $("choice-problem").hidden = true;
  try {
    const { id, awaits_preview: isClosed } = await request(wish);
    const chapter = book.add(book.last.number + 1, taken);
    follow(id, chapter, wish, { isClosed });
    book.turnTo(chapter);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    setChoosing(true);
    explain(refused);
  }
}

function setChoosing(isPossible) {
  for (const control of $("next").querySelectorAll("button, textarea")) {
    control.disabled = !isPossible;
    if (isPossible) control.classList.remove("is-taken");
  }
}

function explain(refused) {
  // Somebody went on in another window: the server knows where the story is.
  if (refused.status === 409) location.reload();
  else if (refused.isPassing || refused.status === 422) {
    $("choice-problem").textContent = wordsFor(refused);
    $("choice-problem").hidden = false;
  } else lose(refused);
}

function wordsFor({ status, code, isLockedOut }) {
  if (isLockedOut) return texts.loggedOut;
  const words = { 0: "offline", 404: "missing", 422: "unsuitable", 429: "TOO_MANY" };
  return texts[code] ?? texts[words[status] ?? "MODEL_UNAVAILABLE"];
}

$("idea").addEventListener("submit", (event) => {
  event.preventDefault();
  const idea = $("idea-text").value.trim();
  if (idea) choose({ session_id: page.sessionId, custom_text: idea }, idea);
});

$("idea-text").addEventListener("input", ({ target }) => {
  const left = target.maxLength - target.value.length;
  $("idea-left").hidden = left > LETTERS_LEFT_SHOWN;
  $("idea-left").textContent = fill(texts.ideaLeft, { count: left });
});

$("idea-text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("idea").requestSubmit();
});

// When it goes wrong -----------------------------------------------------------------------------

function fail(words, code, isRetryable) {
  settle();
  if (run.isWithdrawn) offer(...wayAfterWithdrawal());
  // However it ended, nothing of it is left to keep or to carry on.
  else if (run.isRejected) offer(texts.SAFETY_REJECTED, ...waysAfter("SAFETY_REJECTED"));
  else offer(words, ...waysAfter(code, isRetryable));
}

/** What staff took back is not talked about: the story goes on another way, or anew. */
function wayAfterWithdrawal() {
  if (run.chapter.number === 1) return [texts.withdrawnFirst, [texts.beginAnew, tryAgain]];
  return [texts.withdrawn, [texts.chooseAgain, chooseAgain]];
}

/** What may be done about a chapter that was not finished, as pairs of a label and an action. */
function waysAfter(code, isRetryable) {
  const another = run.chapter.number === 1 ? texts.newStory : texts.chooseAgain;
  if (code === "SAFETY_REJECTED") return [[another, discard]];
  if (!isRetryable) return [[texts.newStory, toNewStory]];
  if (STOPPED.has(code))
    return [
      [texts.carryOn, carryOn],
      [texts.discard, discard],
    ];
  return [[texts.tryAgain, MODEL_WAS_AWAY.has(code) ? carryOn : tryAgain]];
}

function lose(refused) {
  if (run) settle();
  if (refused.isLockedOut) offer(texts.loggedOut, [texts.logIn, () => location.reload()]);
  else offer(wordsFor(refused), [texts.toShelf, () => location.assign(page.homeUrl)]);
}

/** The kind sentence, and one button or two. What was not withdrawn stays where it is. */
function offer(words, ...ways) {
  leaveTail();
  $("trouble-words").textContent = words;
  troubleButtons().forEach((button, index) => {
    const [label, action] = ways[index] ?? [];
    button.hidden = !action;
    button.textContent = label ?? "";
    button.onclick = action;
    button.disabled = false;
  });
  $("trouble").hidden = false;
  book.drawDots();
  statusBar.pointTo($("trouble"), words, texts.look);
  focusIfLost($("trouble-words"));
}

const troubleButtons = () => $("trouble").querySelectorAll("button");

async function attempt(action) {
  for (const button of troubleButtons()) button.disabled = true;
  try {
    await action();
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    if (refused.isPassing) offer(wordsFor(refused), [texts.tryAgain, () => attempt(action)]);
    else explain(refused);
  }
}

function tryAgain() {
  const { chapter, wish } = run;
  return attempt(async () => {
    const { id, awaits_preview: isClosed } = await request(wish);
    chapter.withdraw();
    follow(id, chapter, wish, { isClosed });
  });
}

function carryOn() {
  const { chapter, wish } = run;
  return attempt(async () => {
    const { id } = await sendOnce(`${urlOf(run.id)}/continue`);
    takeUp(id, chapter, wish, await ask(urlOf(id)));
  });
}

function discard() {
  const isFirst = run.chapter.number === 1;
  return attempt(async () => {
    await send(`${urlOf(run.id)}/discard`);
    if (isFirst) toNewStory();
    else chooseAgain();
  });
}

function chooseAgain() {
  book.remove(run.chapter);
  run = null;
  showOutcome(finished.get(book.last.number));
  statusBar.clear();
  book.drawDots();
  book.turnTo(book.last);
  showTail();
}

function toNewStory() {
  location.assign(page.newStoryUrl);
}

/** Staff may take back what is on this page, or turn off what it offers; a grown-up may open it. */
function applyPageState(state) {
  const shown = Array.from(finished.values(), ({ id }) => id);
  if (state.withdrawn.some((id) => shown.includes(id)) || isDecided(state)) location.reload();
  else if (run?.isWaiting && !run.waitingId) waitForGrownUp();
  voice.isAllowed = state.has_read_aloud;
  $("idea").hidden = !state.has_own_ideas;
}

/** Whether the chapter that waited does so no more: it was opened, or is not wanted. */
function isDecided({ awaiting_preview: waiting }) {
  return Boolean(run?.waitingId) && !waiting.includes(run.waitingId);
}

// Beginning --------------------------------------------------------------------------------------

function begin() {
  keepReadingTime(page.readingUrl);
  watchPageState(page.pageStateUrl, applyPageState);
  if (page.generationId) {
    resume(page.generationId);
    return;
  }
  book.begin();
  book.drawDots();
  if (book.last) showOutcome(finished.get(book.last.number));
  else offer(texts.WORKFLOW_ERROR, [texts.tryAgain, () => location.reload()]);
}

begin();

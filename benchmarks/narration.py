"""Reading aloud: how fast audio is made, when a sentence is heard, how well its words are marked,
and what chapters that are being written have to pay for it."""

import itertools
import resource
import sys
import tempfile
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
from playwright.sync_api import Page, expect

from stories.narration import store
from stories.narration.pool import Pool
from testkit.app import Family
from testkit.ollama.server import OllamaServer
from tests import browsers
from tests.e2e.heard import heard_on, late_marks, listen
from tests.e2e.pages import log_in

from .app import Server, client_of, read_events, served
from .report import load_average, percentile, table, verdict

TITLE = "Reading aloud"
SENTENCES = 200
TIMES_FASTER = 5.0
TOKENS_PER_SECOND = 20.0
FIRST_MS = 300.0
MARK_MS = 50.0
NARRATED = 16
RATIO = 1.05
ROUNDS = 3
SILENT, READ = "read by nobody", "read aloud"
SPEED = 0.9
_WAIT_SECONDS = 240
_SETTINGS = {"STORYTELLER_MAX_CONCURRENT": str(NARRATED)}
_TEXTS = (
    "On day {n} Mia and Noah walked to the old lighthouse, and the wind sang a soft song.",
    "The little fox had counted {n} stars before it fell asleep under the oak.",
    "“Wait for me!” called Ben, and ran down {n} steps to the harbour.",
    "It was past 7:30, and Grandma lit {n} candles in the kitchen.",
)


def run() -> str:
    sys.stderr.write("  audio\n")
    made = _make()
    with (
        OllamaServer(tokens_per_second=TOKENS_PER_SECOND) as host,
        tempfile.TemporaryDirectory() as data,
        served(Server(Path(data), host.url, host.model, extra=_SETTINGS)) as app,
    ):
        family = Family(app)
        sys.stderr.write("  in the browser\n")
        heard = _listen(family)
        sys.stderr.write("  beside chapters\n")
        beside = _beside(app, family)
    return _report(made, heard, beside)


@dataclass(frozen=True)
class Made:
    """Seconds of audio, and those that making it took: by the clock, and of the processor."""

    audio: float
    wall: float
    cpu: float


def _make() -> Made:
    """So many sentences by one process, whose start counts."""
    used = _children_seconds()
    began_at = time.monotonic()
    audio = 0.0
    with tempfile.TemporaryDirectory() as folder:
        pool = Pool(1)
        for number in range(SENTENCES):
            text = _TEXTS[number % len(_TEXTS)].format(n=number + 2)
            file = store.file_of(Path(folder), uuid.uuid4(), uuid.uuid4(), "sentence")
            wanted = {"text": text, "speed": SPEED, "piper": (), "max_bytes": 10**9}
            pool.make({"file": str(file), **wanted}).result(_WAIT_SECONDS)
            times = store.find(file)
            assert times is not None
            audio += times.seconds
        pool.close()
    return Made(audio, time.monotonic() - began_at, _children_seconds() - used)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass
class Heard:
    """Milliseconds: of each sentence from the page to the ear where nothing was being read, of the
    silence between two, and of each mark after its word begins."""

    first: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)


def _listen(family: Family) -> Heard:
    with browsers.launched() as browser:
        page = browser.new_context(base_url=family.app.url).new_page()
        page.set_default_timeout(_WAIT_SECONDS * 1000)
        listen(page)
        log_in(page, family)
        _listen_to(page, family, "a boat made of leaves")  # the process has started by then
        _listen_to(page, family, "a letter from the moon")
        return _heard_on(page)


def _listen_to(page: Page, family: Family, theme: str) -> None:
    """A chapter that is read from its first sentence on, while it is written."""
    page.goto(family.start_story(theme).path)
    page.get_by_role("button", name="Read aloud").click()
    expect(page.locator(".choice__text.is-spoken")).to_be_visible(timeout=_WAIT_SECONDS * 1000)


def _heard_on(page: Page) -> Heard:
    heard = heard_on(page)
    found = Heard(marks=[1000 * late for late in late_marks(page)])
    for before, after in itertools.pairwise([{"ended": 0.0}, *heard]):
        if after["shown"] > before["ended"]:
            found.first.append(after["began"] - after["shown"])
        else:
            found.gaps.append(after["began"] - before["ended"])
    return found


@dataclass(frozen=True)
class Beside:
    """Seconds of each chapter, and of the processor: those of the app alone."""

    label: str
    chapters: list[float]
    app_cpu: float


def _beside(app: Server, family: Family) -> list[Beside]:
    """In turn, so that both meet the machine in the same mood."""
    _write(app, family, "warm-up")
    rounds = [_write(app, family, label) for label in (SILENT, READ) * ROUNDS]
    return [_together(label, rounds) for label in (SILENT, READ)]


def _together(label: str, rounds: list[Beside]) -> Beside:
    of_label = [each for each in rounds if each.label == label]
    chapters = [seconds for each in of_label for seconds in each.chapters]
    return Beside(label, chapters, sum(each.app_cpu for each in of_label))


def _write(app: Server, family: Family, label: str) -> Beside:
    used = app.cpu_seconds
    with ThreadPoolExecutor(NARRATED) as threads, ThreadPoolExecutor(NARRATED) as listeners:
        chapters = [
            threads.submit(_chapter, family, listeners if label == READ else None, number)
            for number in range(NARRATED)
        ]
        seconds = [chapter.result(_WAIT_SECONDS) for chapter in chapters]
    return Beside(label, seconds, app.cpu_seconds - used)


def _chapter(family: Family, listeners: ThreadPoolExecutor | None, number: int) -> float:
    """Seconds from asking to the end; with a listener each sentence is asked for as it comes."""
    with client_of(family) as client:
        asked_at = time.monotonic()
        reader = family.start_story(f"a lantern in house number {number}")
        asked: list[Future[None]] = []
        with client.stream("GET", f"/generations/{reader.generation_id}/events") as answer:
            for event in read_events(answer):
                chunk = event["data"].get("chunk", "").strip()
                if event["type"] == "content" and chunk and listeners is not None:
                    asked.append(listeners.submit(_hear, client, reader.session_id, chunk))
        seconds = time.monotonic() - asked_at
        for each in asked:
            each.result(_WAIT_SECONDS)
    return seconds


def _hear(client: httpx.Client, session_id: str, text: str) -> None:
    path = f"/sessions/{session_id}/narration"
    answer = client.post(path, json={"text": text, "speed": SPEED})
    if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # so many wait at once
        answer.raise_for_status()


def _report(made: Made, heard: Heard, beside: list[Beside]) -> str:
    silent, narrated = beside
    ratio = median(narrated.chapters) / median(silent.chapters)
    faster = made.audio / made.cpu
    told = (
        f"{SENTENCES} sentences by one process, {made.audio:.0f} s of audio, its start included; a "
        f"chapter written at {TOKENS_PER_SECOND:g} tokens a second and read in Chromium meanwhile, "
        f"{len(heard.marks)} words; {NARRATED} chapters at once, each sentence asked for as it is "
        f"written or not, {ROUNDS} times in turn. Load average {load_average()}."
    )
    rows = [
        ["audio made, per second of the processor", f"{faster:.1f} s", _at_least(faster)],
        ["audio made, per second", f"{made.audio / made.wall:.1f} s", ""],
        _row("a sentence nobody waits before, on the page until heard", heard.first, FIRST_MS),
        _row("between two sentences", heard.gaps, None),
        _row("mark of a word, after the voice's own time, p95", heard.marks, MARK_MS, at=95),
        ["chapters read aloud, ratio", f"{ratio:.3f}", verdict(ratio, RATIO, "{:.2f}")],
        [
            "the app's own processor time, ratio",
            f"{narrated.app_cpu / silent.app_cpu:.2f}",
            "",
        ],
    ]
    return "\n\n".join([told, table(["", "measured", "goal"], rows)])


def _row(label: str, values: list[float], goal: float | None, *, at: int = 50) -> list[str]:
    value = percentile(values, at)
    form = "{:.0f} ms"
    return [label, form.format(value), "" if goal is None else verdict(value, goal, form)]


def _at_least(faster: float) -> str:
    return f"≥ {TIMES_FASTER:g} s: {'met' if faster >= TIMES_FASTER else '**missed**'}"

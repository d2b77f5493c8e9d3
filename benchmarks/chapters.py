"""One chapter at a time, beside the model host alone."""

import itertools
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from testkit.app import App, Family
from testkit.hosts import Call
from testkit.ollama.server import OllamaServer

from .app import Chapter, client_of, read_chapter, served
from .host import Replay, replay
from .report import load_average, table, verdict

TITLE = "One chapter at a time"
REPETITIONS = 4
TOKENS_PER_SECOND = 50.0
FIRST_EVENT_SECONDS = 0.100
BEYOND_SENTENCE_SECONDS = 0.100
WHOLE_RATIO = 1.05
THEMES = (
    "a fox who finds a lantern",
    "a boat made of leaves",
    "the owl who could not sleep",
    "a letter from the moon",
    "the smallest train in the world",
)


def run() -> str:
    with (
        OllamaServer(tokens_per_second=TOKENS_PER_SECOND) as host,
        tempfile.TemporaryDirectory() as data,
        served(App(Path(data), host.url, host.model)) as app,
    ):
        family = Family(app)
        themes = itertools.islice(itertools.cycle(THEMES), REPETITIONS + 1)
        cold, *runs = [_measure(host, family, theme) for theme in themes]
    return _report(runs, cold)


@dataclass(frozen=True)
class Measured:
    """One chapter through the app, the calls it made, and the same calls without the app."""

    chapter: Chapter
    calls: tuple[Call, ...]
    alone: Replay

    @property
    def ratio(self) -> float:
        return self.chapter.whole / self.alone.whole

    @property
    def beyond_sentence(self) -> float:
        """How much later the first sentence came than the time that its tokens take."""
        return self.chapter.first_sentence - self.chapter.first_tokens / TOKENS_PER_SECOND


def _measure(host: OllamaServer, family: Family, theme: str) -> Measured:
    """A chapter, and then its calls again, so that both meet the machine in the same mood."""
    known = len(host.calls)
    with client_of(family) as client:
        chapter = read_chapter(client, family.ids["maya"], theme)
    calls = tuple(host.calls[known:])
    with httpx.Client(base_url=host.url, timeout=120) as client:
        alone = replay(client, calls, chapter.first_tokens)
    measured = Measured(chapter, calls, alone)
    sys.stderr.write(f"  {theme}: {measured.ratio:.3f} of the host alone\n")
    return measured


@dataclass(frozen=True)
class _Row:
    label: str
    value_of: Callable[[Measured], float]
    form: str
    goal: float | None = None

    def cells(self, runs: Sequence[Measured], cold: Measured) -> list[str]:
        values = [self.value_of(run) for run in runs]
        middle = median(values)
        shown = [self.form.format(value) for value in (middle, min(values), max(values))]
        goal = "" if self.goal is None else verdict(middle, self.goal, self.form)
        return [self.label, *shown, self.form.format(self.value_of(cold)), goal]


def _report(runs: Sequence[Measured], cold: Measured) -> str:
    """`cold` is the first chapter of a fresh process, which counts for no median."""
    seconds, ms = "{:.2f} s", "{:.0f} ms"
    first, beyond = FIRST_EVENT_SECONDS * 1000, BEYOND_SENTENCE_SECONDS * 1000
    rows = [
        _Row("first event", lambda run: run.chapter.first_event * 1000, ms, first),
        _Row("first sentence", lambda run: run.chapter.first_sentence, seconds),
        _Row("first sentence, host alone", lambda run: run.alone.first_sentence, seconds),
        _Row(
            "first sentence, beyond its tokens",
            lambda run: run.beyond_sentence * 1000,
            ms,
            beyond,
        ),
        _Row("whole chapter", lambda run: run.chapter.whole, seconds),
        _Row("whole chapter, host alone", lambda run: run.alone.whole, seconds),
        _Row("whole chapter, ratio", lambda run: run.ratio, "{:.3f}", WHOLE_RATIO),
    ]
    where = [
        _Row("from the request to the first call", lambda run: _before(run) * 1000, ms),
        _Row("between calls", lambda run: _between(run) * 1000, ms),
        _Row("from the last answer to `complete`", lambda run: _after(run) * 1000, ms),
    ]
    titles = ["", "median", "least", "most", "fresh process", "goal for the median"]
    tokens = median(sum(call.tokens_sent for call in run.calls) for run in runs)
    told = (
        f"{len(runs)} chapters with SQLite, and a model host that sends "
        f"{TOKENS_PER_SECOND:g} tokens a second; after each, the same calls once more to the "
        f"host alone. A chapter took {len(runs[0].calls)} calls and {tokens:.0f} tokens "
        f"(median). Load average {load_average()}."
    )
    return "\n\n".join(
        [
            told,
            table(titles, [row.cells(runs, cold) for row in rows]),
            "Where the time beyond the model's own goes:",
            table(titles[:5], [row.cells(runs, cold)[:5] for row in where]),
        ]
    )


def _before(run: Measured) -> float:
    return run.calls[0].at - run.chapter.asked_at


def _between(run: Measured) -> float:
    return sum(
        after.at - _ended_at(before)
        for before, after in zip(run.calls, run.calls[1:], strict=False)
    )


def _after(run: Measured) -> float:
    return run.chapter.asked_at + run.chapter.whole - _ended_at(run.calls[-1])


def _ended_at(call: Call) -> float:
    return call.answered.at or call.disconnected.at or call.at

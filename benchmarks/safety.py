"""`make safety`: what each layer of the gate stops of the labelled corpus, and how long it takes.

The held-out part says how well rules do on sentences that they were not written for; the part that
they were tuned on says less. A layer more is one entry more in `ENTRIES`; a guard model is one
where `--guard` names it, and Ollama has it.
"""

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median, quantiles

from benchmarks import gate_delay
from stories.llm.ollama import Editor
from stories.safety import classifier
from stories.safety.gate import GRAVEST, Gate, prose_rules
from stories.safety.guard import Dialect, Guard, dialect_of
from stories.safety.layers import AvoidLayer, Layer, Passage
from stories.safety.rubric import judge_by_words
from stories.safety.verdict import Verdict
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes
from tests.stories.safety.chapters import read as read_chapters
from tests.stories.safety.corpus import Labelled, Part, read

RESULTS = Path(__file__).with_name("safety.md")
AVOID = {
    "en": ("spiders, thunderstorms",),
    "es": ("arañas, tormentas",),
    "he": ("עכביש, סערה",),
}
"""What a family might ask to leave out, for the time that looking for it takes."""
GUARD_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A layer to measure. What a `wanted` one stops was asked for, and is neither right nor wrong.

    `build` answers None for a language that the layer does not know.
    """

    name: str
    build: Callable[[str, AgeBand], Layer | None]
    is_wanted: bool = False


def _classifier(language: str, _band: AgeBand) -> Layer | None:
    return classifier.ClassifierLayer() if language in classifier.LANGUAGES else None


ENTRIES: tuple[Entry, ...] = (
    Entry("rules", prose_rules),
    Entry("avoid list", lambda language, _: AvoidLayer(AVOID[language]), is_wanted=True),
    Entry("classifier", _classifier),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A guard model as a layer, which waits for its answer. One that gives none is an error here:
    it would count as a catch."""

    guard: Guard
    runner: asyncio.Runner
    name = "guard"

    def examine(self, passage: Passage) -> Verdict:
        verdict = self.runner.run(self.guard.examine(passage))
        if verdict.category == "failure":
            raise RuntimeError("the guard model gave no answer")
        return verdict


def _guard(model: str, dialect: Dialect, url: str) -> Entry:
    asked = Editor(model=model, base_url=url, reasoning=False, temperature=0.0, num_ctx=4096)
    runner = asyncio.Runner()
    return Entry("guard", lambda _, band: Asked(Guard(asked, dialect, band, GUARD_SECONDS), runner))


@dataclass(frozen=True, slots=True)
class Check:
    """A sentence at an age that its label speaks of, and the layers that stopped it."""

    labelled: Labelled
    band: AgeBand
    stopped_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """A language's checks, and what each layer took for one sentence, in microseconds."""

    language: str
    layers: tuple[Entry, ...]
    checks: tuple[Check, ...]
    times: dict[str, list[float]]

    @property
    def judging(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self.layers if not entry.is_wanted)


def main() -> None:
    options = _options()
    classifier.load()
    entries = ENTRIES
    if options.guard:
        dialect = dialect_of(options.guard)
        if dialect is None:
            sys.exit(f"{options.guard!r} is no guard model that is known")
        entries += (_guard(options.guard, dialect, options.guard_url),)
    load = os.getloadavg()[0]
    delay = gate_delay.measured(options.runs)
    languages = [measure(language, entries) for language in codes()]
    table = report(languages, delay, options.guard or "none at hand", load)
    sys.stdout.write(table)
    options.output.write_text(table, encoding="utf-8")


def measure(language: str, entries: Sequence[Entry]) -> Measured:
    built = {entry: {band: entry.build(language, band) for band in AgeBand} for entry in entries}
    times: dict[str, list[float]] = {}
    checks = []
    for labelled in read(language):
        for band in labelled.bands:
            stopped = set()
            for entry, layers in built.items():
                layer = layers[band]
                if layer is None:
                    continue
                started = time.perf_counter()
                verdict = layer.examine(Passage(labelled.sentence))
                times.setdefault(entry.name, []).append((time.perf_counter() - started) * 1e6)
                if not verdict.approved:
                    stopped.add(entry.name)
            checks.append(Check(labelled, band, frozenset(stopped)))
    return Measured(
        language, tuple(entry for entry in entries if entry.name in times), tuple(checks), times
    )


def report(languages: Sequence[Measured], delay: Sequence[str], guard: str, load: float) -> str:
    """Markdown, a section a language."""
    return "\n".join(
        [
            "# What the gate stops",
            "",
            _conditions(load),
            "",
            f"Guard model: {guard}.",
            "",
            *_sizes(languages),
            "",
            "## Delay to the first sentence",
            "",
            DELAY,
            "",
            *delay,
            "",
            "## Whole chapters",
            "",
            CHAPTERS,
            "",
            *_whole_chapters(),
            "",
            "## A sentence of another language",
            "",
            SLIPS,
            "",
            *_slips(),
            "",
            *(line for measured in languages for line in _section(measured)),
        ]
    )


DELAY = (
    "What a whole chapter's workflow shows first, with a scripted model host that writes 20 tokens "
    "a second and the layers one by one. The guard model is scripted too, and answers at once: it "
    "costs the rest of its paragraph, and a real one its own time on top."
)


CHAPTERS = (
    "Chapters of `tests/stories/safety/chapters`, of which no sentence is stopped, judged by the "
    "rubric of words: what stands in for the judgement of a model that is too small to be asked."
)
SLIPS = (
    "What the offline layers stop of the other languages' unsafe sentences, of the kinds that are "
    "stopped whatever a story's language is, where a story has them. Other letters than its own "
    "are reason enough; of English and Spanish, it is the words that tell."
)


def _whole_chapters() -> list[str]:
    rows = []
    for language in codes():
        told = [(chapter, band) for chapter in read_chapters(language) for band in chapter.bands]
        counts = {}
        for is_harmless, part in product((False, True), _PARTS):
            of = [(c, b) for c, b in told if c.is_harmless is is_harmless and c.part is part]
            judged = [judge_by_words(c.text, band=band, language=language) for c, band in of]
            stopped = sum(not judgement.approved for judgement in judged)
            counts[is_harmless, part] = _share(stopped, len(of))
        rows.append([language, *counts.values()])
    return _table(["", *_titles("dark caught", "harmless stopped")], rows)


def _slips() -> list[str]:
    languages = codes()
    rows = []
    for language in languages:
        gates = {band: Gate(language, band) for band in AgeBand}
        row = [f"in {language}"]
        for other in languages:
            unsafe = [x for x in read(other) if not x.is_harmless and x.category in GRAVEST]
            verdicts = [gates[band].check(x.sentence) for x in unsafe for band in x.bands]
            caught = sum(not verdict.approved for verdict in verdicts)
            row.append("" if other == language else _share(caught, len(verdicts)))
        rows.append(row)
    return _table(["", *(f"of {language}" for language in languages)], rows)


def _sizes(languages: Iterable[Measured]) -> list[str]:
    rows = []
    for measured in languages:
        sentences = {check.labelled for check in measured.checks}
        rows.append(
            [
                measured.language,
                *(
                    str(sum(x.is_harmless is is_harmless and x.part is part for x in sentences))
                    for is_harmless in (False, True)
                    for part in _PARTS
                ),
            ]
        )
    return _table(["sentences", *_titles("unsafe", "harmless")], rows)


def _conditions(load: float) -> str:
    return (
        "Sentences of `tests/stories/safety/corpus`, each checked alone at every age that its "
        "label speaks of: a harmless one at its own and every older age, an unsafe one at its own "
        "and every younger. “Held” is the part that no rule was tuned to, “tune” the other. Who "
        "wrote the rules wrote the held part, too, so a storyteller's own slips are caught more "
        "seldom than its numbers say. The avoid list stops what a family asked for, which is "
        "neither right nor wrong, and does not count for “all”. The classifier knows English only. "
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"load {load:.1f} when it began; on a busy machine all times are longer."
    )


def _section(measured: Measured) -> list[str]:
    return [
        f"## {measured.language}",
        "",
        *_by_layer(measured),
        "",
        *_by(measured, "age", AgeBand, lambda check: check.band),
        "",
        *_by_category(measured, is_harmless=False),
        "",
        *_by_category(measured, is_harmless=True),
        "",
    ]


_PARTS = (Part.HELD, Part.TUNE)


def _by_layer(measured: Measured) -> list[str]:
    rows = [
        [
            entry.name + (" (asked for)" if entry.is_wanted else ""),
            *_by_outcome(measured, frozenset({entry.name}), is_wanted=entry.is_wanted),
            *_timing(measured.times[entry.name]),
        ]
        for entry in measured.layers
    ]
    offline = measured.judging - {"guard"}
    rows.append(["all, offline", *_by_outcome(measured, offline), "", ""])
    if offline != measured.judging:
        rows.append(["all", *_by_outcome(measured, measured.judging), "", ""])
    outcomes = _titles("unsafe caught", "let through", "harmless stopped")
    return _table(["layer", *outcomes, "median µs", "99 % µs"], rows)


def _by_outcome(
    measured: Measured, layers: frozenset[str], *, is_wanted: bool = False
) -> list[str]:
    """Unsafe that was caught, unsafe that was let through, and harmless that was stopped."""
    caught_and_stopped = _outcome(measured, lambda _: True, layers)
    unsafe = [check for check in measured.checks if not check.labelled.is_harmless]
    missed = [
        "-"
        if is_wanted
        else str(sum(c.labelled.part is part and layers.isdisjoint(c.stopped_by) for c in unsafe))
        for part in _PARTS
    ]
    return [*caught_and_stopped[:2], *missed, *caught_and_stopped[2:]]


def _timing(times: list[float]) -> list[str]:
    return [f"{median(times):.0f}", f"{quantiles(times, n=100)[98]:.0f}"]


def _by(
    measured: Measured, title: str, values: Iterable[str], value_of: Callable[[Check], str]
) -> list[str]:
    rows = [
        [str(value), *_outcome(measured, _has(value_of, value), measured.judging)]
        for value in values
    ]
    return _table([title, *_titles("unsafe caught", "harmless stopped")], rows)


def _has(value_of: Callable[[Check], str], value: str) -> Callable[[Check], bool]:
    return lambda check: value_of(check) == value


def _by_category(measured: Measured, *, is_harmless: bool) -> list[str]:
    """How much of each category all layers stop, and each of them."""
    of_label = [c for c in measured.checks if c.labelled.is_harmless is is_harmless]
    names = [entry.name for entry in measured.layers if not entry.is_wanted]
    rows = [
        [
            category,
            *(_stopped(of_category, part, measured.judging) for part in _PARTS),
            *(_stopped(of_category, part, frozenset({n})) for n in names for part in _PARTS),
        ]
        for category in sorted({check.labelled.category for check in of_label})
        for of_category in [[c for c in of_label if c.labelled.category == category]]
    ]
    label = "harmless, stopped" if is_harmless else "unsafe, caught"
    return _table([label, *_titles("all", *names)], rows)


def _titles(*names: str) -> list[str]:
    return [f"{name}, {part}" for name in names for part in _PARTS]


def _outcome(
    measured: Measured, is_meant: Callable[[Check], bool], layers: frozenset[str]
) -> list[str]:
    meant = [check for check in measured.checks if is_meant(check)]
    return [
        _stopped([c for c in meant if c.labelled.is_harmless is is_harmless], part, layers)
        for is_harmless in (False, True)
        for part in _PARTS
    ]


def _stopped(checks: list[Check], part: Part, layers: frozenset[str]) -> str:
    of_part = [check for check in checks if check.labelled.part is part]
    return _share(sum(not layers.isdisjoint(check.stopped_by) for check in of_part), len(of_part))


def _share(count: int, total: int) -> str:
    return f"{count}/{total} ({count / total:.1%})" if total else "-"


def _table(titles: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make safety", description=__doc__)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--runs", type=int, default=20, help="of each chapter that is timed")
    parser.add_argument("--guard", default="", help="a guard model of Ollama's, to be asked too")
    parser.add_argument("--guard-url", default="http://127.0.0.1:11434")
    return parser.parse_args()


if __name__ == "__main__":
    main()

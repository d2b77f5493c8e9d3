"""`make safety`: what each layer of the gate stops of the labelled corpus, and how long it takes.

The held-out part says how well rules do on sentences that they were not written for; the part that
they were tuned on says less. A layer more is one entry more in `ENTRIES`.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from stories.brief import AgeBand
from stories.safety import classifier
from stories.safety.gate import offered_languages
from stories.safety.layers import AvoidLayer, Layer, Passage, RulesLayer
from tests.stories.safety.corpus import Labelled, Part, read

RESULTS = Path(__file__).with_name("safety.md")
AVOID = {
    "en": ("spiders, thunderstorms",),
    "es": ("arañas, tormentas",),
    "he": ("עכביש, סערה",),
}
"""What a family might ask to leave out, for the time that looking for it takes."""


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


ENTRIES = (
    Entry("rules", lambda language, band: RulesLayer(language, band, "prose")),
    Entry("avoid list", lambda language, _: AvoidLayer(AVOID[language]), is_wanted=True),
    Entry("classifier", _classifier),
)


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
    table = report([measure(language) for language in offered_languages()])
    sys.stdout.write(table)
    options.output.write_text(table, encoding="utf-8")


def measure(language: str) -> Measured:
    built = {entry: {band: entry.build(language, band) for band in AgeBand} for entry in ENTRIES}
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
        language, tuple(entry for entry in ENTRIES if entry.name in times), tuple(checks), times
    )


def report(languages: Iterable[Measured]) -> str:
    """Markdown, a section a language."""
    return "\n".join(
        [
            "# What the gate stops",
            "",
            _conditions(),
            "",
            *(line for measured in languages for line in _section(measured)),
        ]
    )


def _conditions() -> str:
    return (
        "Sentences of `tests/stories/safety/corpus`, each checked alone at every age that its "
        "label speaks of: a harmless one at its own and every older age, an unsafe one at its own "
        "and every younger. “Held” is the part that no rule was tuned to, “tune” the other. Who "
        "wrote the rules wrote the held part, too, so a storyteller's own slips are caught more "
        "seldom than its numbers say. The avoid list stops what a family asked for, which is "
        "neither right nor wrong, and does not count for “all”. "
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}."
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
            *_outcome(measured, lambda _: True, frozenset({entry.name})),
            *_timing(measured.times[entry.name]),
        ]
        for entry in measured.layers
    ]
    together = [
        "all",
        *_outcome(measured, lambda _: True, measured.judging),
        "",
        "",
    ]
    titles = ["layer", *_titles("unsafe caught", "harmless stopped"), "median µs", "99 % µs"]
    return _table(titles, [*rows, together])


def _timing(times: list[float]) -> list[str]:
    return [f"{median(times):.0f}", f"{quantiles(times, n=100)[98]:.0f}"]


def _by(
    measured: Measured, title: str, values: Iterable[str], value_of: Callable[[Check], str]
) -> list[str]:
    rows = [
        [
            str(value),
            *_outcome(measured, lambda check, v=value: value_of(check) == v, measured.judging),
        ]
        for value in values
    ]
    return _table([title, *_titles("unsafe caught", "harmless stopped")], rows)


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
    if not of_part:
        return "-"
    count = sum(not layers.isdisjoint(check.stopped_by) for check in of_part)
    return f"{count}/{len(of_part)} ({count / len(of_part):.1%})"


def _table(titles: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make safety", description=__doc__)
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How much later the first text is shown for each layer of the gate.

    python -m benchmarks.gate_delay --runs 20 --tokens-per-second 20

A scripted model host writes at a fixed pace. Without any gate its first token could be shown at
once; with one, the first sentence is, when it is whole and has passed. The budget is one sentence
plus 150 ms for the layers that are on by default.
"""

import argparse
import asyncio
import ssl
import statistics
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from children.profiles import ReadingLevel
from stories.llm.clients import TOKENS_AT_ONCE
from stories.llm.faults import HOST_ERRORS
from stories.llm.http import Transport
from stories.llm.ollama import Editor, Writer
from stories.safety.classifier import THRESHOLD
from stories.safety.gate import Gate, load, prose_layers
from stories.safety.guard import Guard, dialect_of
from stories.safety.layers import Layer, Passage
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.brief import StoryBrief
from stories.workflow.graph import write_chapter
from stories.workflow.resources import ChapterResources, ModelProfile
from stories.workflow.steps import Approved, ProvisionalText
from testkit.hosts import words
from testkit.ollama.server import OllamaServer

BUDGET_SECONDS = 0.15
GUARD = "llama-guard3:1b"
RAW = "none, by token"
DEFAULT = "and what the family avoids"
BY_WORD = f"{DEFAULT}, by word"
TLS = ssl.create_default_context()
SENTENCE = "On a bright morning Robin found a small brass lantern on the path behind the house."
TEXT = f"{SENTENCE} It was still warm.\n\nThe fox looked at it from all sides. Then they went on."
BRIEF = StoryBrief(
    theme="a fox who collects lanterns",
    age=7,
    reading_level=ReadingLevel.INTERMEDIATE,
    hero="Robin",
    avoid=("spiders",),
)


class Open:
    """A layer that looks at nothing."""

    name = "open"

    def examine(self, passage: Passage) -> Verdict:  # noqa: ARG002 - what a layer is given
        return Verdict(Severity.PASS, self.name)


def configurations() -> dict[str, tuple[Sequence[Layer], bool]]:
    """By name: the gate's layers, and whether the guard is asked as well."""
    rules, family, trained = prose_layers("en", BRIEF.checked_as, BRIEF.avoid, THRESHOLD)
    default = [rules, family, trained]
    return {
        "none, by sentence": ([Open()], False),
        "rules": ([rules], False),
        "and classifier": ([rules, trained], False),
        DEFAULT: (default, False),
        "and guard (scripted, by paragraph)": (default, True),
        BY_WORD: (default, False),
    }


def resources_of(
    host: OllamaServer,
    layers: Sequence[Layer],
    *,
    is_guarded: bool,
    shows_unchecked_words: bool = False,
) -> ChapterResources:
    """The clients that the app has (`stories.llm`), and these layers."""
    common: dict[str, Any] = {
        "base_url": host.url,
        "reasoning": False,
        "async_client_kwargs": {"transport": Transport(TLS)},
    }
    own = common | {"model": host.model, "num_ctx": 8192}
    writer = Writer(**own, tokens_at_once=1 if shows_unchecked_words else TOKENS_AT_ONCE)
    profile = ModelProfile(host.model, 8192, ("en",), "prose", judges=True, structures=True)
    gate = Gate("en", BRIEF.checked_as, layers=layers)
    resources = ChapterResources(
        profile,
        writer=writer,
        editor=Editor(**own),
        gate=gate,
        host_errors=HOST_ERRORS,
        shows_unchecked_words=shows_unchecked_words,
        min_length_percent=0,
    )
    dialect = dialect_of(GUARD)
    if not is_guarded or dialect is None:
        return resources
    asked = Editor(**common, model=GUARD)
    return replace(resources, guard=Guard(asked, dialect, BRIEF.checked_as, seconds=20.0))


async def first_shown(resources: ChapterResources) -> float:
    """Seconds from the request to the first text."""
    started = time.monotonic()
    async with aclosing(write_chapter(BRIEF, resources)) as steps:
        async for step in steps:
            if isinstance(step, Approved | ProvisionalText):
                return time.monotonic() - started
    raise RuntimeError("no text came of it")


async def first_token(host: OllamaServer) -> float:
    """Seconds from the request to the model's first token, of which nothing has been checked."""
    writer = resources_of(host, [Open()], is_guarded=False, shows_unchecked_words=True).writer
    started = time.monotonic()
    async with aclosing(writer.astream("A story, please.")) as pieces:  # type: ignore[type-var]
        await anext(pieces)
    return time.monotonic() - started


async def measure(host: OllamaServer, runs: int) -> dict[str, float]:
    """The median of the seconds to the first text, by configuration; they take turns."""
    found: dict[str, list[float]] = {name: [] for name in (RAW, *configurations())}
    for _ in range(runs):
        found[RAW].append(await first_token(host))
        for name, (layers, is_guarded) in configurations().items():
            resources = resources_of(
                host, layers, is_guarded=is_guarded, shows_unchecked_words=name == BY_WORD
            )
            found[name].append(await first_shown(resources))
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def report(found: dict[str, float], sentence_seconds: float) -> list[str]:
    """A table in Markdown, and the goal judged."""
    rows = [
        f"| {name} | {seconds * 1000:.0f} | {(seconds - found[RAW]) * 1000:+.0f} |"
        for name, seconds in found.items()
    ]
    over = found[DEFAULT] - found[RAW] - sentence_seconds
    goal = f"one sentence and at most {BUDGET_SECONDS * 1000:.0f} ms"
    verdict = "held" if over <= BUDGET_SECONDS else "missed"
    cost = f"The layers that are on by default cost one sentence and {over * 1000:.0f} ms."
    return [
        f"The first sentence takes the host {sentence_seconds * 1000:.0f} ms.",
        "",
        "| layers | first text, ms | later than the first token, ms |",
        "| --- | ---: | ---: |",
        *rows,
        "",
        f"{cost} The goal, {goal}: **{verdict}**.",
    ]


def measured(runs: int, tokens_per_second: float = 20.0) -> list[str]:
    """Runs each configuration so often, and says what came of it."""
    load()
    with OllamaServer(tokens_per_second=tokens_per_second, keeps_alive=False) as host:
        host.models.append(GUARD)
        host.script(prose=TEXT)
        found = asyncio.run(measure(host, runs))
    return report(found, len(words(SENTENCE)) / tokens_per_second)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--tokens-per-second", type=float, default=20.0)
    asked = parser.parse_args()
    print("\n".join(measured(asked.runs, asked.tokens_per_second)))


if __name__ == "__main__":
    main()

"""`make hosts`: every quirk of model hosts, by both protocols and in each kind of answer, played
with the app's own clients and workflow. The matrix goes into docs/hosts.md.

It fails where a quirk breaks a promise to families (`broken_promises`).
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import django
from django.test import override_settings

from children.profiles import ReadingLevel
from stories import llm, messages
from stories.llm.faults import HOST_ERRORS
from stories.safety.gate import Gate
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.errors import StoryError, causes_of, told_to_staff
from stories.workflow.graph import write_chapter
from stories.workflow.lengths import target_words
from stories.workflow.resources import ChapterResources, Timeouts
from stories.workflow.steps import ChapterDraft, HeldBack, Step
from testkit.hosts import ModelHost, Quirk
from testkit.hosts.quirks import HostName
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "hosts.md"
START, END = "<!-- matrix: made by `make hosts` -->", "<!-- matrix ends -->"
MIN_LENGTH_PERCENT = 60
MAX_CALLS_RATIO = 2.0
CHAPTER = "chapter"
_GOOD_CALLS = 3

ALWAYS: Literal["every answer"] = "every answer"
Shown = Literal["every answer", "prose", "judge", "notes"]
SHOWN: tuple[Shown, ...] = (ALWAYS, "prose", "judge", "notes")
_KINDS: dict[Shown, frozenset[str]] = {
    ALWAYS: frozenset(),
    "prose": frozenset({"prose"}),
    "judge": frozenset({"judge"}),
    "notes": frozenset({"structured"}),
}
_HOSTS: dict[HostName, type[ModelHost[Any]]] = {"ollama": OllamaServer, "openai": OpenAIServer}
# A host has these in all that it answers, or not at all.
_OF_WHOLE_HOSTS = frozenset(
    {
        Quirk.REDIRECTS,
        Quirk.RESPONSE_FORMAT_REFUSED,
        Quirk.SCHEMA_REFUSED,
        Quirk.JSON_OBJECT_REFUSED,
        Quirk.MAX_TOKENS_REFUSED,
        Quirk.MAX_COMPLETION_TOKENS_REFUSED,
        Quirk.REFUSES_WITHOUT_NAME,
        Quirk.STREAM_OPTIONS_REFUSED,
        Quirk.TEMPERATURE_REFUSED,
        Quirk.SYSTEM_ROLE_REFUSED,
        Quirk.ROLES_MUST_ALTERNATE,
        Quirk.THINK_REFUSED,
        Quirk.UNKNOWN_PATH_WITH_200,
        Quirk.ALSO_WITHOUT_V1,
        Quirk.NO_MODEL_LIST,
        Quirk.ANY_MODEL,
        Quirk.CREATED_NOW,
        Quirk.NAMELESS_MODEL,
        Quirk.EMBEDDING_MODEL_FIRST,
        Quirk.NO_CAPABILITIES,
        Quirk.NO_PARAMETER_SIZE,
        Quirk.CAPITAL_LETTERS,
        Quirk.CLOUD_MODEL_FIRST,
        Quirk.SHOW_NOT_FOUND,
        Quirk.SHOW_FAILS,
    }
)
_BRIEF = StoryBrief(
    theme="a fox who collects lanterns",
    age=5,
    reading_level=ReadingLevel.INTERMEDIATE,
    hero="Robin",
)
# A host is asked as often as in life, without the waits.
_TIMEOUTS = Timeouts(
    retry_waits_seconds=(0.0,) * len(Timeouts().retry_waits_seconds),
    cold_waits_seconds=(0.0,) * len(Timeouts().cold_waits_seconds),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A host that shows a quirk, or none, in its answers of some kind."""

    quirk: Quirk | None
    host: HostName
    shown: Shown = ALWAYS

    def __str__(self) -> str:
        return f"{self.quirk.label if self.quirk else 'none'} of {self.host} in {self.shown}"


@dataclass(frozen=True, slots=True)
class Result:
    """A chapter's outcome: `code` is that of its error, or CHAPTER."""

    case: Case
    code: str
    calls: int
    words: int
    parent: str
    staff: tuple[str, ...]
    is_withdrawn: bool

    @property
    def words_percent(self) -> int:
        return round(100 * self.words / target_words(_BRIEF))


def cases(shown: Sequence[Shown] = SHOWN) -> list[Case]:
    return [
        Case(quirk, host, one)
        for quirk in Quirk
        for host in quirk.hosts
        for one in shown
        if one == ALWAYS or quirk not in _OF_WHOLE_HOSTS
    ]


def broken_promises(result: Result, good: Result) -> list[str]:
    """The promises to a family that a host's quirk broke, `good` being a chapter without any."""
    is_short = result.code == CHAPTER and result.words_percent < MIN_LENGTH_PERCENT
    is_unjudged = result.is_withdrawn and result.case.shown in {"judge", ALWAYS}
    found = {
        "WORKFLOW_ERROR": result.code == "WORKFLOW_ERROR",
        f"a chapter with {result.words_percent} % of its words": is_short,
        "withdrawn without a judgement": is_unjudged,
        f"{result.calls} calls": result.calls > MAX_CALLS_RATIO * good.calls,
    }
    return [f"{result.case}: {promise}" for promise, is_broken in found.items() if is_broken]


async def play(case: Case) -> Result:
    """One chapter at a host of its own."""
    llm.forget_trials()  # of a host that had the same port before
    with _HOSTS[case.host](keeps_alive=False) as host:
        if case.quirk:
            host.quirks.add(case.quirk, kinds=_KINDS[case.shown])
        with override_settings(**_settings_for(host, case.quirk)):
            chapter = await _Chapter().write()
        return chapter.result(case, host)


def _settings_for(host: ModelHost[Any], quirk: Quirk | None) -> dict[str, str]:
    """Ollama's model is left to the app; some quirks are only seen by what is written wrongly."""
    is_bare = quirk in {Quirk.UNKNOWN_PATH_WITH_200, Quirk.ALSO_WITHOUT_V1}
    return {
        "LLM_PROVIDER": host.name,
        "OLLAMA_BASE_URL": host.url,
        "OLLAMA_MODEL": "",
        "OPENAI_BASE_URL": host.url if is_bare else host.base_url,
        "OPENAI_MODEL": "another-model" if quirk is Quirk.ANY_MODEL else host.model,
        "OPENAI_API_KEY": "",
    }


@dataclass
class _Chapter:
    steps: list[Step] = field(default_factory=list)
    error: Exception | None = None
    left_out: tuple[str, ...] = ()

    async def write(self) -> "_Chapter":
        try:
            models = await llm.open_models()
            self.left_out = models.trial.support.left_out
            async for step in write_chapter(_BRIEF, _resources_of(models)):
                self.steps.append(step)
        except Exception as error:  # noqa: BLE001 - as the runner, which makes an outcome of any
            self.error = error
        return self

    def result(self, case: Case, host: ModelHost[Any]) -> Result:
        error = self.error
        known = error if isinstance(error, StoryError) or error is None else StoryError()
        draft = self.steps[-1] if not error else None
        return Result(
            case=case,
            code=known.code if known else CHAPTER,
            calls=len(host.calls),
            words=draft.measures.word_count if isinstance(draft, ChapterDraft) else 0,
            parent=messages.message_of(known.message_key) if known else "",
            staff=tuple(
                line.replace(host.url, "http://host") for line in self._told_to_staff(draft)
            ),
            is_withdrawn=any(held.field == "chapter" for held in self._held),
        )

    @property
    def _held(self) -> list[HeldBack]:
        return [step for step in self.steps if isinstance(step, HeldBack)]

    def _told_to_staff(self, draft: object) -> Iterator[str]:
        if self.error:
            kinds = " <- ".join(type(cause).__name__ for cause in causes_of(self.error))
            yield told_to_staff(self.error) or kinds
        yield from (f"held back: {rule}" for rule in {held.verdict.rule for held in self._held})
        if isinstance(draft, ChapterDraft):
            yield from (f"found: {found.kind}" for found in draft.outcome)
            if draft.used_defaults:
                yield f"our own words: {', '.join(draft.used_defaults)}"
        if self.left_out:
            yield f"not sent: {', '.join(self.left_out)}"


def _resources_of(models: llm.Models) -> ChapterResources:
    return ChapterResources(
        models.profile,
        models.writer,
        models.editor,
        Gate(_BRIEF.language, _BRIEF.checked_as, _BRIEF.avoid),
        HOST_ERRORS,
        _TIMEOUTS,
        min_length_percent=MIN_LENGTH_PERCENT,
    )


# The matrix --------------------------------------------------------------------------------------


def matrix(results: Sequence[Result]) -> str:
    """In Markdown: a row for all that is alike, and one sentence for what changes nothing."""
    sentences = list(dict.fromkeys(result.parent for result in results if result.parent))
    harmless, rows = [], []
    for quirk in Quirk:
        played = [result for result in results if result.case.quirk is quirk]
        if all(_changed_nothing(result) for result in played):
            harmless.append(f"`{quirk.label}`")
        else:
            rows += [f"| `{quirk.label}` | {row} |" for row in _rows(played, sentences)]
    legend = [f"{number}. {sentence}" for number, sentence in enumerate(sentences, 1)]
    unchanged = f"Without any change wherever they are shown: {', '.join(harmless)}."
    return "\n\n".join([unchanged, "\n".join([*_HEAD, *rows]), *_LEGEND, "\n".join(legend)])


_HEAD = (
    "| quirk | host | shown in | outcome | calls (ratio) | words | family reads | staff read |",
    "|---|---|---|---|---|---|---|---|",
)
_LEGEND = ("What the family reads:",)


def _changed_nothing(result: Result) -> bool:
    return result.code == CHAPTER and result.calls == _GOOD_CALLS and not result.staff


def _rows(played: Sequence[Result], sentences: Sequence[str]) -> Iterator[str]:
    """One row for each outcome that differs, with the answers and hosts in which it is seen."""
    alike: dict[str, dict[Shown, list[str]]] = {}
    for result in played:
        shown = alike.setdefault(_told(result, sentences), {})
        shown.setdefault(result.case.shown, []).append(result.case.host)
    for told, shown in alike.items():
        together: dict[str, list[Shown]] = {}
        for one, hosts in shown.items():
            together.setdefault(", ".join(hosts), []).append(one)
        for hosts_of, kinds in together.items():
            yield f"{hosts_of} | {'; '.join(kinds)} | {told}"


def _told(result: Result, sentences: Sequence[str]) -> str:
    is_chapter = result.code == CHAPTER
    return " | ".join(
        (
            CHAPTER if is_chapter else f"`{result.code}`",
            f"{result.calls} ({result.calls / _GOOD_CALLS:.1f})",
            f"{result.words_percent} %" if is_chapter else "",
            str(sentences.index(result.parent) + 1) if result.parent else "",
            "; ".join(result.staff).replace("|", "/"),
        )
    )


def main() -> None:
    django.setup()
    with asyncio.Runner() as runner:
        good = runner.run(play(Case(None, "ollama")))
        results = [runner.run(play(case)) for case in cases()]
    before, _, rest = DOCUMENT.read_text().partition(START)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{START}\n\n{matrix(results)}\n\n{END}{after}")
    broken = [promise for result in results for promise in broken_promises(result, good)]
    sys.exit("\n".join(broken) or None)


if __name__ == "__main__":
    main()

"""One run as its page shows it: how long each step took, what it was told, and its event log."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from stories import eventlog
from stories.generations import pseudonym_of
from stories.models import Generation, GenerationEvent
from stories.vocabulary.pseudonym import Pseudonym

from .chapter_report import ChapterReport, report_on
from .charts import Bar
from .display import duration, language_name, short
from .held import Held, held_of

# By `stories.workflow.outcome.Kind`; a refusal is never part of a chapter.
OUTCOME_LABELS = {
    "short": _("far shorter than it was asked to be"),
    "repetition": _("goes round in circles"),
    "language": _("not in the story's language"),
    "name": _("the hero's name, spelled otherwise"),
    "pronoun": _("another pronoun than the profile's"),
    "long": _("a sentence far too long for the child's level"),
    "choice": _("does not begin with what was chosen"),
}

EVENTS_SHOWN = 500
EVENT_TEXT_LENGTH = 160


@dataclass(frozen=True)
class EventLine:
    event: GenerationEvent
    shown_at: str
    is_story_text: bool
    text: str


@dataclass(frozen=True)
class OutcomeLine:
    """Something in a chapter that was not asked for, and the sentence; "" for all of them."""

    label: str
    sentence: str


@dataclass(frozen=True)
class WriterLine:
    """The model and host of one attempt."""

    model: str
    host: str
    has_failed: bool


@dataclass(frozen=True)
class GenerationPage:
    generation: Generation
    language_name: str
    facts: list[tuple[str, str]]
    brief_json: str
    writers: list[WriterLine]
    timings: list[Bar]
    all_held: list[Held]
    outcome: list[OutcomeLine]
    report: ChapterReport | None
    events: list[EventLine]
    event_count: int
    shown_text: list[str]


def generation_page(generation: Generation) -> GenerationPage:
    name = pseudonym_of(generation.story)
    return GenerationPage(
        generation=generation,
        language_name=language_name(generation.story.language),
        facts=_facts(generation.brief),
        brief_json=json.dumps(generation.brief, ensure_ascii=False, indent=2),
        writers=[
            WriterLine(
                writer["model"],
                " ".join(filter(None, dict.fromkeys([writer["provider"], writer["host"]]))),
                writer["has_failed"],
            )
            for writer in generation.writers
        ],
        timings=_timings(generation),
        all_held=[held_of(found, generation, name) for found in generation.findings.order_by("pk")],
        outcome=_outcome(generation, name),
        report=report_on(generation, name),
        events=_event_lines(generation),
        event_count=generation.events.count(),
        shown_text=_shown_text(generation),
    )


def _outcome(generation: Generation, name: Pseudonym) -> list[OutcomeLine]:
    found = generation.chapter.outcome_findings if generation.chapter else []
    return [
        OutcomeLine(str(OUTCOME_LABELS[each["kind"]]), name.reveal(each["sentence"]))
        for each in found
    ]


def run_time(generation: Generation) -> str | None:
    """From the start of the run to its end; None for a run that has not done both."""
    if generation.started_at is None or generation.finished_at is None:
        return None
    return duration((generation.finished_at - generation.started_at).total_seconds())


def _facts(brief: dict[str, Any]) -> list[tuple[str, str]]:
    """The brief's plain fields; its plan, its memory and the chapters before this one are shown
    apart."""
    apart = {"path", "plan", "memory"}
    shown = ((key, value) for key, value in brief.items() if key not in apart)
    return [
        (key.replace("_", " "), ", ".join(value) if isinstance(value, list) else str(value))
        for key, value in shown
        if value not in ("", [])
    ]


def _timings(generation: Generation) -> list[Bar]:
    steps = dict(generation.timings)
    if generation.started_at is not None:
        waited = generation.started_at - generation.created_at
        # One that was written ahead was asked for after it had begun.
        steps = {"waiting": max(0.0, waited.total_seconds())} | steps
    longest = max(steps.values(), default=0) or 1
    return [
        Bar(step.replace("_", " "), duration(seconds), round(100 * seconds / longest))
        for step, seconds in steps.items()
    ]


def _event_lines(generation: Generation) -> list[EventLine]:
    start = generation.started_at or generation.created_at
    return [
        EventLine(
            event=event,
            shown_at=f"{(event.created_at - start).total_seconds():.2f}",
            is_story_text=event.type == "content",
            text=_event_text(event),
        )
        for event in generation.events.defer("source").order_by("position")[:EVENTS_SHOWN]
    ]


def _event_text(event: GenerationEvent) -> str:
    if event.type == "content":
        return short(event.data["chunk"], EVENT_TEXT_LENGTH)
    pairs = (f"{key}: {_plain(value)}" for key, value in event.data.items())
    return short(" · ".join(pairs), EVENT_TEXT_LENGTH)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown_text(generation: Generation) -> list[str]:
    """The paragraphs that readers of a run without a chapter have seen, from its last reset on."""
    if generation.chapter_id is not None:
        return []
    text = eventlog.shown_text(eventlog.read_after(generation.pk, 0))
    return [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
